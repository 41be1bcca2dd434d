"""The worker's composition root: the queue, the outbox, the feeds' ticker, the sweeps."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.service import chain_new_entries
from housecall.db.queue import reclaim_orphans
from housecall.kit.ids import OrgId
from housecall.messaging import jobs as messaging_jobs
from housecall.messaging.errors import MailboxUnavailable
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.registry import mailbox_for, providers_for
from housecall.messaging.verifying import Verifying
from housecall.tenancy.keys import RELOAD_EVERY_S, reload_signing_key
from housecall.tenancy.store import list_connections_due
from housecall.visits import jobs as visit_jobs
from housecall.visits.confirming import confirm_by_reply
from housecall.visits.meetings import enqueue as enqueue_meeting
from housecall.visits.recipients import VisitRecipients
from housecall.visits.store_meetings import list_meetings_due
from housecall.visits.sweep import sweep
from housecall.visits.views import publish_message_change
from housecall.web.house import House

log = logging.getLogger(__name__)

# A bounce takes minutes to come; a mailbox asked more often counts that as abuse.
_MAILBOX_EVERY_S: Final = 60.0

Round = Callable[[], Awaitable[object]]


class Worker:
    """Runs until it is cancelled; any number of them may run on the same database."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._queue = house.database.queue
        self._feed_every = timedelta(seconds=house.settings.number("HOUSECALL_FEED_EVERY_S"))
        self._outbox = Outbox(
            database=house.database,
            providers=providers_for(house.settings, house.carriers),
            resolver=VisitRecipients(house.desk, house.database),
            clock=house.clock,
            sealer=house.sealer,
            on_change=self._message_changed,
            public_url=house.public_url,
        )
        self._mailbox = mailbox_for(house.settings)
        self._verifying = Verifying(house.database, house.carriers, house.clock)
        visit_jobs.register(self._queue, house.desk, house.database, feed_every=self._feed_every)
        messaging_jobs.register(
            self._queue,
            house.database,
            house.clock,
            carriers=house.carriers,
            on_change=self._message_changed,
            on_confirm=self._confirmed,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            # It ends by itself when the database goes away, and must not stay ended.
            tasks.create_task(_every(0.5, "queue", self._run_queue))
            tasks.create_task(_every(0.5, "reclaim", lambda: reclaim_orphans(self._queue)))
            tasks.create_task(_every(0.3, "outbox", self._send_all_due))
            tasks.create_task(_every(0.5, "feeds", self._enqueue_due_feeds))
            tasks.create_task(_every(0.5, "meetings", self._enqueue_due_meetings))
            tasks.create_task(_every(2.0, "sweep", self._sweep))
            tasks.create_task(_every(60.0, "verifying", self._verifying.enqueue_due))
            if self._mailbox is not None:
                tasks.create_task(_every(_MAILBOX_EVERY_S, "returned mail", self._read_returned))
            tasks.create_task(_every(1.0, "audit", self._chain))
            tasks.create_task(_every(RELOAD_EVERY_S, "keys", self._reload_key))

    async def _run_queue(self) -> None:
        # Polled often, because a job taken back from a killed worker sends no notification.
        await self._queue.run_worker_async(
            concurrency=20,
            fetch_job_polling_interval=0.5,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=3.0,
        )

    async def _send_all_due(self) -> None:
        while await self._outbox.send_due():
            pass

    async def _enqueue_due_feeds(self) -> None:
        async with self._house.database.work() as work:
            for connection_id in await list_connections_due(work, self._house.clock.now()):
                await work.enqueue(
                    "visits.poll_connection",
                    queueing_lock=f"poll:{connection_id}",
                    lock=f"poll:{connection_id}",
                    connection_id=connection_id,
                )

    async def _enqueue_due_meetings(self) -> None:
        async with self._house.database.work() as work:
            for meeting in await list_meetings_due(work, self._house.clock.now()):
                await enqueue_meeting(work, OrgId(meeting.org_id), meeting.visit_id)

    async def _sweep(self) -> None:
        async with self._house.database.work() as work:
            await sweep(self._house.desk, work)

    async def _chain(self) -> None:
        async with self._house.database.work() as work:
            await chain_new_entries(work)

    async def _read_returned(self) -> None:
        assert self._mailbox is not None
        try:
            async with self._mailbox.unread() as batch, self._house.database.work() as work:
                for one in batch.found:
                    await messaging_jobs.enqueue_returned(work, one, now=self._house.clock.now())
        except MailboxUnavailable:
            log.warning("The mailbox for returned mail cannot be read.")

    async def _reload_key(self) -> None:
        house = self._house
        await reload_signing_key(house.database, house.desk.ehr, house.sealer, house.clock)

    async def _confirmed(self, org_id: OrgId, subject_ref: str, at: datetime) -> None:
        async with self._house.database.work() as work:
            await confirm_by_reply(self._house.desk, work, org_id, subject_ref, at=at)

    async def _message_changed(self, org_id: OrgId, subject_ref: str) -> None:
        async with self._house.database.work() as work:
            await publish_message_change(self._house.desk, work, org_id, subject_ref)


async def _every(seconds: float, name: str, round_: Round) -> None:
    """Do one round after the other; one that fails is logged, and the next one comes all the same."""
    while True:
        try:
            await round_()
        except Exception:
            log.exception("A round of the worker failed.", extra={"round": name})
            await asyncio.sleep(1.0)
        await asyncio.sleep(seconds)
