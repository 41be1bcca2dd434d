"""What a meeting's service tells comes out of order and twice; where everybody is must not depend on it."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import Attendee, RosterEvent, RosterKind
from housecall.visits.roster import hear_roster
from housecall.visits.store import list_people
from housecall.visits.whereabouts import Whereabouts, first_together, is_there
from tests.sandbox.hospital import NOW
from tests.visits.meeting_clinic import (
    COLLEAGUE,
    MeetingClinic,
    doctor,
    guest,
    open_meeting_clinic,
)

# What happens in a meeting, each with whom it is about.
_THINGS = [
    doctor(),
    doctor(gone=True),
    doctor(user=COLLEAGUE),
    guest(lobby=True),
    guest(),
    guest(gone=True),
    guest(key="another"),
    guest(key="another", gone=True),
]
_HISTORY = st.lists(st.sampled_from([*_THINGS, None]), min_size=2, max_size=8)


def as_told(history: list[Attendee | None], start: Any = NOW) -> list[RosterEvent]:
    """A notice for each thing, a second apart; nobody: the call ended."""
    return [
        RosterEvent(RosterKind.changed, start + timedelta(seconds=number), (one,))
        if one is not None
        else RosterEvent(RosterKind.ended, start + timedelta(seconds=number))
        for number, one in enumerate(history, 1)
    ]


def after(events: list[RosterEvent]) -> Whereabouts:
    known = Whereabouts()
    for event in events:
        known = Whereabouts.read(known.after(event).keep())
    return known


@given(st.data(), _HISTORY)
def test_any_order_of_the_same_notices_and_any_of_them_twice_come_to_the_same(
    data: st.DataObject, history: list[Attendee | None]
) -> None:
    events = as_told(history)

    mixed = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3))))

    assert after(mixed) == after(events)


@given(_HISTORY)
def test_in_their_own_order_the_last_word_on_each_person_holds(history: list[Attendee | None]) -> None:
    inside: set[str] = set()
    for one in history:
        if one is None:
            inside.clear()
        elif one.is_gone or one.is_in_lobby:
            inside.discard(one.key)
        else:
            inside.add(one.key)

    known = after(as_told(history))

    assert sum(is_there(stay) for stay in known.stays()) == len(inside)


def test_both_were_there_together_although_it_is_heard_when_they_had_left() -> None:
    events = as_told([doctor(), guest(), guest(gone=True), doctor(gone=True)])

    known = after(list(reversed(events)))

    assert first_together(known.stays()) == NOW + timedelta(seconds=2)


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> MeetingClinic:
    return await open_meeting_clinic(database, clock, sealer)


async def standing(clinic: MeetingClinic, events: list[RosterEvent]) -> dict[str, Any]:
    """What there is of a visit whose patient was let in, once all of this was told."""
    visit = await clinic.let_in()
    for event in events:
        await clinic.act(hear_roster, visit.id, event)
    fresh = await clinic.fresh(visit)
    async with clinic.database.work() as work:
        people = await list_people(work, clinic.org_id, [visit.id])
    return {
        "roster": (await clinic.row(visit)).roster,
        "people": {(one.role, one.user_ref): one.state for one, _ in people},
        "began_at": fresh.began_at,
        "attendees": (fresh.attendees_total, fresh.attendees_peak),
    }


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_a_visit_stands_the_same_in_whatever_order_it_was_told(
    clinic: MeetingClinic, seed: int | None
) -> None:
    """Which orders there are is tried above; here, that states, beginning and counts follow from what is known."""
    here = [guest(lobby=True), doctor(), guest(), doctor(user=COLLEAGUE), doctor(gone=True), guest(gone=True)]
    events = as_told([*here, None, guest(key="another")], clinic.now)
    mixed = list(reversed(events))
    if seed is not None:
        Random(seed).shuffle(mixed)

    assert await standing(clinic, mixed) == await standing(clinic, events)


async def test_a_patient_who_left_is_not_in_again_because_older_news_come_late(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    came, left = as_told([guest(), guest(gone=True)], clinic.now)

    for event in (left, came):
        await clinic.act(hear_roster, visit.id, event)

    assert (await clinic.patient(visit)).state == "left"
