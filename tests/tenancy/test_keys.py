"""The deployment's key pair."""

import asyncio
import json

from sqlalchemy import text

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.keys import ensure_signing_key, published_keys


async def ensure(database: Database, clock: FakeClock, sealer: Sealer) -> str:
    async with database.work() as work:
        return (await ensure_signing_key(work, sealer, now=clock.now())).private_jwk


async def test_nodes_that_start_at_once_make_one_key(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    keys = await asyncio.gather(*(ensure(database, clock, sealer) for _ in range(4)))

    assert len({json.loads(key)["d"] for key in keys}) == 1


async def test_what_is_published_is_the_public_half(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    private = json.loads(await ensure(database, clock, sealer))

    async with database.work() as work:
        [published] = (await published_keys(work))["keys"]
        rows = await work.session.execute(text("SELECT k::text FROM signing_key k"))
        stored = " ".join(rows.scalars())
    assert "d" not in published
    assert (published["x"], published["kid"]) == (private["x"], private["kid"])
    assert private["d"] not in stored


async def test_a_rotated_master_key_still_opens_it(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    old = bytes(range(32))
    before = await ensure(database, clock, Sealer(old))

    after = await ensure(database, clock, Sealer(bytes(32), old))

    assert json.loads(after)["d"] == json.loads(before)["d"]
