"""A job exists exactly when its cause does, and is done though its worker was killed."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from procrastinate import App
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from housecall.db.database import Database
from housecall.db.queue import reclaim_orphans
from tests.db.processes import TASK, Child


class Undone(Exception):
    pass


@pytest.fixture
def done() -> list[dict[str, Any]]:
    """The arguments of the jobs that were done."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def queue(database: Database, done: list[dict[str, Any]]) -> AsyncIterator[App]:
    """The open queue, with a task that notes that it was done."""

    @database.queue.task(name=TASK)
    async def note(**args: Any) -> None:
        done.append(args)

    async with database.queue.open_async():
        yield database.queue


async def jobs(queue: App) -> list[tuple[str, int]]:
    """State and attempts of every job."""
    rows = await queue.connector.execute_query_all_async(
        "SELECT status::text AS status, attempts FROM procrastinate_jobs ORDER BY id"
    )
    return [(row["status"], row["attempts"]) for row in rows]


async def do_all(queue: App) -> None:
    await queue.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False)


async def take_as_a_killed_worker(queue: App) -> Job:
    """A job fetched by a worker that holds no lock."""
    manager = JobManager(queue.connector)
    job = await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
    assert job is not None
    return job


async def test_a_job_is_there_once_its_transaction_is_committed(
    database: Database, queue: App, done: list[dict[str, Any]]
) -> None:
    async with database.work() as work:
        assert await work.enqueue(TASK, number=1)
        before = await jobs(queue)
    await do_all(queue)

    assert before == []
    assert done == [{"number": 1}]


async def test_a_job_goes_with_its_transaction(database: Database, queue: App) -> None:
    async def fail() -> None:
        async with database.work() as work:
            await work.enqueue(TASK)
            raise Undone

    with pytest.raises(Undone):
        await fail()

    assert await jobs(queue) == []


async def test_one_waiting_job_for_each_queueing_lock(database: Database, queue: App) -> None:
    async with database.work() as work:
        first = await work.enqueue(TASK, queueing_lock="a")
        again = await work.enqueue(TASK, queueing_lock="a")
        other = await work.enqueue(TASK, queueing_lock="b")

    assert (first, again, other) == (True, False, True)
    assert len(await jobs(queue)) == 2


async def test_two_transactions_at_once_enqueue_one_job(database: Database, queue: App) -> None:
    async def enqueue() -> bool:
        async with database.work() as work:
            return await work.enqueue(TASK, queueing_lock="a")

    answers = await asyncio.gather(*(enqueue() for _ in range(5)))

    assert sorted(answers) == [False, False, False, False, True]
    assert len(await jobs(queue)) == 1


async def test_the_job_of_a_killed_worker_is_done_within_seconds(
    database: Database, queue: App, empty_database: tuple[str, str], done: list[dict[str, Any]]
) -> None:
    async with database.work() as work:
        await work.enqueue(TASK, number=1)
    worker = Child("tests.db.stuck_worker", empty_database[1])
    assert await asyncio.to_thread(worker.line) == "has it"

    alive = await reclaim_orphans(queue)
    worker.kill()
    killed = time.monotonic()
    while not await reclaim_orphans(queue):
        assert time.monotonic() - killed < 10
        await asyncio.sleep(0.05)
    await do_all(queue)

    assert alive == 0
    assert done == [{"number": 1}]


async def test_a_sweep_leaves_the_job_that_another_is_taking_back(
    database: Database, queue: App, empty_database: tuple[str, str]
) -> None:
    async with database.work() as work:
        await work.enqueue(TASK)
    job = await take_as_a_killed_worker(queue)

    with psycopg.connect(empty_database[1]) as other:
        other.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", (job.id,))
        async with asyncio.timeout(5):
            taken = await reclaim_orphans(queue)

    assert taken == 0
    assert await jobs(queue) == [("todo", 1)]


async def test_a_killed_workers_job_gives_way_to_one_that_waits_for_the_same(
    database: Database, queue: App, done: list[dict[str, Any]]
) -> None:
    """Both hold the same lock: the waiting one could not begin, and the other could not come back."""
    async with database.work() as work:
        await work.enqueue(TASK, queueing_lock="a", lock="a", number=1)
    await take_as_a_killed_worker(queue)
    async with database.work() as work:
        await work.enqueue(TASK, queueing_lock="a", lock="a", number=2)

    await reclaim_orphans(queue)
    await do_all(queue)

    assert done == [{"number": 2}]


async def test_a_worker_whose_locks_connection_was_cut_keeps_its_jobs(
    database: Database, queue: App, empty_database: tuple[str, str]
) -> None:
    worker_id = await queue.job_manager.register_worker()
    await queue.job_manager.fetch_job(queues=None, worker_id=worker_id)
    async with database.work() as work:
        await work.enqueue(TASK)
    with psycopg.connect(empty_database[1], autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
            (worker_id,),
        )

    job = await queue.job_manager.fetch_job(queues=None, worker_id=worker_id)

    assert job is not None
    assert await reclaim_orphans(queue) == 0
    await queue.job_manager.unregister_worker(worker_id)
