"""What every test may ask for: a real PostgreSQL, a fresh database, a clock that moves when told."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import create_async_engine

from housecall.audit import tables as _audit
from housecall.db.base import Base
from housecall.db.database import Database
from housecall.db.embedded import EmbeddedPostgres
from housecall.db.queue import make_queue
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging import tables as _messaging
from housecall.tenancy import tables as _tenancy
from housecall.visits import tables as _visits

_LOADED = (_audit, _messaging, _tenancy, _visits)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One real PostgreSQL for the whole run, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hc-tests-", dir="/tmp"))
    os.chmod(folder, 0o755)
    server = EmbeddedPostgres.join(folder)
    yield server
    server.leave()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 24, 15, 0, tzinfo=UTC))


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(hashlib.sha256(b"a key for tests").digest())


@pytest.fixture(scope="session")
def empty_database(postgres: EmbeddedPostgres) -> tuple[str, str]:
    """SQLAlchemy URL and libpq string of one database with every table and the queue's schema."""
    dsn = postgres.create_database("house_template")
    url = (
        f"postgresql+psycopg://{dsn}"
        if "://" not in dsn
        else dsn.replace("postgresql://", "postgresql+psycopg://")
    )
    return url, dsn


@pytest_asyncio.fixture(loop_scope="session")
async def database(empty_database: tuple[str, str]) -> AsyncIterator[Database]:
    """A database with every table, empty: tables are made once and emptied before each test."""
    url, dsn = empty_database
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    queue = make_queue(dsn)
    with psycopg.connect(dsn, autocommit=True) as raw:
        has_queue = raw.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if not has_queue or has_queue[0] is None:
            raw.execute(queue.schema_manager.get_schema())
        names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        raw.execute(f"TRUNCATE {names}, procrastinate_jobs CASCADE")  # type: ignore[arg-type]
    made = Database({"americas": url}, queue)
    yield made
    await made.close()
