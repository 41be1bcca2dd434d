"""Whoever presses start on the link holds the seat; the newest holder wins."""

import pytest

from housecall.visits import life, lobby, service
from housecall.visits.errors import LinkDead
from housecall.visits.seats import ensure_patient_seat, find_seat_by_holder, take_seat
from housecall.visits.tables import Seat
from tests.visits.clinic import NURSE, Clinic


async def take(clinic: Clinic, seat: Seat) -> str:
    async with clinic.database.work() as work:
        return await take_seat(clinic.desk, work, seat)


async def holds(clinic: Clinic, seat: Seat, secret: str) -> bool:
    async with clinic.database.work() as work:
        return await find_seat_by_holder(work, seat.id, secret) is not None


async def test_start_opens_the_visit_and_tells_the_panel(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=5)
    panel, seat = clinic.panel(visit), await clinic.seat(visit)

    secret = await take(clinic, seat)

    assert await holds(clinic, seat, secret)
    assert not await holds(clinic, seat, "")
    assert (await clinic.fresh(visit)).state == "open"
    assert panel.last("visit")["visit"]["patient"]["state"] == "opened"
    assert "visits:link:opened" in await clinic.acts()


async def test_start_days_ahead_leaves_the_visit_scheduled(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=3 * 24 * 60)

    await take(clinic, await clinic.seat(visit))

    assert (await clinic.fresh(visit)).state == "scheduled"
    assert (await clinic.patient(visit)).state == "opened"


async def test_the_newest_holder_wins_and_the_place_is_kept(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.seat(visit)
    first = await take(clinic, seat)
    await clinic.act(lobby.patient_back, (await clinic.patient(visit)).id, "tab-1")
    await clinic.act(lobby.enter_lobby, seat.id)
    page = await clinic.page(visit)

    second = await take(clinic, seat)

    assert not await holds(clinic, seat, first)
    assert await holds(clinic, seat, second)
    assert page.last("replaced") == {"type": "replaced", "except_tab": None}
    assert (await clinic.patient(visit)).state == "waiting"


async def test_the_old_tab_closing_after_the_new_one_came_marks_nobody_gone(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    person = await clinic.patient(visit)

    await take(clinic, seat)
    await clinic.act(lobby.patient_back, person.id, "tab-2")
    await clinic.act(lobby.patient_gone, person.id, "tab-1")

    person = await clinic.patient(visit)
    assert (person.state, person.present, person.tab) == ("connected", True, "tab-2")


async def test_who_left_comes_back_by_the_same_link(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    await clinic.act(lobby.patient_left, seat.id)

    await take(clinic, seat)

    assert (await clinic.patient(visit)).state == "opened"


async def test_a_dead_link_cannot_be_started(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=5, minutes=15)
    seat = await clinic.waiting(visit)
    await clinic.staff(service.end_visit, visit)
    late = await clinic.visit("appointment-2")
    late_seat = await clinic.seat(late)
    off = await clinic.visit("appointment-3")
    off_seat = await clinic.seat(off)
    await clinic.act(life.cancel_visit, off.id, by=NURSE, reason="cancelled")
    clinic.later(minutes=141)

    for dead in (seat, late_seat, off_seat):
        with pytest.raises(LinkDead):
            await take(clinic, dead)


async def test_a_seat_is_made_once_and_remembers_a_language(clinic: Clinic) -> None:
    visit = await clinic.visit()

    async with clinic.database.work() as work:
        same = await ensure_patient_seat(
            clinic.desk, work, clinic.org_id, clinic.connection, visit.appointment_ref, language="es"
        )

    assert same.id == (await clinic.seat(visit)).id
    assert (await clinic.seat(visit)).language == "es"
