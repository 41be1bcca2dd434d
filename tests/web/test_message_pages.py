"""The portal's pages for messages: what they say and when they leave; nothing typed is lost."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging.model import FailReason, MessageState, SuppressReason
from housecall.messaging.tables import Message
from housecall.tenancy.administrators import sign_in
from housecall.tenancy.model import Role
from housecall.web.message_words import REASONS, STATES
from housecall.web.portal_guards import SESSION_COOKIE
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve

ONE = "/portal/messages/templates/reminder/sms/en"
TIMING = "/portal/messages/timing"


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@asynccontextmanager
async def portal(clinic: Clinic, role: Role = Role.administrator) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in browser."""
    async with serve(clinic) as live:
        async with live.house.database.work() as work:
            secret = await sign_in(work, clinic.org_id, issuer="i", subject="s", role=role, now=clinic.now)
        headers = {"Cookie": f"{SESSION_COOKIE}={secret}", "Origin": live.house.public_url}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{live.port}", headers=headers, trust_env=False
        ) as browser:
            yield browser


async def test_a_wording_is_saved_shown_and_taken_back(clinic: Clinic) -> None:
    async with portal(clinic) as browser:
        saved = await browser.post(ONE, data={"body": "Soon: {link}", "version": "0"})
        page = (await browser.get(saved.headers["location"])).text
        listed = (await browser.get("/portal/messages/templates")).text
        reset = await browser.post(f"{ONE}/reset", data={"version": "1"})
        after = (await browser.get(reset.headers["location"])).text

    assert "Saved. The next message says it so." in page
    assert "Soon: {link}</textarea>" in page
    assert listed.count("Own words") == 1
    assert "It is said as shipped again." in after
    assert "reminder of your video visit" in after


async def test_a_refused_wording_is_kept_as_typed_with_the_fault_at_its_field(clinic: Clinic) -> None:
    async with portal(clinic) as browser:
        answer = await browser.post(ONE, data={"body": "Dear {name}, {link}", "version": "0"})

    assert answer.status_code == 400
    assert "Dear {name}, {link}</textarea>" in answer.text
    assert "The field {name} cannot be used here." in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_who_saves_on_an_old_form_sees_the_other_words_and_keeps_the_own(clinic: Clinic) -> None:
    async with portal(clinic) as browser:
        await browser.post(ONE, data={"body": "Theirs {link}", "version": "0"})
        answer = await browser.post(ONE, data={"body": "Mine {link}", "version": "0"})
        again = await browser.post(ONE, data={"body": "Mine {link}", "version": "1"})

    assert answer.status_code == 409
    assert "Mine {link}</textarea>" in answer.text
    assert "Theirs {link}" in answer.text
    assert again.status_code == 303


async def test_a_preview_saves_nothing_and_counts_parts(clinic: Clinic) -> None:
    typed = {"body": "Прийом: {link} " + "ж" * 40, "version": "0", "act": "preview"}
    async with portal(clinic) as browser:
        whole = await browser.post(ONE, data=typed)
        part = await browser.post(ONE, data=typed, headers={"X-Part": "preview"})
        listed = (await browser.get("/portal/messages/templates")).text

    assert 'data-encoding="ucs2"' in whole.text
    assert 'data-count="2"' in part.text
    assert "<html" not in part.text
    assert "Own words" not in listed


@pytest.mark.parametrize("path", ["help/sms/en", "reminder/fax/en", "reminder/sms/xx"])
async def test_what_cannot_be_edited_is_not_found(clinic: Clinic, path: str) -> None:
    async with portal(clinic) as browser:
        answer = await browser.get(f"/portal/messages/templates/{path}")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("to", "sentence"),
    [("12", "This is not a mobile number"), ("", "This is not a mobile number")],
)
async def test_a_test_to_nobody_says_so_and_keeps_what_was_typed(
    clinic: Clinic, to: str, sentence: str
) -> None:
    async with portal(clinic) as browser:
        answer = await browser.post(f"{ONE}/test", data={"to": to})

    assert answer.status_code == 400
    assert sentence in answer.text
    assert f'value="{to}"' in answer.text


async def test_timing_is_saved_for_its_connection(clinic: Clinic) -> None:
    typed = {
        "channels": "text-else-email",
        "reminders": "1d, 2h",
        "quiet_from": "21:00",
        "quiet_until": "8:00",
    }
    async with portal(clinic) as browser:
        saved = await browser.post(f"{TIMING}/{clinic.connection.id}", data=typed)
        page = (await browser.get(saved.headers["location"])).text

    assert 'value="1d 2h"' in page
    assert 'value="21:00"' in page
    assert 'value="08:00"' in page
    assert '<option value="text-else-email" selected>' in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"reminders": "tomorrow"}, "A reminder leaves some minutes"),
        ({"quiet_from": "21:00"}, "Quiet hours go from one time of day"),
        ({"quiet_from": "21:00", "quiet_until": "26:00"}, "Quiet hours go from one time of day"),
        ({"channels": "fax"}, "Choose what carries the messages."),
    ],
)
async def test_timing_that_cannot_be_is_refused_and_kept_as_typed(
    clinic: Clinic, typed: dict[str, Any], sentence: str
) -> None:
    usual = {"channels": "text", "reminders": "15m", "quiet_from": "", "quiet_until": ""}
    async with portal(clinic) as browser:
        answer = await browser.post(f"{TIMING}/{clinic.connection.id}", data=usual | typed)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert all(f'value="{value}"' in answer.text for value in typed.values() if value != "fax")


async def test_timing_changed_by_somebody_else_meanwhile_is_not_overwritten(clinic: Clinic) -> None:
    typed = {"channels": "text", "reminders": "30m", "before": "text;1d+15m;off"}
    address = f"{TIMING}/{clinic.connection.id}"
    async with portal(clinic) as browser:
        first = await browser.post(address, data=typed)
        second = await browser.post(address, data=typed | {"reminders": "45m"})

    assert (first.status_code, second.status_code) == (303, 409)
    assert 'value="45m"' in second.text
    assert "Somebody else has saved this meanwhile." in second.text


async def a_failed_text(clinic: Clinic) -> tuple[str, str]:
    """A visit whose text did not arrive: the ids of both."""
    visit = await clinic.visit("appointment-7", in_minutes=60)
    async with clinic.database.work() as work:
        message = Message(
            id=uuid.uuid4(), org_id=clinic.org_id, connection_id=clinic.connection.id, subject_ref=visit.id,
            kind="reminder", instant="1", channel="sms", state="failed", reason="unreachable", attempts=1,
            due_at=clinic.now, created_at=clinic.now, queued_at=clinic.now, failed_at=clinic.now,
        )  # fmt: skip
        work.session.add(message)
    clinic.later(minutes=1)
    return visit.id, str(message.id)


async def test_the_report_counts_leads_to_the_visit_and_from_there_sends_again(clinic: Clinic) -> None:
    visit_id, message_id = await a_failed_text(clinic)
    async with portal(clinic) as browser:
        report = (await browser.get("/portal/reports/texts")).text
        file = (await browser.get("/portal/reports/texts.csv")).text
        timeline = (await browser.get(f"/portal/visits/{visit_id}/messages")).text
        sent = await browser.post(f"/portal/visits/{visit_id}/messages/{message_id}/again")
        after = (await browser.get(sent.headers["location"])).text

    assert 'data-testid="report-texts"' in report
    assert 'data-month="2026-11" data-status="unreachable"' in report
    assert f'href="/portal/visits/{visit_id}/messages#m-{message_id}"' in report
    assert file.splitlines()[1].endswith(f"unreachable,{visit_id},appointment-7")
    assert "Not delivered because the phone could not be reached" in timeline
    assert 'data-testid="send-again"' in timeline
    assert after.count('data-testid="timeline-message"') == 2
    assert 'data-state="planned"' in after


async def test_a_reader_sees_the_timeline_and_cannot_send(clinic: Clinic) -> None:
    visit_id, message_id = await a_failed_text(clinic)
    async with portal(clinic, Role.reader) as browser:
        timeline = (await browser.get(f"/portal/visits/{visit_id}/messages")).text
        sent = await browser.post(f"/portal/visits/{visit_id}/messages/{message_id}/again")

    assert "Not delivered because the phone could not be reached" in timeline
    assert 'data-testid="send-again"' not in timeline
    assert sent.status_code == 403


async def test_the_report_of_one_status_is_told_from_the_others(clinic: Clinic) -> None:
    await a_failed_text(clinic)
    async with portal(clinic) as browser:
        there = (await browser.get("/portal/reports/texts?status=unreachable")).text
        none = (await browser.get("/portal/reports/texts?status=sent")).text

    assert "One by one" in there
    assert "None of this status in the last 30 days." in none


def test_every_state_and_reason_has_words() -> None:
    assert set(STATES) == set(MessageState)
    assert set(REASONS) >= {*SuppressReason, *FailReason}
