"""Who is in the room, who hears of it, and what is counted."""

import asyncio

import pytest

from housecall.audit.model import Actor, By
from housecall.visits import lobby, room, service
from housecall.visits.errors import RoomFull, VisitOver
from tests.visits.clinic import NURSE, Clinic


async def test_the_visit_begins_when_both_sides_are_there(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    ear = clinic.in_room(visit)
    await clinic.staff(service.admit, visit)
    clinic.later(seconds=5)
    await clinic.act(lobby.patient_joined, seat.id)
    assert (await clinic.fresh(visit)).began_at is None
    clinic.later(seconds=5)

    view = await clinic.join(visit)

    assert (await clinic.fresh(visit)).began_at == clinic.now
    patient = await clinic.patient(visit)
    assert view.peers == [{"peer": patient.id, "role": "patient", "state": "connected"}]
    assert ear.heard == [
        {"type": "peer-joined", "peer": patient.id, "role": "patient"},
        {"type": "peer-joined", "peer": view.self_id, "role": "clinician"},
    ]
    assert (await clinic.acts()).count("visits:visit:begun") == 1


async def test_joining_again_after_a_lost_socket_is_no_second_attendee(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    ear = clinic.in_room(visit)

    await clinic.act(room.staff_gone, visit.id, user_ref="user-1", tab="staff-tab")
    lost = (await clinic.view(visit))["others"][0]["state"]
    view = await clinic.join(visit)

    assert lost == "reconnecting"
    assert (await clinic.view(visit))["others"][0] == {
        "participant": view.self_id,
        "role": "clinician",
        "state": "connected",
        "user": "user-1",
        "asked": None,
    }
    assert (await clinic.fresh(visit)).attendees_total == 2
    assert ear.heard == []


async def test_a_clinicians_newer_tab_takes_the_call_and_the_older_ones_end_changes_nothing(
    clinic: Clinic,
) -> None:
    visit = await clinic.visit()
    first = await clinic.join(visit, tab="one")
    ear = clinic.hears(first.self_id)

    await clinic.join(visit, tab="two")
    await clinic.act(room.staff_gone, visit.id, user_ref="user-1", tab="one")
    await clinic.act(room.leave, visit.id, user_ref="user-1", tab="one", by=NURSE)

    assert ear.last("replaced")["except_tab"] == "two"
    assert (await clinic.view(visit))["others"][0]["state"] == "connected"


async def test_leaving_is_heard_and_the_visit_goes_on(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    ear = clinic.in_room(visit)

    await clinic.act(room.leave, visit.id, user_ref="user-1", tab="staff-tab", by=NURSE)
    view = await clinic.view(visit)
    back = await clinic.join(visit)

    assert ear.of("peer-left") == [{"type": "peer-left", "peer": back.self_id}]
    assert (view["state"], view["others"][0]["state"]) == ("in_progress", "left")
    assert (await clinic.fresh(visit)).attendees_total == 2


async def test_a_patient_who_leaves_is_out_of_the_room_and_hears_so(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    ear, page = clinic.in_room(visit), await clinic.page(visit)

    await clinic.act(lobby.patient_left, seat.id)

    assert ear.last("peer-left")["peer"] == (await clinic.patient(visit)).id
    assert page.last("over")["reason"] == "left"
    assert (await clinic.fresh(visit)).state == "in_progress"


async def test_who_left_the_call_waits_again_and_is_admitted_again(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.act(lobby.patient_left, seat.id)

    await clinic.act(lobby.come_back, seat.id)
    await clinic.act(lobby.enter_lobby, seat.id)
    await clinic.staff(service.admit, visit)
    await clinic.act(lobby.patient_joined, seat.id)

    fresh = await clinic.fresh(visit)
    assert (fresh.attendees_total, fresh.attendees_peak) == (2, 2)
    assert (await clinic.patient(visit)).left_at is None


async def test_the_peak_is_those_at_once_and_the_total_all_who_came(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.act(room.leave, visit.id, user_ref="user-1", by=NURSE)

    await clinic.join(visit, user="user-2", tab="other")

    fresh = await clinic.fresh(visit)
    assert (fresh.attendees_total, fresh.attendees_peak) == (3, 2)


async def test_a_place_is_kept_for_the_patient(clinic: Clinic) -> None:
    visit = await clinic.visit()
    for number in range(3):
        await clinic.join(visit, user=f"user-{number}", tab=str(number))

    with pytest.raises(RoomFull):
        await clinic.join(visit, user="user-4", tab="4")
    await clinic.join(visit, user="user-2", tab="again")


async def test_everybody_joining_at_once_is_counted_right(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    await clinic.staff(service.admit, visit)

    await asyncio.gather(
        clinic.act(lobby.patient_joined, seat.id),
        clinic.join(visit),
        clinic.join(visit, user="user-2", tab="2"),
    )

    fresh = await clinic.fresh(visit)
    assert (fresh.attendees_total, fresh.attendees_peak, fresh.began_at) == (3, 3, clinic.now)


async def test_a_visit_that_is_over_has_no_room(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)

    with pytest.raises(VisitOver):
        await clinic.join(visit)
    assert await clinic.act(room.staff_back, visit.id, user_ref="user-1", tab="staff-tab", by=NURSE) is None


async def test_a_clinician_may_come_first_and_early(clinic: Clinic) -> None:
    early, soon = await clinic.visit(in_minutes=120), await clinic.visit("appointment-2")

    await clinic.join(early)
    await clinic.join(soon)

    assert (await clinic.fresh(early)).state == "scheduled"
    assert (await clinic.fresh(soon)).state == "open"


async def test_peers_are_ids_roles_and_states(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    patient = await clinic.patient(visit)

    async with clinic.database.work() as work:
        peers = await room.peers_of(work, clinic.org_id, visit.id, patient.id)

    assert [set(peer) for peer in peers] == [{"peer", "role", "state"}]


async def test_staff_who_never_joined_leave_nothing_behind(clinic: Clinic) -> None:
    visit = await clinic.visit()

    await clinic.act(room.leave, visit.id, user_ref="user-9", by=By(Actor.clinician, "user-9"))
    await clinic.act(room.staff_gone, visit.id, user_ref="user-9", tab="t")

    assert (await clinic.view(visit))["others"] == []
