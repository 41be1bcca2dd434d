"""What staff do: admit, decline, hold, send back, end, begin again."""

import asyncio

import pytest

from housecall.audit.model import Actor, By
from housecall.visits import life, lobby, service
from housecall.visits.errors import (
    IllegalParticipantMove,
    IllegalVisitMove,
    RestartTooLate,
    VisitOver,
    VisitUnknown,
    WordUnknown,
)
from tests.visits.clinic import NURSE, Clinic


async def test_admit_lets_the_patient_in_and_begins_the_visit(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    clinic.later(seconds=75)

    view = await clinic.staff(service.admit, visit)

    assert (view["state"], view["patient"]["state"]) == ("in_progress", "admitted")
    assert view["patient"]["arrival"]["acknowledged"] is True
    fresh = await clinic.fresh(visit)
    assert (fresh.lobby_wait_s, fresh.began_at) == (75, None)
    assert "visits:patient:admitted" in await clinic.acts()


async def test_the_wait_counts_from_the_first_entry_to_the_first_admission(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    clinic.later(seconds=30)
    await clinic.act(lobby.patient_left, seat.id)
    clinic.later(seconds=30)
    await clinic.act(lobby.enter_lobby, seat.id)
    clinic.later(seconds=30)
    await clinic.staff(service.admit, visit)
    await clinic.staff(service.send_back, visit)
    clinic.later(minutes=10)

    await clinic.staff(service.admit, visit)

    assert (await clinic.fresh(visit)).lobby_wait_s == 90


async def test_two_who_admit_at_once_admit_once(clinic: Clinic) -> None:
    """The second press comes while the first is not committed yet: it waits, and finds it done."""
    visit = await clinic.visit()
    await clinic.waiting(visit)
    page = await clinic.page(visit)

    async with clinic.database.work() as first:
        answer = await service.admit(clinic.desk, first, clinic.org_id, visit.id, by=NURSE)
        other = By(Actor.clinician, "user-2")
        second = asyncio.create_task(clinic.act(service.admit, visit.id, by=other))
        await asyncio.wait_for(clinic.somebody_waits_for_a_lock(), 10)

    assert await second == answer
    assert len(page.of("admitted")) == 1
    assert (await clinic.acts()).count("visits:patient:admitted") == 1


async def test_admitting_twice_answers_the_same(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    assert await clinic.staff(service.admit, visit) == await clinic.staff(service.admit, visit)


@pytest.mark.parametrize(
    "act", [service.admit, service.decline, service.hold, service.resume, service.send_back]
)
async def test_who_does_not_wait_cannot_be_let_in_or_out(clinic: Clinic, act: object) -> None:
    visit = await clinic.visit()
    before = await clinic.view(visit)

    with pytest.raises(IllegalParticipantMove):
        await clinic.staff(act, visit)  # type: ignore[arg-type]

    assert await clinic.view(visit) == before


async def test_hold_and_resume(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    page = await clinic.page(visit)

    await clinic.staff(service.hold, visit)
    held = page.last("state")
    again = await clinic.staff(service.hold, visit)
    resumed = await clinic.staff(service.resume, visit)

    assert (held["state"], held["lobby"]) == ("held", "held")
    assert again["patient"]["state"] == "held"
    assert resumed["patient"]["state"] == "connected"
    assert len(page.of("admitted")) == 1


async def test_admit_takes_a_held_patient_off_hold(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.staff(service.hold, visit)

    assert (await clinic.staff(service.admit, visit))["patient"]["state"] == "connected"


async def test_whoever_is_off_hold_without_a_socket_is_reconnecting(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.staff(service.hold, visit)
    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")

    assert (await clinic.staff(service.resume, visit))["patient"]["state"] == "reconnecting"


async def test_sent_back_the_patient_waits_out_of_the_room(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    room_ear, page = clinic.in_room(visit), await clinic.page(visit)
    clinic.later(minutes=3)

    view = await clinic.staff(service.send_back, visit)

    assert view["patient"]["state"] == "waiting"
    assert view["patient"]["waiting_since"] == clinic.now.isoformat()
    assert room_ear.last("peer-left")["peer"] == view["patient"]["participant"]
    assert page.last("state")["lobby"] == "waiting"
    assert (await clinic.staff(service.send_back, visit))["patient"]["state"] == "waiting"


async def test_ending_is_heard_by_everybody_and_counted(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    began = clinic.now
    page, staff = await clinic.page(visit), await clinic.join(visit)
    other = clinic.hears(staff.self_id)
    clinic.later(minutes=12)

    view = await clinic.staff(service.end_visit, visit)
    again = await clinic.staff(service.end_visit, visit)

    assert (view["state"], view["can_restart"], again["state"]) == ("ended", True, "ended")
    assert page.last("over")["reason"] == other.last("over")["reason"] == "ended"
    fresh = await clinic.fresh(visit)
    assert (fresh.began_at, fresh.ended_at, fresh.end_reason) == (began, clinic.now, "ended")
    assert (fresh.attendees_total, fresh.attendees_peak) == (2, 2)
    with pytest.raises(VisitOver):
        await clinic.staff(service.admit, visit)


async def test_ending_before_anybody_was_admitted_leaves_no_beginning(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    await clinic.staff(service.end_visit, visit)

    fresh = await clinic.fresh(visit)
    assert (fresh.state, fresh.began_at, fresh.lobby_wait_s) == ("ended", None, None)


async def test_a_visit_that_nobody_opened_cannot_be_ended(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=60)

    with pytest.raises(IllegalVisitMove):
        await clinic.staff(service.end_visit, visit)


async def test_the_first_acknowledgement_is_written_down(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    view = await clinic.staff(service.acknowledge_arrival, visit)
    await clinic.act(service.acknowledge_arrival, visit.id, by=By(Actor.clinician, "user-2"))

    assert view["patient"]["arrival"]["acknowledged"] is True
    assert (await clinic.patient(visit)).acknowledged_by == "user-1"
    assert (await clinic.acts()).count("visits:arrival:acknowledged") == 1


async def test_language_and_time_zone_are_forgotten_when_the_visit_is_over(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    async with clinic.database.work() as work:
        kept = await work.session.merge(seat)
        kept.language, kept.time_zone = "es", "America/Chicago"

    await clinic.staff(service.end_visit, visit)

    seat = await clinic.seat(visit)
    assert (seat.language, seat.time_zone) == (None, None)


async def test_a_visit_ended_by_a_slip_goes_on_by_the_same_link(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)
    page, panel, before = await clinic.page(visit), clinic.panel(visit), await clinic.patient(visit)

    view = await clinic.staff(service.restart_visit, visit)
    again = await clinic.staff(service.restart_visit, visit)

    assert view["visit"] == again["visit"] != visit.id
    assert (view["ordinal"], view["state"], view["patient"]["state"]) == (2, "open", "invited")
    assert [one["visit"]["visit"] for one in panel.of("visit")] == [view["visit"], visit.id]
    assert panel.last("visit")["visit"]["can_restart"] is False
    assert page.last("reseated")["participant"] == view["patient"]["participant"] != before.id
    assert (page.last("state")["visit_state"], page.last("state")["seat"]) == ("open", seat.id)
    assert (await clinic.act(lobby.enter_lobby, seat.id))["state"] == "waiting"
    assert (await clinic.patient(visit)).state == "left"


async def test_a_visit_cannot_be_started_again_after_its_window(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=5, minutes=15)
    await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)
    clinic.later(minutes=141)

    with pytest.raises(RestartTooLate):
        await clinic.staff(service.restart_visit, visit)


async def test_only_an_ended_visit_can_be_started_again(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    with pytest.raises(VisitOver):
        await clinic.staff(service.restart_visit, visit)


async def test_a_word_that_is_not_in_the_list_is_refused(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    with pytest.raises(WordUnknown):
        await clinic.staff(service.message_waiting, visit, text_key="hello there")


async def test_another_organisations_visit_is_unknown(clinic: Clinic) -> None:
    visit = await clinic.visit()
    stranger = type(clinic.org_id)(int=1)

    for act in (service.admit, service.end_visit, service.acknowledge_arrival, life.restart_visit):
        with pytest.raises(VisitUnknown):
            async with clinic.database.work() as work:
                await act(clinic.desk, work, stranger, visit.id, by=NURSE)
