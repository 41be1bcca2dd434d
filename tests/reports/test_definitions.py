"""Start, wait, duration and status as defined, played through the house: and each known flaw beaten."""

from datetime import timedelta

from housecall.audit.model import Actor, By
from housecall.reports.model import Outcome
from housecall.visits import life, lobby, room, service
from housecall.visits.tables import Visit
from tests.reports.reading import read, read_one
from tests.visits.clinic import OPERATOR, Clinic


async def past_the_window(clinic: Clinic, visit: Visit) -> None:
    """The patient's page is closed, and the visit's time is over."""
    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")
    clinic.later(hours=3)
    await clinic.sweep()
    await clinic.sweep()


async def test_a_visit_is_in_the_report_the_second_it_ends(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=5)
    seat = await clinic.waiting(visit)
    clinic.later(minutes=3)
    await clinic.join(visit)
    await clinic.staff(service.admit, visit)
    clinic.later(seconds=2)
    await clinic.act(lobby.patient_joined, seat.id)
    both_there = clinic.now
    clinic.later(minutes=12, seconds=5)
    await clinic.staff(service.end_visit, visit)

    row = await read_one(clinic)

    assert row.outcome is Outcome.completed
    assert (row.started_at, row.ended_at) == (both_there, clinic.now)
    assert (row.lobby_wait_s, row.duration_s) == (180, 725)
    assert (row.attendees, row.attendees_peak) == (2, 2)
    assert (row.visit, row.appointment) == (visit.id, "appointment-1")
    assert (row.clinician, row.location) == ("practitioner-1", "location-1")
    assert row.planned_at == visit.starts_at


async def test_start_is_when_both_sides_were_there_whoever_came_first(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.join(visit)
    clinic.later(minutes=9)
    seat = await clinic.waiting(visit)
    await clinic.staff(service.admit, visit)
    await clinic.act(lobby.patient_joined, seat.id)

    row = await read_one(clinic)

    assert row.started_at == clinic.now
    assert row.outcome is Outcome.ongoing


async def test_a_patient_who_waited_for_nobody_is_no_completed_visit(clinic: Clinic) -> None:
    """Flaw 1: such a visit used to count as completed."""
    visit = await clinic.visit()
    await clinic.waiting(visit)
    clinic.later(minutes=25)
    await clinic.act(lobby.patient_left, (await clinic.seat(visit)).id)
    await past_the_window(clinic, visit)

    row = await read_one(clinic)

    assert row.outcome is Outcome.clinician_absent
    assert (row.started_at, row.duration_s) == (None, 0)


async def test_who_was_never_admitted_has_waited_all_the_same(clinic: Clinic) -> None:
    """Flaw 3: the wait of the never-admitted was not to be had."""
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    clinic.later(minutes=25)
    still_there = await read_one(clinic)
    await clinic.act(lobby.patient_left, seat.id)

    row = await read_one(clinic)

    assert still_there.lobby_wait_s is None
    assert row.lobby_wait_s == 25 * 60


async def test_the_wait_ends_with_the_first_admission_of_the_patient(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    clinic.later(minutes=2)
    await clinic.staff(service.admit, visit)
    await clinic.staff(service.send_back, visit)
    clinic.later(minutes=20)
    await clinic.staff(service.admit, visit)

    assert (await read_one(clinic)).lobby_wait_s == 120


async def test_staff_alone_is_a_no_show_of_the_patient_however_many_they_were(clinic: Clinic) -> None:
    """Flaw 2: two staff waiting for an absent patient fitted neither status."""
    visit = await clinic.visit()
    await clinic.join(visit, user="user-1", tab="tab-a")
    await clinic.join(visit, user="user-2", tab="tab-b")
    await clinic.staff(service.end_visit, visit)

    row = await read_one(clinic)

    assert row.outcome is Outcome.patient_absent
    assert (row.attendees, row.attendees_peak, row.duration_s) == (2, 2, 0)


async def test_a_visit_nobody_joined_has_its_row(clinic: Clinic) -> None:
    """Flaw 2: it never appeared."""
    visit = await clinic.visit()
    await past_the_window(clinic, visit)

    assert (await read_one(clinic)).outcome is Outcome.nobody_came


async def test_a_patient_who_only_looked_at_the_link_did_not_come(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.start(visit)
    await clinic.act(lobby.patient_left, seat.id)
    await past_the_window(clinic, visit)

    assert (await read_one(clinic)).outcome is Outcome.nobody_came


async def test_a_cancelled_visit_has_its_row(clinic: Clinic) -> None:
    """Flaw 6: cancelled and moved visits were not to be seen."""
    visit = await clinic.visit()
    await clinic.act(life.cancel_visit, visit.id, by=OPERATOR, reason="cancelled")

    assert (await read_one(clinic)).outcome is Outcome.cancelled


async def test_a_moved_visit_is_reported_at_its_new_time(clinic: Clinic) -> None:
    visit = await clinic.visit()
    start = visit.starts_at + timedelta(hours=1)
    await clinic.act(life.move_visit_time, visit.id, start, start + timedelta(minutes=15), by=OPERATOR)

    assert (await read_one(clinic)).planned_at == start


async def test_attendees_and_attendees_at_once_are_two_numbers(clinic: Clinic) -> None:
    """Flaw 4: one word meant the total here and the peak there."""
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.act(room.leave, visit.id, user_ref="user-1", by=By(Actor.clinician, "user-1"))
    await clinic.join(visit, user="user-2", tab="tab-b")
    await clinic.staff(service.end_visit, visit)

    row = await read_one(clinic)

    assert (row.attendees, row.attendees_peak) == (3, 2)


async def test_interpreters_and_family_are_counted_apart(clinic: Clinic) -> None:
    """How long each role was in the room is its own number, and none of it is the visit's length."""
    visit = await clinic.visit(minutes=60)
    interpreter = await clinic.guest_waits(visit)
    await clinic.join(visit)
    await clinic.staff(service.admit, visit, who=interpreter.id)
    await clinic.act(lobby.patient_joined, interpreter.seat.id)
    clinic.later(minutes=3)
    await clinic.in_call(visit)
    relative = await clinic.guest_waits(visit, "family")
    await clinic.staff(service.admit, visit, who=relative.id)
    await clinic.act(lobby.patient_joined, relative.seat.id)
    clinic.later(minutes=10)
    await clinic.staff(service.end_visit, visit)

    row = await read_one(clinic)

    assert (row.interpreter_s, row.family_s, row.duration_s) == (13 * 60, 10 * 60, 10 * 60)
    assert (row.attendees, row.attendees_peak) == (4, 4)


async def test_the_report_is_live(clinic: Clinic) -> None:
    """Flaw 7: one to two days late."""
    visit = await clinic.visit()
    before = await read_one(clinic)
    await clinic.waiting(visit)
    while_waiting = await read_one(clinic)
    await clinic.join(visit)
    await clinic.staff(service.admit, visit)
    in_the_call = await read_one(clinic)

    assert [row.outcome for row in (before, while_waiting, in_the_call)] == [
        Outcome.upcoming,
        Outcome.in_lobby,
        Outcome.ongoing,
    ]


async def test_a_visit_begun_again_is_a_row_of_its_own(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    clinic.later(minutes=4)
    await clinic.staff(service.end_visit, visit)
    await clinic.staff(life.restart_visit, visit)

    rows = await read(clinic)

    assert sorted(row.outcome for row in rows) == [Outcome.completed, Outcome.upcoming]
    assert {row.appointment for row in rows} == {"appointment-1"}
