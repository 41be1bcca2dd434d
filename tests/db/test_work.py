"""A unit of work writes all or nothing, and what follows from it happens only when it stands."""

import logging

import pytest
from sqlalchemy import text

from housecall.db.database import Database, RegionUnknown


class Undone(Exception):
    pass


async def count(database: Database) -> int:
    async with database.work() as work:
        found = await work.session.execute(text("SELECT count(*) FROM signing_key"))
        return int(found.scalar_one())


WRITE = text(
    "INSERT INTO signing_key (kid, algorithm, private_sealed, public_jwk, created_at) "
    "VALUES ('k', 'ES384', '', '{}', now())"
)


async def test_effects_happen_in_order_once_the_writing_stands(database: Database) -> None:
    happened: list[object] = []

    async def look() -> None:
        happened.append(await count(database))

    async with database.work() as work:
        work.after_commit(look)
        work.after_commit(lambda: happened.append("second"))
        await work.session.execute(WRITE)
        assert happened == []

    assert happened == [1, "second"]


async def test_no_connection_is_held_while_effects_happen(database: Database) -> None:
    """One of them may ask a meeting service that takes its time."""
    pool, held = database.engine().pool, list[str]()

    async with database.work() as work:
        work.after_commit(lambda: held.append(pool.status()))
        await work.session.execute(WRITE)
        within = pool.status()

    assert "Checked out connections: 1" in within
    assert "Checked out connections: 0" in held[0]


async def test_neither_writing_nor_effect_is_left_of_a_work_that_fails(database: Database) -> None:
    happened: list[str] = []

    async def fail() -> None:
        async with database.work() as work:
            work.after_commit(lambda: happened.append("done"))
            await work.session.execute(WRITE)
            raise Undone

    with pytest.raises(Undone):
        await fail()

    assert happened == []
    assert await count(database) == 0


async def test_an_effect_that_fails_is_logged_and_the_next_one_happens(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    happened: list[str] = []

    async def fail() -> None:
        raise Undone

    with caplog.at_level(logging.ERROR):
        async with database.work() as work:
            work.after_commit(fail)
            work.after_commit(lambda: happened.append("next"))

    assert happened == ["next"]
    assert [record.message for record in caplog.records] == ["An effect after the commit failed."]


async def test_data_of_an_unknown_region_is_refused(database: Database) -> None:
    with pytest.raises(RegionUnknown):
        async with database.work("europe"):
            pytest.fail("it was opened")

    with pytest.raises(RegionUnknown):
        database.engine("europe")


async def test_the_home_region_may_be_named(database: Database) -> None:
    async with database.work("americas") as work:
        assert (await work.session.execute(text("SELECT 1"))).scalar_one() == 1

    assert await database.is_ready()
