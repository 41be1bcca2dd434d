"""A connection's budget: shared by all processes, never passed, and whoever may wait waits for the next minute."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from housecall.audit.model import Act
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.ehr.allowance import Lane, take_turn
from housecall.ehr.errors import EhrBudgetSpent
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy.connections import set_request_budget
from housecall.tenancy.errors import BudgetTooSmall
from housecall.tenancy.spending import Budget, Purse, Spending, read_spending
from tests.tenancy.test_connections import OPERATOR, Office


@pytest.fixture
def office(database: Database, clock: FakeClock, sealer: Sealer) -> Office:
    return Office(database, clock, sealer)


async def purses(office: Office, count: int = 1, *, per_minute: int = 100) -> tuple[OrgId, str, list[Purse]]:
    """A connection with this budget, and as many processes that share it."""
    org_id = await office.organisation()
    connection = await office.declare(org_id, requests_per_min=per_minute)
    budget = Budget(org_id, connection.id, per_minute)
    made = [Spending(office.database, office.clock).allowance(budget) for _ in range(count)]
    return org_id, connection.id, made


async def spend_all(purse: Purse, lane: Lane) -> int:
    """How many requests go before the budget is spent."""
    for count in range(10_000):
        try:
            await purse.take(lane)
        except EhrBudgetSpent:
            return count
    raise AssertionError("there is no budget")


async def test_two_processes_together_spend_what_the_budget_allows_and_no_more(office: Office) -> None:
    _, _, (first, second) = await purses(office, 2)

    spent = await asyncio.gather(spend_all(first, Lane.work), spend_all(second, Lane.work))

    assert sum(spent) == 100


async def test_the_next_minute_has_a_budget_of_its_own(office: Office) -> None:
    _, _, (purse,) = await purses(office)
    await spend_all(purse, Lane.work)
    with pytest.raises(EhrBudgetSpent) as spent:
        await purse.take(Lane.work)

    office.clock.advance(spent.value.retry_after)

    assert timedelta() < spent.value.retry_after <= timedelta(minutes=1)
    assert await spend_all(purse, Lane.work) == 100


async def test_a_long_reading_of_the_schedule_leaves_room_for_texts_and_write_back(office: Office) -> None:
    _, _, (feed, texts) = await purses(office, 2)

    assert await spend_all(feed, Lane.feed) == 70
    assert await spend_all(texts, Lane.work) == 30


async def test_people_are_never_held_back_and_what_they_spend_is_counted(office: Office) -> None:
    _, _, (people, texts) = await purses(office, 2)

    for _ in range(140):
        await people.take(Lane.people)

    assert await spend_all(texts, Lane.work) == 0
    await people.take(Lane.people)


async def test_a_budget_that_is_used_up_is_said_and_seen_on_the_connection(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    org_id, connection_id, (purse,) = await purses(office)
    before = await read_spending(office.database, org_id, connection_id, office.clock.now())
    await spend_all(purse, Lane.work)
    await spend_all(purse, Lane.work)

    during = await read_spending(office.database, org_id, connection_id, office.clock.now())
    office.clock.advance(timedelta(minutes=5))
    after = await read_spending(office.database, org_id, connection_id, office.clock.now())

    assert (before.spent_this_minute, before.is_held_back) == (0, False)
    assert (during.requests_per_minute, during.spent_this_minute, during.is_held_back) == (100, 100, True)
    assert (after.spent_this_minute, after.is_held_back) == (0, False)
    assert after.held_back_at == during.held_back_at
    said = [one for one in caplog.records if "budget of requests" in one.getMessage()]
    assert [one.__dict__["connection"] for one in said] == [connection_id]


async def test_the_feed_waits_for_its_turn_and_others_are_told_when_to_come_again(office: Office) -> None:
    _, _, (purse,) = await purses(office)
    await spend_all(purse, Lane.work)
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)
        office.clock.advance(timedelta(seconds=seconds))

    with pytest.raises(EhrBudgetSpent):
        await take_turn(purse, Lane.work, pause=pause)
    assert waited == []
    await take_turn(purse, Lane.feed, pause=pause)
    assert len(waited) == 1


async def test_a_changed_budget_is_on_record_and_one_that_starves_is_refused(office: Office) -> None:
    org_id, connection_id, _ = await purses(office)

    async with office.database.work() as work:
        with pytest.raises(BudgetTooSmall):
            await set_request_budget(work, org_id, connection_id, 29, now=office.clock.now(), by=OPERATOR)
        await set_request_budget(work, org_id, connection_id, 300, now=office.clock.now(), by=OPERATOR)

    kept = await office.declare(org_id)
    async with office.database.work() as work:
        details = await work.session.scalars(
            select(AuditEntry.detail).where(AuditEntry.act == Act.connection_budget.value)
        )
        assert list(details) == [{"requests_per_min_before": 100, "requests_per_min_after": 300}]
    assert kept.requests_per_min == 300
