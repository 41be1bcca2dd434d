"""The clinician's live connection: snapshots of the launch's visits, and rooms joined from a tab."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from housecall.db.database import Database
from housecall.ehr.memory import TOKEN_LIFE, MemoryEhr
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import JoinDetails
from housecall.meetings.errors import MeetingError
from housecall.meetings.memory import MemoryRooms
from housecall.realtime.bus import Exchange, MemoryBus
from housecall.realtime.hub import Hub
from housecall.visits import service
from housecall.visits.access import keep_tokens
from housecall.visits.tables import Launch
from tests.visits.clinic import NURSE, Clinic, open_clinic
from tests.web.live import Live, Page, serve

OFFER = {"description": {"type": "offer", "sdp": "v=0\r\n"}}


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic) -> AsyncIterator[Live]:
    async with serve(clinic) as made:
        yield made


def mine(view: dict[str, Any], user: str = "user-1") -> str | None:
    """The clinician's state in a snapshot."""
    return next((other["state"] for other in view["others"] if other["user"] == user), None)


async def enter(page: Page, visit_id: str) -> dict[str, Any]:
    await page.say("join", visit=visit_id)
    return await page.until("room")


async def test_the_page_is_welcomed_with_every_visit_of_its_launch(live: Live) -> None:
    first, second = await live.clinic.visit(), await live.clinic.visit("appointment-2", in_minutes=30)
    launch = await live.launch(first.id, second.id)

    page = await live.staff(launch)

    assert page.heard[0] == {
        "type": "welcome",
        "launch": launch[0],
        "server_now": live.clinic.now.isoformat(),
        "warm_up": False,
        "visits": [await live.clinic.view(first), await live.clinic.view(second)],
    }


async def test_what_changes_while_the_page_is_welcomed_comes_after(live: Live) -> None:
    visit = await live.clinic.visit()
    launch_id, cookie = await live.launch(visit.id)
    page = await live.open(f"/panel/{launch_id}/socket", cookie)

    async with live.clinic.database.work() as work:
        await work.session.execute(text("LOCK TABLE message IN ACCESS EXCLUSIVE MODE"))
        await page.say("hello", v=1, tab="staff-1", resume=False)
        await live.clinic.somebody_waits_for_a_lock()
        newer = {"type": "visit", "visit": {"visit": visit.id, "rev": 99}}
        await live.house.hub.publish(f"staff.{visit.id}", newer)
    await page.until("visit")

    assert page.types() == ["welcome", "visit"]
    assert page.heard[1] == newer


async def test_two_launches_never_hear_each_others_visits(live: Live) -> None:
    one, other = await live.clinic.visit(), await live.clinic.visit("appointment-2")
    page = await live.staff(await live.launch(one.id))
    others_page = await live.staff(await live.launch(other.id, user="user-2"))

    await live.clinic.waiting(one)
    await live.clinic.waiting(other)
    await enter(others_page, other.id)
    await page.settle()
    await others_page.settle()

    heard, others_heard = json.dumps(page.heard), json.dumps(others_page.heard)
    assert one.id in heard
    assert other.id not in heard
    assert other.id in others_heard
    assert one.id not in others_heard


async def test_another_organisations_launch_opens_nothing_of_ours(
    live: Live, database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    ours = await live.clinic.visit()
    theirs = await open_clinic(database, clock, sealer, "second")
    stranger = Live(
        replace(live.clinic, org_id=theirs.org_id, connection=theirs.connection), live.house, live.port
    )
    launch = await live.launch(ours.id)
    foreign = await stranger.launch(ours.id, user="user-1")

    shut_out = await live.open(f"/panel/{launch[0]}/socket", foreign[1].replace(foreign[0], launch[0]))
    page = await stranger.staff(foreign)
    await page.say("join", visit=ours.id)
    refused = await page.until("error")
    await live.clinic.waiting(ours)
    await page.settle()
    await page.close()

    assert await shut_out.closed() == (4401, "realtime.not_signed_in")
    assert page.heard[0]["visits"] == []
    assert refused["code"] == "visits.visit_unknown"
    assert set(page.types()) == {"welcome", "error", "pong"}


@pytest.mark.parametrize("kind", ["join", "leave", "signal"])
async def test_a_visit_that_is_not_the_launchs_is_unknown_and_the_socket_stays(live: Live, kind: str) -> None:
    visit, other = await live.clinic.visit(), await live.clinic.visit("appointment-2")
    page = await live.staff(await live.launch(visit.id))

    for visit_id in (other.id, "v_nothing"):
        await page.say(kind, visit=visit_id, to="p_x", data=OFFER)

        assert (await page.until("error"))["code"] == "visits.visit_unknown"
    assert (await live.clinic.view(other))["others"] == []


async def test_joining_leaving_and_signals_are_for_those_in_the_room(live: Live) -> None:
    visit = await live.clinic.visit()
    page = await live.staff(await live.launch(visit.id))
    colleague = await live.staff(await live.launch(visit.id, user="user-2"), "staff-2")

    await page.say("signal", visit=visit.id, to="p_x", data=OFFER)
    early = await page.until("error")
    entered = await enter(page, visit.id)
    followed = await enter(colleague, visit.id)
    joined = await page.until("peer-joined")
    await colleague.say("signal", visit=visit.id, to=entered["self"], data=OFFER)
    signal = await page.until("signal")
    await colleague.say("leave", visit=visit.id)
    left = await page.until("peer-left")
    await colleague.say("signal", visit=visit.id, to=entered["self"], data=OFFER)
    late = await colleague.until("error")

    assert early["code"] == late["code"] == "realtime.not_in_room"
    assert entered == {
        "type": "room", "visit": visit.id, "self": entered["self"], "ice_servers": [], "relay_only": False,
        "peers": [],
    }  # fmt: skip
    assert followed["peers"] == [{"peer": entered["self"], "role": "clinician", "state": "connected"}]
    colleagues_id = followed["self"]
    assert joined == {"type": "peer-joined", "visit": visit.id, "peer": colleagues_id, "role": "clinician"}
    assert signal == {"type": "signal", "visit": visit.id, "from": colleagues_id, "data": OFFER}
    assert left == {"type": "peer-left", "visit": visit.id, "peer": colleagues_id}


async def test_a_lost_socket_is_seen_and_the_same_tab_is_back_without_asking(live: Live) -> None:
    visit = await live.clinic.visit()
    await live.clinic.waiting(visit)
    launch = await live.launch(visit.id)
    watcher = await live.staff(await live.launch(visit.id, user="user-2"), "watcher")
    page = await live.staff(launch)
    entered = await enter(page, visit.id)
    await live.clinic.staff(service.admit, visit)

    await page.close()
    await watcher.visit(lambda view: mine(view) == "reconnecting")
    again = await live.staff(launch, resume=True)
    await watcher.visit(lambda view: mine(view) == "connected")
    patient_id = (await live.clinic.patient(visit)).id
    await again.say("signal", visit=visit.id, to=patient_id, data=OFFER)
    await again.settle()
    room = await enter(again, visit.id)

    assert again.types()[:2] == ["welcome", "pong"]
    assert room["self"] == entered["self"]
    assert (await live.clinic.fresh(visit)).attendees_total == 1


async def test_another_tab_of_the_clinicians_that_reconnects_leaves_the_call_where_it_is(live: Live) -> None:
    visit = await live.clinic.visit()
    launch = await live.launch(visit.id)
    panel, call = await live.staff(launch, "panel"), await live.staff(launch, "call")
    await enter(call, visit.id)

    await panel.close()
    await live.staff(launch, "panel", resume=True)
    await call.settle()

    assert "replaced" not in call.types()
    assert mine(await live.clinic.view(visit)) == "connected"


async def test_a_tab_that_is_back_before_its_old_connection_is_lost_stays_in_the_room(live: Live) -> None:
    visit = await live.clinic.visit()
    launch = await live.launch(visit.id)
    old = await live.staff(launch)
    await enter(old, visit.id)
    new = await live.staff(launch, resume=True)

    await old.close()
    await live.until_pages_are(1)
    await new.settle()

    assert "replaced" not in old.types()
    assert mine(await live.clinic.view(visit)) == "connected"


async def test_the_call_moves_to_the_tab_that_joined_last_and_the_other_keeps_its_panel(live: Live) -> None:
    visit = await live.clinic.visit()
    launch = await live.launch(visit.id)
    one, two = await live.staff(launch, "one"), await live.staff(launch, "two")
    await enter(one, visit.id)

    await enter(two, visit.id)
    replaced = await one.until("replaced")
    await one.say("signal", visit=visit.id, to="p_x", data=OFFER)
    refused = await one.until("error")
    await one.close()
    await live.until_pages_are(1)

    assert replaced == {"type": "replaced", "visit": visit.id}
    assert refused["code"] == "realtime.not_in_room"
    assert mine(await live.clinic.view(visit)) == "connected"


async def test_a_visit_begun_again_is_followed_and_can_be_joined(live: Live) -> None:
    visit = await live.clinic.visit()
    await live.clinic.in_call(visit)
    page = await live.staff(await live.launch(visit.id, user="user-2"))
    await live.clinic.staff(service.end_visit, visit)
    await page.visit(lambda view: view["state"] == "ended")

    begun = await live.clinic.staff(service.restart_visit, visit)
    first = await page.visit(lambda view: view["visit"] == begun["visit"])
    room = await enter(page, begun["visit"])
    await live.clinic.act(service.end_visit, begun["visit"], by=NURSE)
    over = await page.until("over")

    assert first["ordinal"] == 2
    assert over == {"type": "over", "visit": begun["visit"], "reason": "ended"}
    assert room["visit"] == begun["visit"]


async def test_a_room_that_cannot_be_set_up_is_not_entered(clinic: Clinic) -> None:
    class NoRooms(MemoryRooms):
        async def join_details(self, participant_id: str) -> JoinDetails:
            raise MeetingError

    async with serve(clinic, meetings=NoRooms()) as live:
        visit = await clinic.visit()
        page = await live.staff(await live.launch(visit.id))

        await page.say("join", visit=visit.id)
        refused = await page.until("error")
        await page.settle()

        assert refused["code"] == "meetings.failed"
        assert mine(await clinic.view(visit)) == "left"


async def test_what_was_missed_while_nodes_did_not_hear_each_other_is_read_again(clinic: Clinic) -> None:
    exchange = Exchange()
    bus = MemoryBus(exchange)
    clinic.desk = replace(clinic.desk, hub=Hub(bus))
    elsewhere = replace(clinic, desk=replace(clinic.desk, hub=Hub(MemoryBus(exchange))))
    await elsewhere.desk.hub.start()
    async with serve(clinic) as live:
        visit = await clinic.visit()
        page = await live.staff(await live.launch(visit.id))
        await enter(page, visit.id)

        bus.cut()
        colleague = await elsewhere.join(visit, user="user-2", tab="other")
        await page.settle()
        assert "peer-joined" not in page.types()
        bus.mend()
        welcome = await page.until("welcome")
        room = await page.until("room")
    await elsewhere.desk.hub.stop()

    assert mine(welcome["visits"][0], "user-2") == "connected"
    assert [peer["peer"] for peer in room["peers"]] == [colleague.self_id]


async def test_a_page_that_is_used_keeps_the_ehrs_session(clinic: Clinic, clock: FakeClock) -> None:
    ehr = MemoryEhr(clock)

    class OneEhr:
        def client(self, _connection: object) -> MemoryEhr:
            return ehr

    clinic.desk = replace(clinic.desk, ehr=OneEhr())  # type: ignore[arg-type]
    async with serve(clinic) as live:
        visit = await clinic.visit()
        launch = await live.launch(visit.id)
        await sign_in(clinic, ehr, launch[0])
        page = await live.staff(launch)
        clinic.later(seconds=TOKEN_LIFE.total_seconds() - 60)

        await page.say("active", idle_s=30)
        await page.settle()

        async with asyncio.timeout(5):
            while not await refreshed_at(clinic, launch[0]):  # noqa: ASYNC110 - it happens beside the socket
                await asyncio.sleep(0.01)
        assert await refreshed_at(clinic, launch[0]) == clinic.now


async def sign_in(clinic: Clinic, ehr: MemoryEhr, launch_id: str) -> None:
    """The launch holds tokens of the EHR's."""
    request = await ehr.begin_launch(launch="x", redirect_url="http://localhost:8000/ehr/callback")
    context = await ehr.finish_launch(
        code=ehr.approve(request, user="user-1"),
        redirect_url="http://localhost:8000/ehr/callback",
        code_verifier=request.code_verifier,
        nonce=request.nonce,
    )
    async with clinic.database.work() as work:
        keep_tokens(clinic.desk, await work.session.get_one(Launch, launch_id), context.tokens)


async def refreshed_at(clinic: Clinic, launch_id: str) -> Any:
    async with clinic.database.work() as work:
        return (await work.session.get_one(Launch, launch_id)).refreshed_at
