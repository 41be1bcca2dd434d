"""When it is a waiting patient's turn: who is before them, and how late the day runs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from housecall.ehr.base import PractitionerRef
from housecall.visits import life, service
from housecall.visits.tables import Seat, Visit
from housecall.visits.turn import Turn, read_turn
from tests.visits.clinic import Clinic, an_appointment


async def turn_of(clinic: Clinic, seat: Seat) -> Turn:
    turn: Turn | None = await clinic.act(read_turn, seat.id)
    assert turn is not None
    return turn


async def a_visit_of(clinic: Clinic, practitioners: tuple[str, ...], *, in_minutes: int = 5) -> Visit:
    start = clinic.now + timedelta(minutes=in_minutes)
    appointment = an_appointment(f"of-{len(practitioners)}", start, start + timedelta(minutes=15))
    whose: Any = tuple(map(PractitionerRef, practitioners))
    made: Visit = await clinic.act(
        life.create_visit, clinic.connection, replace(appointment, practitioners=whose)
    )
    return made


async def test_whoever_waits_hears_how_many_of_the_same_clinician_are_before_them(clinic: Clinic) -> None:
    visits = [await clinic.visit(f"a-{at}", in_minutes=at) for at in (5, 10, 20)]
    last, second, first = [await clinic.waiting(visit) for visit in reversed(visits)]
    await clinic.waiting(await a_visit_of(clinic, ("practitioner-9",), in_minutes=1))

    before = [(await turn_of(clinic, seat)).ahead for seat in (first, second, last)]
    await clinic.join(visits[1])
    await clinic.staff(service.admit, visits[1])
    while_seen = [(await turn_of(clinic, seat)).ahead for seat in (first, last)]
    await clinic.staff(service.end_visit, visits[1])

    assert before == [0, 1, 2]
    assert while_seen == [1, 2]
    assert [(await turn_of(clinic, seat)).ahead for seat in (first, last)] == [0, 1]


async def test_who_is_booked_but_has_not_come_is_before_nobody(clinic: Clinic) -> None:
    await clinic.visit("not-here", in_minutes=1)

    seat = await clinic.waiting(await clinic.visit(in_minutes=10))

    assert (await turn_of(clinic, seat)).ahead == 0


async def test_the_time_is_put_off_by_the_delay_of_the_clinicians_newest_visits(clinic: Clinic) -> None:
    early, late, mine = [await clinic.visit(f"a-{at}", in_minutes=at) for at in (1, 6, 30)]
    await clinic.in_call(early)
    await clinic.staff(service.end_visit, early)
    clinic.later(minutes=18)
    await clinic.in_call(late)
    seat = await clinic.waiting(mine)

    turn = await turn_of(clinic, seat)

    # A minute too early and twelve too late: half of both is some minutes, said in steps of five.
    assert turn.about == mine.starts_at + timedelta(minutes=10)
    assert not turn.is_late
    clinic.later(minutes=30)
    turn = await turn_of(clinic, seat)
    assert (turn.about, turn.is_late) == (None, True)


async def test_nothing_is_said_to_who_does_not_wait_or_waits_for_nobody_in_particular(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.start(visit)
    pooled = await clinic.waiting(await a_visit_of(clinic, ()))
    guest = await clinic.guest_waits(visit)

    assert await clinic.act(read_turn, seat.id) is None
    assert await clinic.act(read_turn, pooled.id) is None
    assert await clinic.act(read_turn, guest.seat.id) is None
