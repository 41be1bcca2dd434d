"""A visit as the schedule tells it: found, moved, cancelled, missed."""

import asyncio
from datetime import timedelta

import pytest

from housecall.visits import life, lobby, service
from housecall.visits.errors import AppointmentWithoutStart, VisitOver
from housecall.visits.links import make_link
from tests.visits.clinic import NURSE, Clinic, an_appointment


async def test_a_found_visit_has_an_invited_patient_and_a_link(clinic: Clinic) -> None:
    visit = await clinic.visit()

    view = await clinic.view(visit)

    assert (view["state"], view["ordinal"], view["patient"]["state"]) == ("scheduled", 1, "invited")
    assert (view["others"], view["attendees"], view["can_restart"]) == ([], 0, False)
    assert make_link(clinic.desk, await clinic.seat(visit))
    assert (await clinic.acts())[-1] == "visits:visit:found"


async def test_found_at_once_by_feed_and_launches_it_is_one_visit(clinic: Clinic) -> None:
    found = await asyncio.gather(*(clinic.visit() for _ in range(5)))

    assert len({visit.id for visit in found}) == 1


async def test_an_appointment_without_a_start_has_no_visit(clinic: Clinic) -> None:
    with pytest.raises(AppointmentWithoutStart):
        await clinic.act(life.create_visit, clinic.connection, an_appointment("appointment-1", None, None))


async def test_booked_again_after_a_cancellation_it_is_another_visit_with_another_link(
    clinic: Clinic,
) -> None:
    visit = await clinic.visit()
    old = await clinic.seat(visit)
    await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")

    again = await clinic.visit()

    assert (again.ordinal, again.state) == (2, "scheduled")
    assert (await clinic.seat(again)).id != old.id
    answer = await clinic.act(lobby.enter_lobby, old.id)
    assert (answer["lobby"], answer["visit_state"]) == ("cancelled", "cancelled")
    async with clinic.database.work() as work:
        person = await lobby.patient_of(work, clinic.org_id, old.id)
    assert person.visit_id == visit.id


async def test_moving_a_visit_nobody_opened_gives_the_same_person_a_new_link(clinic: Clinic) -> None:
    visit = await clinic.visit()
    old, person = await clinic.seat(visit), await clinic.patient(visit)
    start = visit.starts_at + timedelta(hours=1)

    moved = await clinic.act(life.move_visit_time, visit.id, start, start + timedelta(minutes=15), by=NURSE)

    new = await clinic.seat(visit)
    assert moved.starts_at == start
    assert make_link(clinic.desk, new) != make_link(clinic.desk, old)
    assert ((await clinic.patient(visit)).id, (await clinic.patient(visit)).seat_id) == (person.id, new.id)
    async with clinic.database.work() as work:
        told = await lobby.patient_state(clinic.desk, work, clinic.org_id, old.id)
    assert (told["lobby"], told["starts_at"]) == ("moved", start.isoformat())


async def test_another_end_keeps_the_link(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)

    await clinic.act(
        life.move_visit_time, visit.id, visit.starts_at, visit.ends_at + timedelta(minutes=15), by=NURSE
    )

    assert (await clinic.seat(visit)).id == seat.id
    assert (await clinic.patient(visit)).state == "waiting"


async def test_a_visit_in_progress_is_neither_moved_away_nor_cancelled(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    later = visit.starts_at + timedelta(hours=1)

    await clinic.act(life.move_visit_time, visit.id, later, later + timedelta(minutes=15), by=NURSE)
    cancelled = await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")

    assert (cancelled.state, cancelled.starts_at) == ("in_progress", later)
    assert (await clinic.seat(visit)).id == seat.id
    assert (await clinic.patient(visit)).state == "connected"


async def test_a_visit_that_is_over_is_not_moved(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")
    later = visit.starts_at + timedelta(hours=1)

    with pytest.raises(VisitOver):
        await clinic.act(life.move_visit_time, visit.id, later, later, by=NURSE)


async def test_cancelling_twice_is_cancelling_once(clinic: Clinic) -> None:
    visit = await clinic.visit()

    for _ in range(2):
        await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")

    assert (await clinic.acts()).count("visits:visit:cancelled") == 1
    assert (await clinic.fresh(visit)).end_reason == "cancelled"


async def test_the_ehrs_no_show_does_not_throw_out_who_waits(clinic: Clinic) -> None:
    visit, missed = await clinic.visit(), await clinic.visit("appointment-2")
    await clinic.waiting(visit)

    await clinic.act(life.mark_no_show, visit.id, by=NURSE)
    await clinic.act(life.mark_no_show, missed.id, by=NURSE)

    assert (await clinic.fresh(visit)).state == "open"
    assert (await clinic.fresh(missed)).state == "no_show"


async def test_restart_and_feed_at_once_do_not_wait_for_each_other_for_ever(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)

    await asyncio.wait_for(
        asyncio.gather(*(clinic.staff(service.restart_visit, visit) for _ in range(3)), clinic.visit()), 10
    )

    assert (await clinic.view(visit))["can_restart"] is False
