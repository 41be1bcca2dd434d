"""A post office on a fresh database."""

import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from tests.messaging.office import Office, open_office


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, clock: FakeClock, sealer: Sealer) -> Office:
    return await open_office(database, clock, sealer)
