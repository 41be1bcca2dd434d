"""Receipts and replies from Twilio and Azure: only the signed ones, mapped by table, nothing of a person queued."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging.accounts import save_account
from housecall.messaging.jobs import APPLY_RECEIPT, APPLY_REPLY
from housecall.web.hooks_azure import RECEIVED, REPORT, VALIDATION, hook_keys
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, serve

SID, TOKEN = "AC" + "a" * 32, "a-token-of-our-own"
REFERENCE = "3d2b6a44-6a06-4f0c-9a73-7b7f0ff9a3f1"
PERSON = "+13125550142"


@dataclass
class Hooks:
    live: Live

    async def twilio(self, form: dict[str, str], *, query: str = "", token: str = TOKEN) -> httpx.Response:
        """As Twilio does it: its own library signs."""
        path = "/hooks/twilio" + query
        address = f"{self.live.house.public_url}{path}"
        signature = RequestValidator(token).compute_signature(address, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        return await self.post(path, urlencode(form).encode(), headers)

    async def azure(self, events: Any, *, key: str | None = None) -> httpx.Response:
        key = hook_keys(self.live.house.sealer)[0] if key is None else key
        headers = {"Content-Type": "application/json"}
        return await self.post(f"/hooks/azure?key={key}", json.dumps(events).encode(), headers)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.live.port}", trust_env=False
        ) as client:
            return await client.post(path, content=body, headers=headers)

    async def queued(self) -> list[tuple[str, dict[str, Any]]]:
        async with self.live.house.database.work() as work:
            rows = await work.session.execute(
                text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")
            )
            return [(row.task_name, row.args) for row in rows]


@pytest_asyncio.fixture(loop_scope="session")
async def hooks(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Hooks]:
    clinic: Clinic = await open_clinic(database, clock, sealer)
    async with database.work() as work:
        await save_account(
            work, clinic.org_id, provider="twilio", account=SID, secret=TOKEN, sealer=sealer,
            by=By(Actor.administrator, "admin-1"), now=clock.now(),
        )  # fmt: skip
    async with serve(clinic) as live:
        yield Hooks(live)


def receipt(status: str = "delivered", **more: str) -> dict[str, str]:
    return {"AccountSid": SID, "MessageSid": "SM1", "MessageStatus": status, "To": PERSON, **more}


async def test_a_receipt_of_twilio_is_queued_by_our_reference(hooks: Hooks) -> None:
    answer = await hooks.twilio(receipt(), query=f"?reference={REFERENCE}")

    assert answer.status_code == 200
    [(task, args)] = await hooks.queued()
    assert (task, args["reference"], args["state"]) == (APPLY_RECEIPT, REFERENCE, "delivered")
    assert PERSON not in json.dumps(args)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("30003", "unreachable"), ("30005", "unknown_number"), ("30006", "landline"), ("30007", "spam_detected"),
     ("21610", "opted_out"), ("30004", "recipient_blocked"), ("21211", "invalid_number"), ("12345", "other")],
)  # fmt: skip
async def test_twilios_codes_become_our_reasons(hooks: Hooks, code: str, reason: str) -> None:
    await hooks.twilio(receipt("undelivered", ErrorCode=code), query=f"?reference={REFERENCE}")

    [(_, args)] = await hooks.queued()
    assert (args["state"], args["reason"]) == ("failed", reason)


@pytest.mark.parametrize("token", ["another-token-entirely", ""])
async def test_a_notification_signed_by_somebody_else_is_refused(hooks: Hooks, token: str) -> None:
    answer = await hooks.twilio(receipt(), token=token)

    assert answer.status_code == 401
    assert await hooks.queued() == []


async def test_a_signature_does_not_count_for_another_address_or_account(hooks: Hooks) -> None:
    form = receipt()
    address = f"{hooks.live.house.public_url}/hooks/twilio?reference={REFERENCE}"
    headers = {
        "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(address, form),
        "Content-Type": "application/x-www-form-urlencoded",
    }

    elsewhere = await hooks.post("/hooks/twilio", urlencode(form).encode(), headers)
    stranger = await hooks.twilio(receipt() | {"AccountSid": "AC" + "b" * 32})

    assert (elsewhere.status_code, stranger.status_code) == (401, 401)


async def test_a_stop_to_twilio_is_queued_without_the_number(hooks: Hooks) -> None:
    reply = {"AccountSid": SID, "From": PERSON, "To": "+18335550100", "Body": "Stop"}

    answer = await hooks.twilio(reply)

    assert answer.text.endswith("<Response></Response>")
    [(task, args)] = await hooks.queued()
    assert (task, args["word"]) == (APPLY_REPLY, "stop")
    assert PERSON.removeprefix("+") not in json.dumps(args)


async def test_event_grid_may_shake_hands(hooks: Hooks) -> None:
    event = {"eventType": VALIDATION, "data": {"validationCode": "512d38b6", "validationUrl": "https://x"}}

    answer = await hooks.azure([event])

    assert answer.json() == {"validationResponse": "512d38b6"}


@pytest.mark.parametrize(
    ("status", "details", "state", "reason"),
    [
        ("Delivered", "No error.", "delivered", None),
        ("Failed", "4004", "failed", "unknown_number"),
        ("Failed", "ErrorCode: 4005. ErrorMessage: blocked", "failed", "blocked_number"),
        ("Failed", "4007", "failed", "opted_out"),
        ("Failed", "4020", "failed", "spam_detected"),
        ("Failed", "5002", "accepted", None),
        ("Failed", "4999", "failed", "other"),
    ],
)
async def test_azures_reports_become_our_states(
    hooks: Hooks, status: str, details: str, state: str, reason: str | None
) -> None:
    told = {
        "messageId": "Outgoing_1", "from": "+18335550100", "to": PERSON, "deliveryStatus": status,
        "deliveryStatusDetails": details, "tag": REFERENCE, "receivedTimestamp": "2026-11-24T15:00:00Z",
    }  # fmt: skip

    answer = await hooks.azure([{"eventType": REPORT, "data": told}])

    assert answer.status_code == 200
    [(task, args)] = await hooks.queued()
    assert (task, args["reference"], args["state"], args["reason"]) == (
        APPLY_RECEIPT,
        REFERENCE,
        state,
        reason,
    )
    assert PERSON not in json.dumps(args)


async def test_a_reply_through_azure_is_understood(hooks: Hooks) -> None:
    told = {"messageId": "Incoming_1", "from": PERSON, "to": "+18335550100", "message": "START"}

    await hooks.azure([{"type": RECEIVED, "data": told}])

    [(task, args)] = await hooks.queued()
    assert (task, args["word"]) == (APPLY_REPLY, "start")


@pytest.mark.parametrize("key", ["", "0" * 64])
async def test_events_without_the_key_are_refused(hooks: Hooks, key: str) -> None:
    answer = await hooks.azure([{"eventType": VALIDATION, "data": {}}], key=key)

    assert answer.status_code == 401


async def test_what_is_no_event_is_refused_in_one_sentence(hooks: Hooks) -> None:
    answer = await hooks.azure([{"eventType": REPORT, "data": {"to": PERSON}}])

    assert answer.status_code == 400
    assert PERSON not in answer.text
