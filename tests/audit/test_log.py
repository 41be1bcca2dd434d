"""The audit log: it stands with the act, it is only added to, and tampering shows."""

import asyncio
import re
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import chain_new_entries, count_entries, find_break, record
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId, new_uuid
from tests.shape.source import name_of, python_files

NURSE = By(Actor.clinician, "user-1")
LAKESIDE, HILLSIDE = OrgId(new_uuid()), OrgId(new_uuid())


class Undone(Exception):
    """The act goes wrong after it was recorded."""


class Log:
    """Acts recorded and chained, each in a transaction of its own."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock

    async def write(self, org_id: OrgId = LAKESIDE, subject: str = "v_1") -> None:
        async with self.database.work() as work:
            await self.write_in(work, org_id, subject)

    async def write_in(self, work: Work, org_id: OrgId = LAKESIDE, subject: str = "v_1") -> None:
        self.clock.advance(timedelta(seconds=1))
        await record(
            work,
            org_id,
            Act.patient_admitted,
            by=NURSE,
            subject=subject,
            at=self.clock.now(),
            attempt=1,
            why=None,
        )

    async def chain(self, limit: int = 1000) -> int:
        async with self.database.work() as work:
            return await chain_new_entries(work, limit=limit)

    async def broken_at(self, org_id: OrgId = LAKESIDE) -> int | None:
        async with self.database.work() as work:
            return await find_break(work, org_id)

    async def count(self, org_id: OrgId = LAKESIDE) -> int:
        async with self.database.work() as work:
            return await count_entries(work, org_id)

    async def tamper(self, statement: str) -> None:
        """Somebody with the database's password changes what was written."""
        async with self.database.work() as work:
            await work.session.execute(text(statement))

    async def entries(self, org_id: OrgId = LAKESIDE) -> list[AuditEntry]:
        async with self.database.work() as work:
            chosen = select(AuditEntry).where(AuditEntry.org_id == org_id).order_by(AuditEntry.id)
            return list(await work.session.scalars(chosen))


@pytest.fixture
def log(database: Database, clock: FakeClock) -> Log:
    return Log(database, clock)


async def test_an_entry_says_who_did_what_to_what_and_when(log: Log) -> None:
    await log.write()

    [entry] = await log.entries()
    assert (entry.act, entry.subject) == ("visits:patient:admitted", "v_1")
    assert (entry.actor, entry.actor_ref) == ("clinician", "user-1")
    assert entry.at == log.clock.now()
    assert entry.detail == {"attempt": 1, "why": None}


async def test_an_act_that_is_undone_is_not_in_the_log(log: Log) -> None:
    with suppress(Undone):
        async with log.database.work() as work:
            await log.write_in(work)
            raise Undone

    assert await log.count() == 0


async def test_each_organisation_has_a_chain_of_its_own(log: Log) -> None:
    for org_id in (LAKESIDE, HILLSIDE, LAKESIDE, LAKESIDE):
        await log.write(org_id)

    chained = await log.chain()

    assert chained == 4
    assert [entry.link_seq for entry in await log.entries(LAKESIDE)] == [1, 2, 3]
    assert [entry.link_seq for entry in await log.entries(HILLSIDE)] == [1]
    assert (await log.broken_at(LAKESIDE), await log.broken_at(HILLSIDE)) == (None, None)
    assert (await log.count(LAKESIDE), await log.count(HILLSIDE)) == (3, 1)


async def test_a_chain_goes_on_where_it_ended(log: Log) -> None:
    for _ in range(5):
        await log.write()

    chained = [await log.chain(limit=2) for _ in range(4)]

    assert chained == [2, 2, 1, 0]
    assert [entry.link_seq for entry in await log.entries()] == [1, 2, 3, 4, 5]
    assert await log.broken_at() is None


async def test_an_entry_that_becomes_visible_late_breaks_nothing(log: Log) -> None:
    """Ids are given before commits: the older one may be committed after the younger was chained."""
    async with log.database.work() as slow:
        await log.write_in(slow, subject="v_slow")
        await log.write(subject="v_quick")
        await log.chain()
    await log.chain()

    entries = await log.entries()
    assert [(entry.subject, entry.link_seq) for entry in entries] == [("v_slow", 2), ("v_quick", 1)]
    assert await log.broken_at() is None


async def test_two_who_chain_at_once_make_one_chain(log: Log) -> None:
    for _ in range(40):
        await log.write()

    chained = await asyncio.gather(*(log.chain() for _ in range(4)))
    await log.chain()

    assert sum(chained) <= 40
    assert [entry.link_seq for entry in await log.entries()] == list(range(1, 41))
    assert await log.broken_at() is None


@pytest.mark.parametrize(
    "change",
    [
        "act = 'visits:patient:declined'",
        "actor = 'patient'",
        "actor_ref = 'user-2'",
        "subject = 'v_2'",
        "at = at + interval '1 microsecond'",
        "detail = detail || '{\"attempt\": 2}'",
        "detail = '{}'",
        "link_hash = repeat('0', 64)",
        "link_seq = 9",
        "link_seq = NULL",
    ],
)
async def test_a_changed_entry_shows(log: Log, change: str) -> None:
    for _ in range(4):
        await log.write()
    await log.chain()

    await log.tamper(f"UPDATE audit_entry SET {change} WHERE link_seq = 3")

    assert await log.broken_at() == 3


async def test_a_last_entry_that_says_it_comes_later_shows(log: Log) -> None:
    """It would leave room for one put in before it."""
    for _ in range(3):
        await log.write()
    await log.chain()

    await log.tamper("UPDATE audit_entry SET link_seq = 4 WHERE link_seq = 3")

    assert await log.broken_at() == 3


async def test_a_removed_entry_shows(log: Log) -> None:
    for _ in range(4):
        await log.write()
    await log.chain()

    await log.tamper("DELETE FROM audit_entry WHERE link_seq = 2")

    assert await log.broken_at() == 2


async def test_an_entry_taken_out_and_chained_again_shows(log: Log) -> None:
    for _ in range(4):
        await log.write()
    await log.chain()

    await log.tamper("UPDATE audit_entry SET link_seq = NULL, link_hash = NULL WHERE link_seq = 2")
    await log.chain()

    assert await log.broken_at() == 2


async def test_two_entries_that_changed_places_show(log: Log) -> None:
    for number in range(4):
        await log.write(subject=f"v_{number}")
    await log.chain()

    await log.tamper(
        "UPDATE audit_entry SET subject = CASE subject WHEN 'v_1' THEN 'v_2' ELSE 'v_1' END"
        " WHERE subject IN ('v_1', 'v_2')"
    )

    assert await log.broken_at() == 2


async def test_an_entry_moved_to_another_organisation_shows(log: Log) -> None:
    for _ in range(3):
        await log.write(LAKESIDE)
    await log.write(HILLSIDE)
    await log.chain()

    await log.tamper(f"UPDATE audit_entry SET org_id = '{HILLSIDE}', link_seq = 2 WHERE link_seq = 2")

    assert await log.broken_at(LAKESIDE) == 2
    assert await log.broken_at(HILLSIDE) == 2


async def test_one_organisations_break_is_not_anothers(log: Log) -> None:
    await log.write(LAKESIDE)
    await log.write(HILLSIDE)
    await log.chain()

    await log.tamper(f"UPDATE audit_entry SET subject = 'x' WHERE org_id = '{LAKESIDE}'")

    assert (await log.broken_at(LAKESIDE), await log.broken_at(HILLSIDE)) == (1, None)


async def test_whoever_asks_from_another_time_zone_finds_the_same_chain(log: Log) -> None:
    """The database gives times in the asking session's zone: an honest chain used to look broken there."""
    await log.write()
    await log.chain()

    async with log.database.work() as work:
        await work.session.execute(text("SET LOCAL TIME ZONE 'Asia/Kathmandu'"))
        broken_at = await find_break(work, LAKESIDE)

    assert broken_at is None


async def test_an_empty_log_is_whole(log: Log) -> None:
    assert await log.chain() == 0
    assert await log.broken_at() is None


def test_nothing_of_ours_changes_or_removes_an_entry() -> None:
    """Only the chain's two columns are ever written after the entry, and only by the audit room."""
    changes = re.compile(r"(update|delete)\(AuditEntry\b|(UPDATE|DELETE FROM) audit_entry", re.IGNORECASE)

    faults = [name_of(path) for path in python_files() if changes.search(path.read_text(encoding="utf-8"))]

    assert faults == []


def test_every_word_names_room_subject_and_act_once() -> None:
    words = Counter(act.value for act in Act)

    assert not [word for word in words if not re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", word)]
    assert set(words.values()) == {1}
