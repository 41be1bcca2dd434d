"""The anonymous warm-up as the server keeps it: one at a time, to nobody named, gone without a trace."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.builtin import BuiltinRooms
from housecall.realtime.bus import Exchange, MemoryBus
from housecall.realtime.hub import Hub
from housecall.visits import service
from housecall.visits.tables import Visit
from housecall.web import sockets_warm
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, Page, serve

OFFER = {"description": {"type": "offer", "sdp": "v=0\r\no=- 1 2 IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.7\r\n"}}
HOST = {"candidate": {"candidate": "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host", "sdpMid": "0"}}
RELAYED = {
    "candidate": {
        "candidate": "candidate:2 1 udp 41885439 198.51.100.9 60000 typ relay raddr 192.0.2.7 rport 50000",
        "sdpMid": "0",
    }
}


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest.fixture
def relay(clock: FakeClock) -> BuiltinRooms:
    return BuiltinRooms(clock, ("turn:relay.example",), "a secret for tests")


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic, relay: BuiltinRooms) -> AsyncIterator[Live]:
    async with serve(clinic, meetings=relay) as made:
        yield made


async def warm(live: Live, visit: Visit, patient: Page, **who: str) -> tuple[Page, str]:
    """A clinician who looks at the visit, and the warm-up that both ends heard of."""
    staff = await live.staff(
        await live.launch(visit.id, user=who.get("user", "user-1")), who.get("tab", "staff-1")
    )
    await staff.say("warm", visit=visit.id)
    at_staff = await staff.until("warm")
    at_patient = await patient.until("warm")
    assert at_staff["warm"] == at_patient["warm"]
    return staff, at_staff["warm"]


def of_warm(page: Page) -> list[Any]:
    return [one for one in page.types() if one in ("warm", "warm-signal", "cold")]


async def test_who_looks_at_a_waiting_patient_warms_a_connection_to_nobody_named(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)

    staff, warm_id = await warm(live, visit, patient)
    await patient.say("warm-signal", warm=warm_id, data=OFFER)
    offer = await staff.until("warm-signal")
    await staff.say(
        "warm-signal",
        visit=visit.id,
        warm=warm_id,
        data={"description": {"type": "answer", "sdp": "v=0\r\n"}},
    )
    answer = await patient.until("warm-signal")

    (told,) = [message for message in patient.heard if message["type"] == "warm"]
    assert set(told) == {"type", "warm", "ice_servers", "relay_only"}
    assert told["relay_only"]
    assert told["ice_servers"][0]["username"].endswith(f":{warm_id}")
    assert (offer["warm"], offer["visit"]) == (warm_id, visit.id)
    assert set(answer) == {"type", "warm", "data"}
    person = await live.clinic.patient(visit)
    heard = json.dumps([message for message in patient.heard if message["type"] != "state"])
    for word in ("user-1", "staff-1", "clinician", "peer", "p_", visit.id, person.id):
        assert word not in heard


async def test_only_a_relays_candidates_pass_in_a_warm_up_whoever_sends_them(live: Live) -> None:
    """Also those that a changed page writes into its description."""
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff, warm_id = await warm(live, visit, patient)
    sdp = OFFER["description"]["sdp"] + "".join(
        f"a={one['candidate']['candidate']}\r\n" for one in (HOST, RELAYED)
    )

    for data in (HOST, RELAYED, {"description": {"type": "offer", "sdp": sdp}}):
        await patient.say("warm-signal", warm=warm_id, data=data)
        await staff.say("warm-signal", visit=visit.id, warm=warm_id, data=data)
    await patient.settle()
    await staff.settle()

    for page in (patient, staff):
        came = [message["data"] for message in page.heard if message["type"] == "warm-signal"]
        assert [next(iter(one)) for one in came] == ["candidate", "description"]
        assert "192.0.2.7" not in json.dumps(came)
        assert "198.51.100.9" in json.dumps(came)


async def test_at_admission_the_patient_hears_who_is_at_the_other_end(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff, warm_id = await warm(live, visit, patient)

    await staff.say("join", visit=visit.id)
    entered = await staff.until("room")
    await patient.settle()
    assert "peer" not in json.dumps(patient.heard)
    await live.clinic.staff(service.admit, visit)
    admitted = await patient.until("admitted")
    await patient.say("joined")
    await patient.until("admitted")
    await patient.say("signal", to=entered["self"], data={"warm": warm_id})
    agreed = await staff.until("signal")

    assert admitted["peers"] == [{"peer": entered["self"], "role": "clinician", "warm": warm_id}]
    assert agreed["data"] == {"warm": warm_id}


async def test_who_comes_into_the_room_after_the_patient_is_named_as_well(live: Live) -> None:
    """One press on the panel lets the patient in and joins; either may be done first."""
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff, warm_id = await warm(live, visit, patient)

    await live.clinic.staff(service.admit, visit)
    admitted = await patient.until("admitted")
    await staff.say("join", visit=visit.id)
    joined = await patient.until("peer-joined")

    assert admitted["peers"] == []
    assert joined["warm"] == warm_id


async def test_a_colleague_who_lets_the_patient_in_gets_no_others_connection(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    await warm(live, visit, patient)

    await live.clinic.join(visit, user="user-2", tab="other")
    await live.clinic.staff(service.admit, visit)
    admitted = await patient.until("admitted")

    assert "warm" not in admitted["peers"][0]


async def test_of_several_who_look_the_first_is_warm_until_one_is_in_the_room(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    first, first_id = await warm(live, visit, patient)
    second = await live.staff(await live.launch(visit.id, user="user-2"), "staff-2")

    await second.say("warm", visit=visit.id)
    await second.settle()
    await patient.settle()
    assert (of_warm(second), of_warm(patient)) == ([], ["warm"])
    await second.say("join", visit=visit.id)
    await second.until("room")
    await second.say("warm", visit=visit.id)
    second_id = (await second.until("warm"))["warm"]
    cold = await first.until("cold")
    gone = await patient.until("cold")
    await live.clinic.staff(service.admit, visit)
    admitted = await patient.until("admitted")

    assert (cold["warm"], gone["warm"]) == (first_id, first_id)
    assert admitted["peers"][0]["warm"] == second_id != first_id


async def test_who_looks_away_leaves_the_place_to_the_next(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    first, first_id = await warm(live, visit, patient)

    await first.say("cool", visit=visit.id)
    gone = await patient.until("cold")
    _, second_id = await warm(live, visit, patient, user="user-2", tab="staff-2")

    assert gone["warm"] == first_id
    assert second_id != first_id


@pytest.mark.parametrize("what", ["declines", "leaves", "another tab", "closes"])
async def test_when_the_patient_waits_no_more_in_this_page_both_ends_let_go(live: Live, what: str) -> None:
    visit = await live.clinic.visit()
    held = await live.take(visit)
    patient = await live.patient(held)
    await patient.say("enter-lobby")
    await patient.state("waiting")
    staff, warm_id = await warm(live, visit, patient)

    if what == "declines":
        await live.clinic.staff(service.decline, visit)
    elif what == "leaves":
        await patient.say("leave")
    elif what == "another tab":
        newer = await live.patient(held, "tab-2")
    else:
        await patient.close()
    cold = await staff.until("cold")
    await staff.say("warm-signal", visit=visit.id, warm=warm_id, data=OFFER)
    await staff.settle()

    assert cold == {"type": "cold", "visit": visit.id, "warm": warm_id}
    if what == "another tab":
        await newer.settle()
        assert of_warm(newer) == []


async def test_a_clinicians_page_that_goes_leaves_nothing_behind(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff, warm_id = await warm(live, visit, patient)

    await staff.close()
    gone = await patient.until("cold")
    await live.clinic.join(visit)
    await live.clinic.staff(service.admit, visit)
    admitted = await patient.until("admitted")

    assert gone["warm"] == warm_id
    assert "warm" not in admitted["peers"][0]
    assert not live.house.hub.is_heard(f"warm.{warm_id}")


async def test_a_warm_up_is_kept_for_so_long_and_then_begins_anew(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets_warm, "KEPT_S", 0.05)
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)

    staff, first_id = await warm(live, visit, patient)
    over = await staff.until("cold")
    gone = await patient.until("cold")
    monkeypatch.undo()
    await staff.say("warm", visit=visit.id)
    again = await staff.until("warm")

    assert (over["warm"], gone["warm"]) == (first_id, first_id)
    assert again["warm"] != first_id


async def test_the_patients_page_says_that_it_broke(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.waiting(visit)
    staff, warm_id = await warm(live, visit, patient)

    await patient.say("cool", warm="w_another")
    await patient.settle()
    assert "cold" not in of_warm(staff)
    await patient.say("cool", warm=warm_id)
    cold = await staff.until("cold")

    assert cold["warm"] == warm_id


async def test_nobody_is_warmed_who_does_not_wait(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.patient(await live.take(visit))
    staff = await live.staff(await live.launch(visit.id))

    await staff.say("warm", visit=visit.id)
    await staff.settle()
    await patient.settle()

    assert of_warm(staff) == of_warm(patient) == []


async def test_a_visit_of_another_launch_is_warmed_by_nobody(live: Live) -> None:
    visit, other = await live.clinic.visit(), await live.clinic.visit("appointment-2")
    patient = await live.waiting(other)
    staff = await live.staff(await live.launch(visit.id))

    await staff.say("warm", visit=other.id)
    refused = await staff.until("error")
    await patient.settle()

    assert refused["code"] == "visits.visit_unknown"
    assert of_warm(patient) == []


@pytest.mark.parametrize("way", ["switched off", "no relay"])
async def test_without_a_relay_or_switched_off_the_connection_waits_for_admission(
    clinic: Clinic, relay: BuiltinRooms, clock: FakeClock, way: str
) -> None:
    meetings = relay if way == "switched off" else BuiltinRooms(clock)
    given = {"HOUSECALL_WARM_UP": "off"} if way == "switched off" else {}
    async with serve(clinic, meetings=meetings, **given) as live:
        visit = await clinic.visit()
        patient = await live.waiting(visit)
        staff = await live.staff(await live.launch(visit.id))

        await staff.say("warm", visit=visit.id)
        await staff.settle()
        await patient.settle()

        (welcome,) = [one for one in staff.heard if one["type"] == "welcome"]
        assert welcome["warm_up"] is False
        assert of_warm(staff) == of_warm(patient) == []


async def test_the_two_ends_may_be_on_two_nodes(clinic: Clinic, relay: BuiltinRooms) -> None:
    exchange = Exchange()
    hubs = [Hub(MemoryBus(exchange)) for _ in range(2)]
    clinic.desk = replace(clinic.desk, hub=hubs[0], meetings=relay)
    other = Clinic(
        clinic.database, clinic.clock, replace(clinic.desk, hub=hubs[1]), clinic.org_id, clinic.connection
    )
    async with serve(clinic) as here, serve(other) as there:
        visit = await clinic.visit()
        patient = await here.waiting(visit)
        staff = await there.staff(await there.launch(visit.id))

        await staff.say("warm", visit=visit.id)
        warm_id = (await staff.until("warm"))["warm"]
        await patient.until("warm")
        await patient.say("warm-signal", warm=warm_id, data=OFFER)
        await staff.until("warm-signal")
        await staff.say("join", visit=visit.id)
        entered = await staff.until("room")
        await other.staff(service.admit, visit)
        admitted = await patient.until("admitted")

    assert admitted["peers"] == [{"peer": entered["self"], "role": "clinician", "warm": warm_id}]
