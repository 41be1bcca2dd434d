"""Returned mail that a mail server posts: only the signed one, and nothing of a person in the queue."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from sqlalchemy import text

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.signing import sign
from housecall.messaging.jobs import APPLY_RECEIPT
from housecall.messaging.returned import LARGEST
from tests.messaging.test_returned import ID, RETURNS, notice
from tests.visits.clinic import open_clinic
from tests.web.live import Live, serve

SECRET = "a-secret-of-sixteen-or-more"


@pytest_asyncio.fixture(loop_scope="session")
async def live(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Live]:
    clinic = await open_clinic(database, clock, sealer)
    async with serve(clinic, HOUSECALL_RETURNS_TO=RETURNS, HOUSECALL_RETURNS_SECRET=SECRET) as live:
        yield live


async def post(live: Live, body: bytes, *, secret: str = SECRET) -> int:
    headers = {"X-Signature": sign(secret, body), "Content-Type": "message/rfc822"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", trust_env=False) as client:
        return (await client.post("/hooks/mail", content=body, headers=headers)).status_code


async def test_a_signed_notification_is_queued_by_our_id_and_others_are_not(live: Live) -> None:
    answers = [
        await post(live, notice()),
        await post(live, b"Subject: I am away\r\n\r\nUntil Monday."),
        await post(live, b"\x00\xff" * 100),
        await post(live, notice(), secret="somebody-elses-secret"),
        await post(live, b"x" * (LARGEST + 1)),
    ]

    assert answers == [202, 202, 202, 401, 401]
    async with live.house.database.work() as work:
        rows = (await work.session.execute(text("SELECT task_name, args FROM procrastinate_jobs"))).all()
    [(task, args)] = [tuple(row) for row in rows]
    assert (task, args["reference"], args["state"], args["reason"]) == (
        APPLY_RECEIPT, ID, "failed", "unknown_number",
    )  # fmt: skip
    assert "pat@mail.example" not in json.dumps(args)
