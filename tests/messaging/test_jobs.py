"""Receipts and replies through the queue."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from housecall.kit.ids import OrgId
from housecall.messaging import jobs
from housecall.messaging.carriers import Carriers
from housecall.messaging.replies import refusal_hash, reply_hashes
from tests.messaging.office import OURS, Office, number_of


async def work_off(office: Office, task: str, **args: Any) -> None:
    """A hook has enqueued this; a worker does it and stops."""

    async def confirm(org_id: OrgId, subject: str, at: datetime) -> None:
        office.changed.append((org_id, f"{subject} confirmed"))

    jobs.register(
        office.database.queue,
        office.database,
        office.clock,
        carriers=Carriers(),
        on_change=office.hear,
        on_confirm=confirm,
    )
    async with office.database.queue.open_async():
        async with office.database.work() as work:
            await work.enqueue(task, **args)
        async with asyncio.timeout(20):
            await office.database.queue.run_worker_async(wait=False, install_signal_handlers=False)


async def test_a_receipt_from_the_queue_changes_the_message_and_the_panel_hears(office: Office) -> None:
    message = await office.plan()
    await office.send()
    office.changed.clear()

    await work_off(
        office,
        jobs.APPLY_RECEIPT,
        provider="memory",
        reference=str(message.id),
        provider_id=f"memory-{message.id}",
        state="failed",
        reason="landline",
        at=office.clock.now().isoformat(),
    )

    failed = await office.fresh(message)
    assert (failed.state, failed.reason) == ("failed", "landline")
    assert office.changed == [(office.org_id, "visit-1")]


async def test_a_stop_from_the_queue_holds_back_texts(office: Office) -> None:
    number = number_of("visit-1")
    await work_off(
        office,
        jobs.APPLY_REPLY,
        word="stop",
        number_hash=refusal_hash(office.sealer, number=number, sent_from=OURS),
        sent_to=OURS,
        at=(office.clock.now() - timedelta(minutes=1)).isoformat(),
    )
    await office.plan()

    await office.send()

    assert office.provider.sent == []
    async with office.database.work() as work:
        states = await work.session.execute(text("SELECT status::text FROM procrastinate_jobs"))
        assert set(states.scalars()) == {"succeeded"}


@pytest.mark.parametrize(("who", "confirmed"), [("visit-1", ["visit-1 confirmed"]), ("visit-2", [])])
async def test_a_c_from_the_queue_confirms_what_the_newest_text_was_about(
    office: Office, who: str, confirmed: list[str]
) -> None:
    await office.plan("visit-1")
    await office.send()
    office.changed.clear()

    await work_off(
        office,
        jobs.APPLY_CONFIRM,
        hashes=list(reply_hashes(office.sealer, number_of(who))),
        sent_to=OURS,
        at=office.clock.now().isoformat(),
    )

    assert office.changed == [(office.org_id, one) for one in confirmed]
