"""Interpreters and relatives: invited by a link of their own, let in one by one, kept apart in what is counted."""

import asyncio
from datetime import timedelta

import pytest

from housecall.audit.model import Actor, By
from housecall.visits import guests, life, lobby, room, service
from housecall.visits.errors import (
    CannotBeTexted,
    GuestInvalid,
    GuestUnknown,
    IllegalParticipantMove,
    LinkDead,
    NotAdmitted,
    RoomFull,
    SurveyClosed,
    TooManyGuests,
    VisitOver,
)
from housecall.visits.seats import take_seat
from housecall.visits.store import get_seat
from housecall.visits.survey import answer_survey
from housecall.visits.tables import Participant, Visit
from housecall.visits.texting_ready import ask_for_text
from tests.visits.clinic import NURSE, Clinic, Guest


async def _person(clinic: Clinic, guest: Guest) -> Participant:
    async with clinic.database.work() as work:
        return await work.session.get_one(Participant, guest.id)


async def _admit(clinic: Clinic, visit: Visit, guest: Guest) -> None:
    await clinic.staff(service.admit, visit, who=guest.id)
    await clinic.act(lobby.patient_joined, guest.seat.id)


async def test_a_guest_has_a_link_that_says_a_role_and_staff_see_who_waits_in_which_language(
    clinic: Clinic,
) -> None:
    visit = await clinic.visit()

    guest = await clinic.guest_waits(visit, "interpreter", "so")

    shown = (await clinic.view(visit))["guests"]
    assert [(one["participant"], one["role"], one["language"], one["state"]) for one in shown] == [
        (guest.id, "interpreter", "so", "waiting")
    ]
    assert shown[0]["present"] is True
    assert "interpreter" not in guest.link
    acts = await clinic.acts()
    assert {"visits:guest:invited", "visits:link:opened", "visits:lobby:entered"} <= set(acts)


async def test_a_guest_who_comes_opens_no_visit_and_tells_the_ehr_nothing(clinic: Clinic) -> None:
    visit = await clinic.visit()

    await clinic.guest_waits(visit)

    fresh = await clinic.fresh(visit)
    assert (fresh.state, fresh.opened_at) == ("scheduled", None)
    assert "visits:visit:opened" not in await clinic.acts()
    assert (await clinic.patient(visit)).state == "invited"


async def test_each_one_who_waits_is_let_in_by_themselves(clinic: Clinic) -> None:
    visit = await clinic.visit()
    patient = await clinic.waiting(visit)
    interpreter = await clinic.guest_waits(visit)
    relative = await clinic.guest_waits(visit, "family", "da")
    await clinic.join(visit)

    await clinic.staff(service.admit, visit, who=interpreter.id)

    assert (await _person(clinic, interpreter)).state == "admitted"
    assert (await _person(clinic, relative)).state == "waiting"
    assert (await clinic.patient(visit)).state == "waiting"
    for seat_id in (relative.seat.id, patient.id):
        with pytest.raises(NotAdmitted):
            await clinic.act(lobby.patient_joined, seat_id)
    assert "visits:guest:admitted" in await clinic.acts()
    assert "visits:patient:admitted" not in await clinic.acts()


async def test_the_room_hears_roles_and_nobodys_name(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    ear = clinic.in_room(visit)

    await clinic.staff(service.admit, visit, who=interpreter.id)
    view = await clinic.act(lobby.patient_joined, interpreter.seat.id)

    assert ear.of("peer-joined") == [{"type": "peer-joined", "peer": interpreter.id, "role": "interpreter"}]
    assert {peer["role"] for peer in view.peers} == {"patient", "clinician"}
    assert all(peer.keys() == {"peer", "role", "state"} for peer in view.peers)


async def test_an_interpreter_let_in_before_the_patient_begins_no_visit(clinic: Clinic) -> None:
    visit = await clinic.visit()
    interpreter = await clinic.guest_waits(visit)
    await clinic.join(visit)

    await _admit(clinic, visit, interpreter)

    fresh = await clinic.fresh(visit)
    assert (fresh.state, fresh.began_at) == ("open", None)
    clinic.later(minutes=2)
    seat = await clinic.waiting(visit)
    await clinic.staff(service.admit, visit)
    await clinic.act(lobby.patient_joined, seat.id)
    fresh = await clinic.fresh(visit)
    assert (fresh.state, fresh.began_at) == ("in_progress", clinic.now)
    assert fresh.lobby_wait_s == 0


async def test_nobody_alone_in_the_room_comes_in_by_themselves(clinic: Clinic) -> None:
    visit = await clinic.visit()
    interpreter = await clinic.guest_waits(visit)

    with pytest.raises(NotAdmitted):
        await clinic.act(lobby.patient_joined, interpreter.seat.id)


async def test_four_fit_and_a_fifth_is_told_so_while_the_patients_place_is_kept(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.join(visit)
    first, second, third = [await clinic.guest_waits(visit, "family") for _ in range(3)]
    await _admit(clinic, visit, first)
    await _admit(clinic, visit, second)

    with pytest.raises(RoomFull, match="Four people fit"):
        await clinic.staff(service.admit, visit, who=third.id)

    seat = await clinic.waiting(visit)
    await clinic.staff(service.admit, visit)
    await clinic.act(lobby.patient_joined, seat.id)
    assert (await clinic.fresh(visit)).attendees_peak == 4
    with pytest.raises(RoomFull):
        await clinic.join(visit, user="user-2", tab="other")
    await clinic.act(lobby.patient_left, first.seat.id)
    await clinic.staff(service.admit, visit, who=third.id)


async def test_two_who_are_let_in_at_once_do_not_both_take_the_last_place(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await _admit(clinic, visit, await clinic.guest_waits(visit))
    rivals = [await clinic.guest_waits(visit, "family") for _ in range(2)]

    answers = await asyncio.gather(
        *(clinic.staff(service.admit, visit, who=one.id) for one in rivals), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["RoomFull", "dict"]


async def test_a_place_is_kept_for_a_clinician_who_is_not_there_yet(clinic: Clinic) -> None:
    visit = await clinic.visit()
    waiting = [await clinic.guest_waits(visit) for _ in range(3)]
    for one in waiting[:2]:
        await _admit(clinic, visit, one)

    with pytest.raises(RoomFull):
        await clinic.staff(service.admit, visit, who=waiting[2].id)
    await clinic.join(visit)


async def test_a_guest_leaving_or_lost_touches_nobody_else(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    await _admit(clinic, visit, interpreter)
    ear = clinic.in_room(visit)

    await clinic.act(lobby.patient_gone, interpreter.id, f"tab-of-{interpreter.id}")
    await clinic.act(lobby.patient_left, interpreter.seat.id)

    assert ear.heard == [{"type": "peer-left", "peer": interpreter.id}]
    assert (await clinic.patient(visit)).state == "connected"
    assert (await clinic.view(visit))["others"][0]["state"] == "connected"


async def test_minutes_in_the_room_are_counted_for_each_and_without_the_time_outside(clinic: Clinic) -> None:
    visit = await clinic.visit(minutes=60)
    seat = await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    clinic.later(minutes=2)
    await _admit(clinic, visit, interpreter)
    clinic.later(minutes=5)
    await clinic.staff(service.send_back, visit, who=interpreter.id)
    clinic.later(minutes=3)
    await _admit(clinic, visit, interpreter)
    clinic.later(minutes=1)
    await clinic.act(lobby.patient_left, interpreter.seat.id)
    clinic.later(minutes=4)

    await clinic.staff(service.end_visit, visit)

    assert (await _person(clinic, interpreter)).room_s == 6 * 60
    patient = await clinic.patient(visit)
    assert (patient.room_s, patient.room_since) == (15 * 60, None)
    assert seat.id == patient.seat_id
    assert "visits:guest:sent_back" in await clinic.acts()


async def test_a_declined_guest_is_not_the_patient(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    relative = await clinic.guest_waits(visit, "family")

    await clinic.staff(service.decline, visit, who=relative.id)

    assert (await _person(clinic, relative)).state == "declined"
    assert (await clinic.patient(visit)).state == "waiting"
    assert "visits:guest:declined" in await clinic.acts()


async def test_a_withdrawn_link_is_dead_and_who_came_by_it_is_out(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    await _admit(clinic, visit, interpreter)
    room, page = clinic.in_room(visit), clinic.hears(interpreter.id)

    await clinic.act(guests.withdraw, visit.id, who=interpreter.id, by=NURSE)

    assert room.last("peer-left")["peer"] == interpreter.id
    assert page.last("state")["lobby"] == "withdrawn"
    assert (await clinic.view(visit))["guests"] == []
    async with clinic.database.work() as work:
        seat = await get_seat(work, clinic.org_id, interpreter.seat.id)
    assert seat.revoked_because == "withdrawn"
    with pytest.raises(LinkDead):
        async with clinic.database.work() as work:
            await take_seat(clinic.desk, work, seat)
    for act in (service.admit, service.decline, guests.withdraw):
        with pytest.raises(GuestUnknown):
            await clinic.act(act, visit.id, who=interpreter.id, by=NURSE)


async def test_a_move_keeps_the_guests_link_and_expects_them_at_the_later_time(clinic: Clinic) -> None:
    visit = await clinic.visit()
    interpreter = await clinic.guest_waits(visit)
    page = clinic.hears(interpreter.id)
    start = visit.starts_at + timedelta(days=1)

    await clinic.act(
        life.move_visit_time, visit.id, start, start + timedelta(minutes=15), by=By(Actor.system, "feed")
    )

    state = page.last("state")
    assert (state["state"], state["lobby"], state["starts_at"]) == ("invited", "early", start.isoformat())
    person = await _person(clinic, interpreter)
    assert (person.state, person.first_waiting_at) == ("invited", None)
    again = await clinic.act(guests.show_link, visit.id, who=interpreter.id, by=NURSE)
    assert again == interpreter.link


async def test_a_guests_link_dies_with_the_cancelled_visit(clinic: Clinic) -> None:
    visit = await clinic.visit()
    interpreter = await clinic.guest_waits(visit)
    page = clinic.hears(interpreter.id)

    await clinic.act(life.cancel_visit, visit.id, by=By(Actor.system, "feed"), reason="cancelled")

    assert page.last("state")["lobby"] == "cancelled"
    with pytest.raises(LinkDead):
        async with clinic.database.work() as work:
            await take_seat(clinic.desk, work, interpreter.seat)
    with pytest.raises(VisitOver):
        await clinic.act(guests.show_link, visit.id, who=interpreter.id, by=NURSE)
    with pytest.raises(VisitOver):
        await clinic.invite(visit)


async def test_a_visit_begun_again_expects_its_guests_by_the_same_links(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    gone = await clinic.invite(visit, "family")
    await clinic.act(guests.withdraw, visit.id, who=gone.participant, by=NURSE)
    await _admit(clinic, visit, interpreter)
    page = clinic.hears(interpreter.id)
    await clinic.staff(service.end_visit, visit)

    again = await clinic.staff(life.restart_visit, visit)

    (guest,) = again["guests"]
    assert (guest["role"], guest["state"]) == ("interpreter", "invited")
    assert page.last("reseated") == {"type": "reseated", "participant": guest["participant"]}
    await clinic.act(lobby.patient_back, guest["participant"], "tab-9")
    await clinic.act(lobby.enter_lobby, interpreter.seat.id)


async def test_a_guest_who_stays_on_keeps_no_visit_going(clinic: Clinic) -> None:
    visit = await clinic.visit(minutes=60)
    seat = await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)
    await _admit(clinic, visit, interpreter)
    await clinic.act(lobby.patient_left, seat.id)
    await clinic.act(room.leave, visit.id, user_ref="user-1", by=NURSE)
    clinic.later(minutes=6)

    await clinic.sweep()

    assert (await clinic.fresh(visit)).state == "ended"
    assert (await _person(clinic, interpreter)).state == "left"


async def test_a_guest_who_waits_does_not_make_a_missed_visit_kept(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.guest_waits(visit)
    clinic.later(hours=5)

    await clinic.sweep()

    assert (await clinic.fresh(visit)).state == "no_show"


async def test_links_are_for_interpreters_and_family_in_a_language_and_six_are_enough(clinic: Clinic) -> None:
    visit = await clinic.visit()

    for role, language in (("clinician", "en"), ("patient", "en"), ("family", "English"), ("family", "")):
        with pytest.raises(GuestInvalid):
            await clinic.invite(visit, role, language)
    for _ in range(guests.MOST_LINKS):
        await clinic.invite(visit)
    with pytest.raises(TooManyGuests):
        await clinic.invite(visit)


async def test_what_is_read_from_the_patients_record_is_nothing_for_guests(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    interpreter = await clinic.guest_waits(visit)

    with pytest.raises(CannotBeTexted):
        await ask_for_text(clinic.desk, clinic.database, clinic.org_id, interpreter.seat.id)
    await _admit(clinic, visit, interpreter)
    await clinic.staff(service.end_visit, visit)
    with pytest.raises(SurveyClosed):
        await clinic.act(answer_survey, interpreter.seat.id, visit="good", sound="good")


async def test_a_guest_who_does_not_wait_is_not_let_in(clinic: Clinic) -> None:
    visit = await clinic.visit()
    invited = await clinic.invite(visit)

    with pytest.raises(IllegalParticipantMove):
        await clinic.staff(service.admit, visit, who=invited.participant)
    with pytest.raises(GuestUnknown):
        await clinic.staff(service.admit, visit, who=(await clinic.patient(visit)).id)
