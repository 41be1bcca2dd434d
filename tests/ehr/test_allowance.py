"""Every request to an EHR takes its turn: the schedule's in one lane, texts' in another, people's before both."""

from collections import Counter
from datetime import timedelta

import httpx
import pytest

from housecall.ehr import allowance as allowances
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.allowance import Lane
from housecall.ehr.base import AppointmentRef, PatientRef, PractitionerRef, Tokens
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.errors import EhrBudgetSpent
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from tests.ehr.small_ehr import appointment


class Counting:
    """Counts by lane; holds ``spent`` lanes back, the schedule's for one turn."""

    def __init__(self, *spent: Lane) -> None:
        self.taken: Counter[Lane] = Counter()
        self._spent = set(spent)

    async def take(self, lane):
        if lane in self._spent:
            self._spent -= {Lane.feed}
            raise EhrBudgetSpent(timedelta(milliseconds=1))
        self.taken[lane] += 1


def client(ehr, now, counting):
    outward = Outward(NetworkRules(), transport=httpx.ASGITransport(ehr.app))
    endpoint = ehr.endpoint()
    return SmartFhirClient(endpoint, PROFILES[endpoint.vendor], outward, now, counting)


async def read_week(ehr, now, counting):
    start = now.now() - timedelta(days=1)
    return await client(ehr, now, counting).list_appointments(
        practitioners=[PractitionerRef("501")], start=start, end=start + timedelta(days=7)
    )


async def test_every_page_of_the_schedule_takes_a_turn_in_the_schedules_lane(ehr, now):
    for number in range(5):
        ehr.appointments[f"a{number}"] = appointment(f"a{number}", "2026-12-01T15:00:00Z")
    ehr.page_size = 2
    counting = Counting()

    page = await read_week(ehr, now, counting)

    assert counting.taken == {Lane.feed: page.requests}
    assert page.requests == 3


async def test_reads_for_texts_take_theirs_and_a_persons_reads_go_before(ehr, now):
    counting = Counting()
    reading = client(ehr, now, counting)
    ehr.access.add("person")
    tokens = Tokens("person", None, now.now() + timedelta(minutes=5), frozenset())

    await reading.read_appointments([AppointmentRef("70001")])
    await reading.read_people([PatientRef("9001")])
    await reading.read_person(PatientRef("9001"), tokens=tokens)

    assert counting.taken == {Lane.work: 2, Lane.people: 1}


async def test_a_spent_budget_delays_the_schedule_and_asks_nothing_for_texts(ehr, now):
    feed, texts = Counting(Lane.feed), Counting(Lane.work)

    page = await read_week(ehr, now, feed)
    asked = len(ehr.requests)
    with pytest.raises(EhrBudgetSpent):
        await client(ehr, now, texts).read_appointments([AppointmentRef("70001")])

    assert [found.ref for found in page.appointments] == ["70001"]
    assert len(ehr.requests) == asked


async def test_without_a_budget_everything_goes_at_once():
    for lane in Lane:
        await allowances.take_turn(allowances.Unlimited(), lane)
