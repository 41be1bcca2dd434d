"""The queue: Procrastinate on the same database, so that a job exists exactly when its cause does.

A worker that is killed leaves its jobs marked as being done. To find them within a second and without a
clock, each worker holds a session advisory lock named by its number: PostgreSQL lets go of it the moment the
process's socket closes, and a job whose worker holds no lock is nobody's.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

log = logging.getLogger(__name__)

# The first half of the two-part advisory lock; the second is the worker's number.
_WORKER_LOCKS: Final = 42_001

_IS_ORPHAN: Final = """
    job.status = 'doing' AND NOT EXISTS (
        SELECT 1 FROM pg_locks held
        WHERE held.locktype = 'advisory' AND held.objsubid = 2 AND held.granted
          AND held.classid = %(locks)s AND held.objid = job.worker_id
          AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""

_ORPHANS: Final = f"SELECT job.id FROM procrastinate_jobs job WHERE {_IS_ORPHAN}"  # noqa: S608

# Asked again under the row's lock: another sweep may have been first, and a living worker may have the job.
_TAKE_BACK: Final = f"""
    WITH orphan AS MATERIALIZED (
        SELECT job.id FROM procrastinate_jobs job WHERE job.id = %(id)s AND {_IS_ORPHAN}
        FOR UPDATE OF job SKIP LOCKED
    )
    SELECT orphan.id, procrastinate_retry_job_v2(orphan.id, now(), NULL, NULL, NULL) FROM orphan
"""  # noqa: S608

_DROP_ORPHAN: Final = f"DELETE FROM procrastinate_jobs job WHERE job.id = %(id)s AND {_IS_ORPHAN}"  # noqa: S608


class LockingJobManager(JobManager):
    """Lets a worker fetch jobs only while it holds its lock: without one it looks dead."""

    def __init__(self, connector: Any, dsn: str) -> None:
        super().__init__(connector)
        self._dsn = dsn
        self._held: dict[int, psycopg.AsyncConnection[Any]] = {}

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        # Looked at each time: a worker that outlives its lock's connection would have every job taken from it.
        await self._hold(worker_id)
        return await super().fetch_job(queues, worker_id)

    async def unregister_worker(self, worker_id: int) -> None:
        connection = self._held.pop(worker_id, None)
        try:
            await super().unregister_worker(worker_id)
        finally:
            if connection is not None:
                await connection.close()

    async def _hold(self, worker_id: int) -> None:
        """The worker's lock is held by a connection that lives."""
        held = self._held.get(worker_id)
        if held is not None:
            try:
                await held.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                del self._held[worker_id]
                await held.close()
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        # Not waited for: where the server has not noticed the cut yet, the old session still speaks for us.
        answer = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (_WORKER_LOCKS, worker_id))
        if await answer.fetchone() == (True,):
            self._held[worker_id] = connection
        else:
            await connection.close()


def make_queue(dsn: str, *, pool_size: int = 6) -> App:
    """The queue's application on this database; tasks are registered by the rooms that own them."""
    connector = PsycopgConnector(conninfo=dsn, min_size=1, max_size=pool_size)
    queue = App(connector=connector)
    queue.job_manager = LockingJobManager(connector, dsn)
    return queue


async def reclaim_orphans(queue: App) -> int:
    """Jobs of killed workers wait again to be done; returns how many."""
    taken = 0
    for row in await queue.connector.execute_query_all_async(_ORPHANS, locks=_WORKER_LOCKS):
        taken += await _take_back(queue, row["id"])
    return taken


async def _take_back(queue: App, job_id: int) -> int:
    try:
        done = await queue.connector.execute_query_all_async(_TAKE_BACK, locks=_WORKER_LOCKS, id=job_id)
    except UniqueViolation:
        # The same work waits already under the same queueing lock, and would wait for ever for this one's end.
        await queue.connector.execute_query_async(_DROP_ORPHAN, locks=_WORKER_LOCKS, id=job_id)
        log.warning("A job of a killed worker gave way to one that waits.", extra={"job": job_id})
        return 0
    if done:
        log.warning("A job of a killed worker was taken back.", extra={"job": job_id})
    return len(done)
