"""The patient's way: link, device tests, lobby, call, and back again."""

import json

import pytest

from housecall.visits import life, lobby, service
from housecall.visits.errors import NotAdmitted, SeatUnknown
from tests.visits.clinic import NURSE, Clinic

STATE_KEYS = {
    "type", "seat", "rev", "visit_state", "state", "lobby", "waiting_since", "starts_at", "opens_at",
    "server_now", "message", "can_text", "texting", "handing",
}  # fmt: skip


async def test_entering_the_lobby_is_seen_by_patient_and_panel(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.start(visit)
    page, panel = await clinic.page(visit), clinic.panel(visit)

    await clinic.act(lobby.begin_checking, seat.id)
    clinic.later(seconds=20)
    answer = await clinic.act(lobby.enter_lobby, seat.id)

    assert answer == page.last("state")
    assert set(answer) == STATE_KEYS
    assert (answer["state"], answer["lobby"], answer["visit_state"]) == ("waiting", "waiting", "open")
    assert answer["waiting_since"] == clinic.now.isoformat()
    patient = panel.last("visit")["visit"]["patient"]
    assert patient["state"] == "waiting"
    assert patient["arrival"] == {"at": clinic.now.isoformat(), "acknowledged": False}
    assert [one["visit"]["rev"] for one in panel.of("visit")] == sorted(
        {one["visit"]["rev"] for one in panel.of("visit")}
    )


async def test_before_the_window_the_lobby_is_early_and_devices_can_be_tested(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=60)
    seat = await clinic.start(visit)
    await clinic.act(lobby.begin_checking, seat.id)

    answer = await clinic.act(lobby.enter_lobby, seat.id)

    assert (answer["state"], answer["lobby"]) == ("checking", "early")
    assert answer["opens_at"] == (await clinic.fresh(visit)).starts_at.replace(minute=30, hour=15).isoformat()
    clinic.later(minutes=30)
    assert (await clinic.act(lobby.enter_lobby, seat.id))["lobby"] == "waiting"


async def test_the_lobby_may_be_entered_straight_from_opened(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.start(visit)

    await clinic.act(lobby.enter_lobby, seat.id)

    assert (await clinic.patient(visit)).state == "waiting"


async def test_testing_devices_again_keeps_the_place(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    since = (await clinic.patient(visit)).waiting_since
    clinic.later(minutes=2)

    await clinic.act(lobby.begin_checking, seat.id)
    await clinic.act(lobby.record_check, seat.id, {"camera": "ok", "speaker": "loud", "nose": "ok"})
    await clinic.act(lobby.enter_lobby, seat.id)

    person = await clinic.patient(visit)
    assert (person.state, person.waiting_since) == ("waiting", since)
    assert person.device == {"camera": "ok", "because": {}, "at": clinic.now.isoformat()}


async def test_before_admission_the_patient_hears_nothing_of_staff(clinic: Clinic) -> None:
    visit = await clinic.visit()
    page = await clinic.page(visit)
    seat = await clinic.start(visit)
    await clinic.act(lobby.enter_lobby, seat.id)

    view = await clinic.join(visit)
    await clinic.staff(service.acknowledge_arrival, visit)
    with pytest.raises(NotAdmitted):
        await clinic.act(lobby.patient_joined, seat.id)

    async with clinic.database.work() as work:
        assert await lobby.room_of(clinic.desk, work, clinic.org_id, seat.id) is None
    assert {message["type"] for message in page.heard} == {"state"}
    heard = json.dumps(page.heard)
    assert view.self_id not in heard
    assert "user-1" not in heard
    assert "practitioner-1" not in heard


async def test_after_admission_the_patient_hears_ids_and_roles_only(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    page = await clinic.page(visit)
    staff = await clinic.join(visit)

    await clinic.staff(service.admit, visit)

    admitted = page.last("admitted")
    assert admitted == {
        "type": "admitted",
        "self": (await clinic.patient(visit)).id,
        "ice_servers": [],
        "relay_only": False,
        "peers": [{"peer": staff.self_id, "role": "clinician"}],
    }
    assert page.last("state")["state"] == "admitted"
    assert "user-1" not in json.dumps(page.heard)


async def test_leaving_the_lobby_and_coming_back_keeps_the_first_arrival(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    first = clinic.now
    clinic.later(minutes=1)

    left = await clinic.act(lobby.patient_left, seat.id)
    back = await clinic.act(lobby.come_back, seat.id)
    clinic.later(minutes=1)
    again = await clinic.act(lobby.enter_lobby, seat.id)

    assert [left["state"], back["state"], again["state"]] == ["left", "opened", "waiting"]
    patient = (await clinic.view(visit))["patient"]
    assert patient["first_waiting_at"] == first.isoformat()
    assert patient["waiting_since"] == clinic.now.isoformat()
    assert patient["arrival"]["acknowledged"] is False


async def test_a_declined_patient_may_ask_again(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    page = await clinic.page(visit)

    await clinic.staff(service.decline, visit)
    declined = page.last("state")
    again = await clinic.act(lobby.enter_lobby, seat.id)

    assert (declined["state"], declined["lobby"]) == ("declined", "declined")
    assert again["state"] == "waiting"


async def test_a_visit_cancelled_while_the_patient_waits_says_so(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    page = await clinic.page(visit)

    await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")

    assert page.last("over")["reason"] == "cancelled"
    assert page.last("state")["lobby"] == "cancelled"
    answer = await clinic.act(lobby.enter_lobby, seat.id)
    assert (answer["lobby"], answer["visit_state"], answer["state"]) == ("cancelled", "cancelled", "left")


async def test_a_visit_moved_while_the_patient_waits_says_when(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    page = await clinic.page(visit)
    start, end = visit.starts_at.replace(hour=19), visit.ends_at.replace(hour=19)

    await clinic.act(life.move_visit_time, visit.id, start, end, by=NURSE)

    assert page.last("over")["reason"] == "moved"
    told = page.last("state")
    assert (told["seat"], told["lobby"], told["starts_at"]) == (seat.id, "moved", start.isoformat())
    assert (await clinic.act(lobby.come_back, seat.id))["lobby"] == "moved"
    patient = (await clinic.view(visit))["patient"]
    assert (patient["state"], patient["first_waiting_at"], patient["arrival"]) == ("invited", None, None)


async def test_the_new_link_of_a_moved_visit_leads_to_the_lobby(clinic: Clinic) -> None:
    visit = await clinic.visit()
    old = await clinic.waiting(visit)
    start, end = visit.starts_at.replace(minute=20), visit.ends_at.replace(minute=35)
    await clinic.act(life.move_visit_time, visit.id, start, end, by=NURSE)
    heard_by_old = clinic.hears(await clinic.act(lambda desk, work, org_id: who(work, org_id, old.id)))

    new = await clinic.waiting(visit)

    assert new.id != old.id
    assert (await clinic.patient(visit)).state == "waiting"
    assert heard_by_old.heard == []


async def who(work, org_id, seat_id):  # type: ignore[no-untyped-def]
    return (await lobby.patient_of(work, org_id, seat_id)).id


async def test_after_the_end_the_lobby_is_over(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)

    answer = await clinic.act(lobby.enter_lobby, seat.id)

    assert (answer["state"], answer["lobby"], answer["visit_state"]) == ("left", "over", "ended")


async def test_coming_late_within_the_window_opens_a_missed_visit_again(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.act(life.mark_no_show, visit.id, by=NURSE)
    clinic.later(minutes=40)

    await clinic.waiting(visit)

    assert (await clinic.fresh(visit)).state == "open"


async def test_a_lost_socket_makes_the_call_reconnect_and_a_new_one_mends_it(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    person, room_ear = await clinic.patient(visit), clinic.in_room(visit)

    await clinic.act(lobby.patient_gone, person.id, "tab-1")
    lost = await clinic.view(visit)
    back = await clinic.act(lobby.patient_back, person.id, "tab-1")

    assert (lost["patient"]["state"], lost["patient"]["present"]) == ("reconnecting", False)
    assert back["state"] == "connected"
    assert (await clinic.patient(visit)).reconnects == 1
    assert room_ear.heard == []


async def test_a_newer_tab_replaces_the_older_one(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    person, page = await clinic.patient(visit), await clinic.page(visit)

    await clinic.act(lobby.patient_back, person.id, "tab-2")
    await clinic.act(lobby.patient_gone, person.id, "tab-1")

    assert page.last("replaced") == {"type": "replaced", "except_tab": "tab-2"}
    assert (await clinic.patient(visit)).present


async def test_an_admitted_patient_who_loses_the_socket_is_still_admitted(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    await clinic.staff(service.admit, visit)
    person = await clinic.patient(visit)

    await clinic.act(lobby.patient_gone, person.id, "tab-1")
    back = await clinic.act(lobby.patient_back, person.id, "tab-1")
    await clinic.act(lobby.patient_joined, seat.id)

    assert back["state"] == "admitted"
    assert (await clinic.patient(visit)).state == "connected"


async def test_the_clinics_word_reaches_whoever_waits_in_their_language(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.waiting(visit)
    page = await clinic.page(visit)
    async with clinic.database.work() as work:
        (await work.session.merge(seat)).language = "es-MX"

    view = await clinic.staff(service.message_waiting, visit, text_key="soon")

    assert view["hold_message"] == "soon"
    assert page.last("state")["message"] == {
        "key": "soon",
        "text": "Le dejaremos entrar en breve.",
        "at": clinic.now.isoformat(),
    }


async def test_another_organisations_seat_is_unknown(clinic: Clinic) -> None:
    seat = await clinic.seat(await clinic.visit())
    stranger = type(clinic.org_id)(int=1)

    with pytest.raises(SeatUnknown):
        async with clinic.database.work() as work:
            await lobby.patient_state(clinic.desk, work, stranger, seat.id)
    with pytest.raises(SeatUnknown):
        async with clinic.database.work() as work:
            await lobby.enter_lobby(clinic.desk, work, stranger, seat.id)
