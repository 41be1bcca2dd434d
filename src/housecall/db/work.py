"""A unit of work: one transaction, the jobs it causes, and what happens once it is committed."""

import inspect
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from procrastinate import App
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

log = logging.getLogger(__name__)

Effect = Callable[[], Awaitable[None] | None]


class Work:
    """One transaction on one region's database; services read and write through it and never commit.

    Jobs are enqueued in the same transaction. Effects (publishing to sockets, waking a loop) run in order
    after the commit, and not at all when it fails.
    """

    def __init__(self, session: AsyncSession, queue: App) -> None:
        self.session = session
        self._queue = queue
        self._effects: list[Effect] = []

    def after_commit(self, effect: Effect) -> None:
        """Have ``effect`` happen once what is written here stands."""
        self._effects.append(effect)

    async def enqueue(
        self,
        task: str,
        *,
        queueing_lock: str | None = None,
        lock: str | None = None,
        not_before: datetime | None = None,
        **args: Any,
    ) -> bool:
        """Enqueue a job in this transaction; False when one with the same queueing lock already waits.

        ``not_before``: how long it must wait at least. ``args`` hold opaque ids only: they stand in the queue's table.
        """
        if queueing_lock is not None and await self._is_queued(queueing_lock):
            return False
        raw = await (await self.session.connection()).get_raw_connection()
        deferrer = self._queue.configure_task(
            task,
            queueing_lock=queueing_lock,
            lock=lock,
            schedule_at=not_before,
            connection=raw.driver_connection,
        )
        await deferrer.defer_async(**args)
        return True

    async def _is_queued(self, queueing_lock: str) -> bool:
        # Asked first, because the unique index behind the lock would end the whole transaction. Two at the very
        # same instant still meet there, so the lock is taken for this transaction as well.
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"), {"name": queueing_lock}
        )
        found = await self.session.execute(
            text("SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = :name AND status = 'todo' LIMIT 1"),
            {"name": queueing_lock},
        )
        return found.first() is not None

    async def run_effects(self) -> None:
        """Run the effects in order; one that fails is logged and does not stop the next."""
        effects, self._effects = self._effects, []
        for effect in effects:
            try:
                answer = effect()
                if inspect.isawaitable(answer):
                    await answer
            except Exception:
                log.exception("An effect after the commit failed.")
