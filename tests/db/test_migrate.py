"""Migrations may be started by many at once, and bring the queue along."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import psycopg

from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate, migrate_down
from housecall.db.queue import make_queue
from tests.db.processes import TASK, ask


def url_of(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://")


def test_many_at_once_migrate_once(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.create_database("migrate_at_once")

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(migrate, [url_of(dsn)] * 4):
            pass

    assert ask(dsn, "SELECT count(*) FROM alembic_version") == 1


async def test_the_queue_works_on_a_migrated_database(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.create_database("migrate_queue")
    migrate(url_of(dsn))
    queue = make_queue(dsn)
    done: list[int] = []

    @queue.task(name=TASK)
    async def note(number: int) -> None:
        done.append(number)

    async with queue.open_async():
        await note.defer_async(number=1)
        await queue.run_worker_async(wait=False, install_signal_handlers=False)

    assert done == [1]


def test_nothing_of_the_queue_is_left_when_taken_back(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.create_database("migrate_back")

    migrate(url_of(dsn))
    migrate_down(url_of(dsn))

    with psycopg.connect(dsn) as connection:
        for names in (
            "SELECT proname FROM pg_proc",
            "SELECT typname FROM pg_type",
            "SELECT relname FROM pg_class",
        ):
            left = [name for (name,) in connection.execute(names) if name.startswith("procrastinate_")]
            assert left == []


def test_the_queues_tables_say_which_version_made_them(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.create_database("queue_version")

    migrate(url_of(dsn))

    with psycopg.connect(dsn) as connection:
        said = connection.execute("SELECT obj_description('procrastinate_jobs'::regclass)").fetchone()
    assert said == (f"procrastinate {version('procrastinate')}",)
