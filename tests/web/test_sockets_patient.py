"""The patient's live connection, from the first state to the end of the visit."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import JoinDetails
from housecall.meetings.builtin import BuiltinRooms
from housecall.meetings.errors import MeetingError
from housecall.meetings.memory import MemoryRooms
from housecall.realtime.bus import Exchange, MemoryBus
from housecall.realtime.hub import Hub
from housecall.visits import service
from housecall.visits.tables import Visit
from tests.visits.clinic import NURSE, Clinic, open_clinic
from tests.web.live import Live, Page, serve

STATE_FIELDS = {
    "type", "seat", "rev", "visit_state", "state", "lobby", "waiting_since", "starts_at", "opens_at",
    "server_now", "message", "can_text", "texting", "handing",
}  # fmt: skip
OFFER = {"description": {"type": "offer", "sdp": "v=0\r\n"}}
ANSWER = {"description": {"type": "answer", "sdp": "v=0\r\n"}}


class SlowRooms(MemoryRooms):
    """A meeting service that answers when it is told to, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def join_details(self, participant_id: str) -> JoinDetails:
        await self.gate.wait()
        if self.is_down:
            raise MeetingError
        return await super().join_details(participant_id)


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic) -> AsyncIterator[Live]:
    async with serve(clinic) as made:
        yield made


async def call(live: Live, visit: Visit) -> tuple[Page, Page]:
    """Patient and clinician, in the room together."""
    patient = await live.waiting(visit)
    staff = await live.staff(await live.launch(visit.id))
    await staff.say("join", visit=visit.id)
    await staff.until("room")
    await live.clinic.staff(service.admit, visit)
    await patient.until("admitted")
    await patient.say("joined")
    await patient.state("connected")
    await patient.until("admitted")
    await staff.until("peer-joined")
    return patient, staff


async def test_a_patient_tests_waits_is_let_in_and_talks(live: Live) -> None:
    visit = await live.clinic.visit()
    staff = await live.staff(await live.launch(visit.id))
    page = await live.patient(await live.take(visit))

    await page.say("checking")
    await page.state("checking")
    await page.say("check", camera="ok", microphone="warn", because={"microphone": "silent"})
    await page.say("enter-lobby")
    waiting = await page.state("waiting")
    seen = await staff.visit(lambda view: view["patient"]["state"] == "waiting")
    await staff.say("join", visit=visit.id)
    entered = await staff.until("room")
    await live.clinic.staff(service.admit, visit)
    admitted = await page.until("admitted")
    await page.say("joined")
    joined = await staff.until("peer-joined")
    await page.say("signal", to=entered["self"], data=OFFER)
    offer = await staff.until("signal")
    await staff.say("signal", visit=visit.id, to=admitted["self"], data=ANSWER)
    answer = await page.until("signal")

    assert (waiting["lobby"], set(waiting)) == ("waiting", STATE_FIELDS)
    assert seen["patient"]["device"] == {
        "camera": "ok", "microphone": "warn", "because": {"microphone": "silent"},
        "at": live.clinic.now.isoformat(),
    }  # fmt: skip
    assert seen["patient"]["present"]
    assert entered["peers"] == []
    assert admitted == {
        "type": "admitted",
        "self": (await live.clinic.patient(visit)).id,
        "ice_servers": [],
        "relay_only": False,
        "peers": [{"peer": entered["self"], "role": "clinician"}],
    }
    assert joined == {
        "type": "peer-joined", "visit": visit.id, "peer": admitted["self"], "role": "patient"
    }  # fmt: skip
    assert offer == {"type": "signal", "visit": visit.id, "from": admitted["self"], "data": OFFER}
    assert answer == {"type": "signal", "from": entered["self"], "data": ANSWER}


async def test_before_admission_not_a_word_of_the_room_reaches_the_patient(live: Live) -> None:
    visit = await live.clinic.visit()
    page = await live.waiting(visit)
    patient_id = (await live.clinic.patient(visit)).id
    staff = await live.staff(await live.launch(visit.id))

    await staff.say("join", visit=visit.id)
    entered = await staff.until("room")
    await staff.say("signal", visit=visit.id, to=patient_id, data=OFFER)
    refused = await staff.until("error")
    await live.clinic.join(visit, user="user-2", tab="other")
    await staff.say("leave", visit=visit.id)
    await staff.settle()
    await page.say("joined")
    not_admitted = await page.until("error")
    await page.say("signal", to=entered["self"], data=OFFER)
    not_in_room = await page.until("error")
    await page.settle()

    assert refused["code"] == "realtime.peer_unknown"
    assert not_admitted["code"] == "visits.not_admitted"
    assert not_in_room["code"] == "realtime.not_in_room"
    assert set(page.types()) == {"state", "error", "pong"}
    heard = json.dumps(page.heard)
    for word in (entered["self"], "clinician", "user-1", "user-2", "ice_servers", "peer", "tab"):
        assert word not in heard


async def test_the_newest_tab_has_the_visit_and_the_older_one_is_told(live: Live) -> None:
    visit = await live.clinic.visit()
    held = await live.take(visit)
    old = await live.patient(held, "tab-1")
    await old.say("enter-lobby")
    await old.state("waiting")

    new = await live.patient(held, "tab-2")

    assert await old.closed() == (4409, "realtime.replaced")
    assert [message for message in old.heard if message["type"] == "replaced"] == [{"type": "replaced"}]
    assert new.heard[0]["state"] == "waiting"
    await new.settle()
    assert (await live.clinic.patient(visit)).present


async def test_another_browser_that_takes_the_seat_replaces_this_page(live: Live) -> None:
    visit = await live.clinic.visit()
    page = await live.patient(await live.take(visit))

    await live.take(visit)

    assert await page.closed() == (4409, "realtime.replaced")


async def test_a_tab_that_is_back_before_its_old_connection_is_lost_stays_present(live: Live) -> None:
    visit = await live.clinic.visit()
    held = await live.take(visit)
    old = await live.patient(held)
    new = await live.patient(held, resume=True)

    await old.settle()
    await old.close()
    await live.until_pages_are(1)

    assert "replaced" not in old.types()
    assert (await live.clinic.patient(visit)).present
    await new.settle()


async def test_who_loses_the_socket_is_away_and_comes_back_into_the_call(live: Live) -> None:
    visit = await live.clinic.visit()
    held = await live.take(visit)
    staff = await live.staff(await live.launch(visit.id))
    await staff.say("join", visit=visit.id)
    page = await live.patient(held)
    await page.say("enter-lobby")
    await page.state("waiting")
    await live.clinic.staff(service.admit, visit)
    await page.until("admitted")
    await page.say("joined")
    await page.state("connected")

    await page.close()
    away = await staff.visit(lambda view: view["patient"]["state"] == "reconnecting")
    again = await live.patient(held, resume=True)
    admitted = await again.until("admitted")
    await again.say("joined")
    await again.settle()

    assert not away["patient"]["present"]
    assert again.heard[0]["state"] == "connected"
    assert [peer["role"] for peer in admitted["peers"]] == ["clinician"]
    assert (await live.clinic.acts()).count("visits:patient:admitted") == 1
    assert (await live.clinic.fresh(visit)).attendees_total == 2
    assert "peer-left" not in staff.types()


async def test_on_hold_nothing_of_the_room_is_heard_until_it_is_over(live: Live) -> None:
    visit = await live.clinic.visit()
    page, staff = await call(live, visit)
    clinician = next(message["self"] for message in staff.heard if message["type"] == "room")

    await live.clinic.staff(service.hold, visit)
    held = await page.state("held")
    since = len(page.heard)
    await live.clinic.join(visit, user="user-2", tab="other")
    await staff.say("signal", visit=visit.id, to=(await live.clinic.patient(visit)).id, data=OFFER)
    await staff.settle()
    await page.say("signal", to=clinician, data=OFFER)
    refused = await page.until("error")
    await page.say("joined")
    await page.settle()
    during = page.types()[since:]
    await live.clinic.staff(service.resume, visit)
    admitted = await page.until("admitted")

    assert held["lobby"] == "held"
    assert refused["code"] == "realtime.not_in_room"
    assert set(during) == {"error", "pong"}
    assert len(admitted["peers"]) == 2


async def test_sent_back_to_the_lobby_the_patient_is_out_of_the_room(live: Live) -> None:
    visit = await live.clinic.visit()
    page, staff = await call(live, visit)

    await live.clinic.staff(service.send_back, visit)
    state = await page.state("waiting")
    since = len(page.heard)
    left = await staff.until("peer-left")
    await staff.say("leave", visit=visit.id)
    await staff.settle()
    await page.settle()

    assert state["lobby"] == "waiting"
    assert left == {"type": "peer-left", "visit": visit.id, "peer": (await live.clinic.patient(visit)).id}
    assert page.types()[since:] == ["pong"]


async def test_at_the_end_both_sides_hear_that_it_is_over(live: Live) -> None:
    visit = await live.clinic.visit()
    page, staff = await call(live, visit)

    await live.clinic.staff(service.end_visit, visit)

    assert await page.until("over") == {"type": "over", "reason": "ended"}
    assert await staff.until("over") == {"type": "over", "visit": visit.id, "reason": "ended"}
    await staff.say("signal", visit=visit.id, to="p_anybody", data=OFFER)
    assert (await staff.until("error"))["code"] == "realtime.not_in_room"
    await page.settle()


async def test_a_patient_leaves_the_call_and_comes_back_before_the_lobby(live: Live) -> None:
    visit = await live.clinic.visit()
    page, staff = await call(live, visit)

    await page.say("leave")
    await page.state("left")
    over = await page.until("over")
    await staff.until("peer-left")
    await page.say("come-back")
    state = await page.state("opened")

    assert over["reason"] == "left"
    assert state["visit_state"] == "in_progress"


async def test_who_comes_too_early_hears_so_and_hears_it_again(live: Live) -> None:
    visit = await live.clinic.visit(in_minutes=120)
    page = await live.patient(await live.take(visit))

    for _ in range(2):
        await page.say("enter-lobby")
        state = await page.until("state")

        assert (state["lobby"], state["state"]) == ("early", "opened")


async def test_a_visit_begun_again_goes_on_in_the_same_page(live: Live) -> None:
    visit = await live.clinic.visit()
    page, _ = await call(live, visit)
    await live.clinic.staff(service.end_visit, visit)
    await page.until("over")
    live.clinic.later(seconds=10)

    view = await live.clinic.staff(service.restart_visit, visit)
    await page.until("state", lambda state: state["visit_state"] == "open" and state["state"] == "opened")
    await page.say("enter-lobby")
    await page.state("waiting")
    staff = await live.staff(await live.launch(view["visit"]))
    await live.clinic.act(service.admit, view["visit"], by=NURSE)
    admitted = await page.until("admitted")

    assert admitted["self"] == view["patient"]["participant"]
    assert staff.heard[0]["visits"][0]["patient"]["present"]
    assert "reseated" not in page.types()


async def test_with_a_relay_only_its_candidates_pass(clinic: Clinic, clock: FakeClock) -> None:
    relay = BuiltinRooms(clock, ("turn:relay.example",), "a secret for tests")
    host = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
    relayed = "candidate:2 1 udp 41885439 198.51.100.9 60000 typ relay raddr 192.0.2.7 rport 50000"
    async with serve(clinic, meetings=relay) as live:
        page, staff = await call(live, await clinic.visit())
        admitted = next(message for message in page.heard if message["type"] == "admitted")

        for candidate in (host, relayed):
            data = {"candidate": {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}}
            await page.say("signal", to=admitted["peers"][0]["peer"], data=data)
        signal = await staff.until("signal")

    assert admitted["relay_only"]
    assert admitted["ice_servers"][0]["username"].endswith(admitted["self"])
    assert "typ relay raddr 0.0.0.0 rport 0" in signal["data"]["candidate"]["candidate"]
    assert "192.0.2.7" not in json.dumps(staff.heard)


async def test_a_signal_that_makes_no_sense_or_has_no_receiver_is_refused_and_the_socket_stays(
    live: Live,
) -> None:
    page, staff = await call(live, await live.clinic.visit())
    clinician = next(message["self"] for message in staff.heard if message["type"] == "room")

    await page.say("signal", to=clinician, data={"description": OFFER["description"], "candidate": None})
    invalid = await page.until("error")
    await page.say("signal", to="p_somebody", data=OFFER)
    unknown = await page.until("error")

    assert invalid["code"] == "realtime.signal_invalid"
    assert unknown["code"] == "realtime.peer_unknown"
    await page.settle()


async def test_a_meeting_service_that_is_late_calls_nobody_out_of_the_lobby(clinic: Clinic) -> None:
    rooms = SlowRooms()
    async with serve(clinic, meetings=rooms) as live:
        visit = await clinic.visit()
        page = await live.waiting(visit)

        rooms.gate.clear()
        admitting = asyncio.create_task(clinic.staff(service.admit, visit))
        await page.state("admitted")
        await clinic.staff(service.send_back, visit)
        await page.state("waiting")
        rooms.gate.set()
        await admitting
        await page.settle()

        assert "admitted" not in page.types()


async def test_a_meeting_service_that_is_down_is_asked_again_with_the_next_joined(clinic: Clinic) -> None:
    rooms = SlowRooms()
    async with serve(clinic, meetings=rooms) as live:
        visit = await clinic.visit()
        page = await live.waiting(visit)
        staff = await clinic.join(visit)

        rooms.is_down = True
        await clinic.staff(service.admit, visit)
        await page.state("admitted")
        await page.say("joined")
        refused = await page.until("error")
        await page.say("signal", to=staff.self_id, data=OFFER)
        outside = await page.until("error")
        rooms.is_down = False
        await page.say("joined")
        admitted = await page.until("admitted")

    assert refused["code"] == "meetings.failed"
    assert outside["code"] == "realtime.not_in_room"
    assert [peer["peer"] for peer in admitted["peers"]] == [staff.self_id]


async def test_who_comes_while_the_meeting_service_is_asked_is_heard_after_the_others(
    clinic: Clinic,
) -> None:
    rooms = SlowRooms()
    async with serve(clinic, meetings=rooms) as live:
        visit = await clinic.visit()
        held = await live.take(visit)
        page = await live.patient(held)
        await page.say("enter-lobby")
        await page.state("waiting")
        first = await clinic.join(visit)
        await clinic.staff(service.admit, visit)
        await page.until("admitted")
        await page.close()
        rooms.gate.clear()

        again = await live.patient(held, resume=True)
        second = await clinic.join(visit, user="user-2", tab="other")
        rooms.gate.set()
        admitted = await again.until("admitted")
        joined = await again.until("peer-joined")

    assert admitted["peers"] == [{"peer": first.self_id, "role": "clinician"}]
    assert joined == {"type": "peer-joined", "peer": second.self_id, "role": "clinician"}
    assert again.types().index("admitted") < again.types().index("peer-joined")


async def test_what_was_missed_while_nodes_did_not_hear_each_other_is_read_again(clinic: Clinic) -> None:
    exchange = Exchange()
    bus = MemoryBus(exchange)
    clinic.desk = replace(clinic.desk, hub=Hub(bus))
    other = Clinic(
        clinic.database, clinic.clock, replace(clinic.desk, hub=Hub(MemoryBus(exchange))),
        clinic.org_id, clinic.connection,
    )  # fmt: skip
    await other.desk.hub.start()
    async with serve(clinic) as live:
        visit = await clinic.visit()
        page = await live.waiting(visit)

        bus.cut()
        await other.join(visit)
        await other.staff(service.admit, visit)
        await page.settle()
        assert "admitted" not in page.types()
        bus.mend()
        state = await page.state("admitted")
        admitted = await page.until("admitted")
    await other.desk.hub.stop()

    assert state["lobby"] is None
    assert len(admitted["peers"]) == 1


async def test_an_older_state_than_the_page_has_is_not_sent(live: Live) -> None:
    visit = await live.clinic.visit()
    page = await live.waiting(visit)
    newest = page.heard[-1]
    patient = await live.clinic.patient(visit)

    older = newest | {"rev": newest["rev"] - 1, "state": "admitted"}
    await live.house.hub.publish(f"participant.{patient.id}", older)
    await page.settle()

    assert older not in page.heard


async def test_internal_words_and_signals_from_outside_the_room_go_no_further(live: Live) -> None:
    page, _ = await call(live, await live.clinic.visit())
    topic = f"participant.{page.heard[-1]['self']}"

    await live.house.hub.publish(topic, {"type": "note", "user": "user-1"})
    await live.house.hub.publish(topic, {"type": "signal", "from": "p_stranger", "data": OFFER})
    await page.settle()

    assert not {"note", "signal"} & set(page.types())
