"""Migrations may be started by many at once, and bring the queue along."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import psycopg

from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate, migrate_down, newest_revision
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


def test_a_database_that_is_up_to_date_is_left_alone_and_costs_no_alembic(postgres: EmbeddedPostgres) -> None:
    url = url_of(postgres.create_database("migrate_again"))
    migrate(url)

    again = f"import sys; from housecall.db.migrate import migrate; migrate({url!r}); print('alembic' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", again], check=True, capture_output=True, text=True).stdout

    assert said.strip() == "False"


def test_a_database_that_stands_at_an_earlier_revision_is_brought_forward(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.create_database("migrate_behind")
    migrate(url_of(dsn), to="0001")

    migrate(url_of(dsn))

    assert ask(dsn, "SELECT version_num FROM alembic_version") == newest_revision()
