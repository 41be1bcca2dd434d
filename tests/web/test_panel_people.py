"""Interpreters and relatives from the panel: made, let in, taken back; and what their browsers are told meanwhile."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.meetings.registry import backend_for
from housecall.visits.tables import Visit
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, Page, serve

HOST = "192.0.2.77"
CANDIDATE = f"candidate:1 1 udp 1 {HOST} 4000 typ host"
OFFER = {
    "description": {
        "type": "offer",
        "sdp": f"v=0\r\no=dr-jensen 1 2 IN IP4 {HOST}\r\nc=IN IP4 {HOST}\r\na={CANDIDATE}\r\n",
    }
}
RELAY = {"HOUSECALL_TURN_URLS": "turn:relay.example:3478", "HOUSECALL_TURN_SECRET": "s" * 20}


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic) -> AsyncIterator[Live]:
    meetings = backend_for(Settings({"HOUSECALL_PUBLIC_URL": "http://localhost:8000", **RELAY}), clinic.clock)
    async with serve(clinic, meetings=meetings, **RELAY) as made:
        yield made


class Desk:
    """A clinician's panel without its page: presses by HTTP, the room by its socket."""

    def __init__(self, live: Live, visit: Visit, launch: tuple[str, str]) -> None:
        self.live, self.visit, self.launch = live, visit, launch

    async def post(self, path: str, **body: Any) -> httpx.Response:
        launch_id, cookie = self.launch
        own = {"Cookie": cookie, "X-Housecall": "panel", "Origin": self.live.house.public_url}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.live.port}", headers=own) as http:
            return await http.post(f"/panel/{launch_id}/visits/{self.visit.id}/{path}", json=body)

    async def invite(self, role: str = "interpreter", language: str = "da") -> dict[str, Any]:
        answer = await self.post("people", role=role, language=language)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made


async def a_desk(live: Live) -> Desk:
    visit = await live.clinic.visit()
    return Desk(live, visit, await live.launch(visit.id, user="dr-jensen-4711"))


class Guest:
    """A guest's browser: every byte that it received."""

    def __init__(self, live: Live, link: str) -> None:
        self.live, self.path = live, link.removeprefix(live.house.public_url)
        self.bytes: list[str] = []
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{live.port}", headers={"Origin": live.house.public_url}
        )

    async def get(self) -> httpx.Response:
        return self._kept(await self.http.get(self.path))

    async def sit_down(self) -> Page:
        answer = self._kept(await self.http.post(self.path))
        cookie = answer.headers["set-cookie"].split(";")[0]
        # Over plain HTTP a client of ours would not give a cookie back that is for a secure page.
        self.http.headers["Cookie"] = cookie
        seat = cookie.split("=")[0].rsplit("hc_seat_", 1)[1]
        page = await self.live.open(f"/seat/{seat}/socket", cookie)
        await page.say("hello", v=1, tab=f"tab-{seat}", resume=False)
        await page.until("state")
        await page.say("enter-lobby")
        await page.state("waiting")
        return page

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        self.bytes.append(answer.text + json.dumps(dict(answer.headers)))
        return answer


async def test_a_link_made_on_the_panel_leads_to_a_page_that_says_the_role_and_no_name(live: Live) -> None:
    desk = await a_desk(live)

    made = await desk.invite("interpreter", "da")
    landing = await Guest(live, made["link"]).get()
    family = await Guest(live, (await desk.invite("family", "es"))["link"]).get()

    assert "Du er bedt om at tolke ved en videokonsultation" in landing.text
    assert '<html lang="da" dir="ltr">' in landing.text
    assert "Le invitan a una videoconsulta" in family.text
    assert [one["role"] for one in made["visit"]["guests"]] == ["interpreter"]


async def test_each_is_let_in_from_the_panel_and_reaches_the_three_others(live: Live) -> None:
    desk = await a_desk(live)
    staff = await live.staff(desk.launch)
    await staff.say("join", visit=desk.visit.id)
    await staff.until("room")
    patient = await live.waiting(desk.visit)
    guests = [await desk.invite(role) for role in ("interpreter", "family")]
    pages = [await Guest(live, one["link"]).sit_down() for one in guests]

    assert (await desk.post("admit")).status_code == 200
    for one in guests:
        assert (await desk.post(f"people/{one['participant']}/admit")).status_code == 200
    rooms = [await page.until("admitted") for page in (patient, *pages)]

    assert {peer["role"] for peer in rooms[2]["peers"]} == {"clinician", "patient", "interpreter"}
    assert (await patient.until("peer-joined"))["role"] == "interpreter"
    for page in pages:
        await page.say("joined")
    await pages[0].say("signal", to=rooms[2]["self"], data={"candidate": None})
    assert (await pages[1].until("signal"))["from"] == rooms[1]["self"]
    await patient.say("signal", to=rooms[1]["self"], data={"candidate": None})
    assert (await pages[0].until("signal"))["from"] == rooms[0]["self"]


async def test_no_byte_that_a_guests_browser_receives_says_who_or_where_anybody_is(live: Live) -> None:
    desk = await a_desk(live)
    staff = await live.staff(desk.launch)
    patient = await live.waiting(desk.visit)
    made = await desk.invite("family", "en")
    guest = Guest(live, made["link"])
    await guest.get()
    page = await guest.sit_down()
    assert [message["type"] for message in page.heard] == ["state"] * len(page.heard)
    await guest.get()

    await staff.say("join", visit=desk.visit.id)
    await staff.until("room")
    await desk.post("admit")
    await patient.say("joined")
    await desk.post(f"people/{made['participant']}/admit")
    room = await page.until("admitted")
    await page.say("joined")
    me = room["self"]
    await staff.until("peer-joined", lambda message: message["peer"] == me)
    for other in (staff, patient):
        named = {"visit": desk.visit.id} if other is staff else {}
        await other.say("signal", to=me, data=OFFER, **named)
        await other.say("signal", to=me, data={"candidate": {"candidate": CANDIDATE, "sdpMid": "0"}}, **named)
        await page.until("signal")
    await page.settle()

    received = "\n".join([*guest.bytes, *(json.dumps(message) for message in page.heard)])
    for secret in (HOST, "dr-jensen", "4711", desk.visit.id, desk.visit.appointment_ref, "practitioner-1"):
        assert secret not in received
    assert room["relay_only"] is True


async def test_a_fifth_is_told_on_the_panel_why_not(live: Live) -> None:
    desk = await a_desk(live)
    staff = await live.staff(desk.launch)
    await staff.say("join", visit=desk.visit.id)
    await staff.until("room")
    guests = [await desk.invite("family") for _ in range(3)]
    for one in guests:
        await Guest(live, one["link"]).sit_down()

    answers = [await desk.post(f"people/{one['participant']}/admit") for one in guests]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[2].json()["code"] == "visits.room_full"
    assert "Four people fit into this call" in answers[2].json()["sentence"]


async def test_a_link_taken_back_says_so_and_its_page_is_out_of_the_room(live: Live) -> None:
    desk = await a_desk(live)
    staff = await live.staff(desk.launch)
    await staff.say("join", visit=desk.visit.id)
    await staff.until("room")
    made = await desk.invite("interpreter", "ar")
    guest = Guest(live, made["link"])
    page = await guest.sit_down()
    await desk.post(f"people/{made['participant']}/admit")
    me = (await page.until("admitted"))["self"]

    answer = await desk.post(f"people/{made['participant']}/withdraw")

    assert answer.json()["guests"] == []
    assert (await page.state("left"))["lobby"] == "withdrawn"
    await page.say("signal", to=me, data={"candidate": None})
    assert (await page.until("error"))["code"] == "realtime.not_in_room"
    gone = await guest.get()
    assert gone.status_code == 410
    assert 'data-state="withdrawn"' in gone.text
    assert 'dir="rtl"' in gone.text


@pytest.mark.parametrize("act", ["admit", "decline", "withdraw", "link", "read-out-code", "acknowledge"])
async def test_guests_of_another_visit_are_out_of_reach(live: Live, act: str) -> None:
    desk = await a_desk(live)
    other = await live.clinic.visit("appointment-2")
    theirs = await live.clinic.invite(other)

    answer = await desk.post(f"people/{theirs.participant}/{act}")

    assert (answer.status_code, answer.json()["code"]) == (404, "visits.guest_unknown")


async def test_a_code_read_out_leads_to_the_guests_own_link(live: Live) -> None:
    desk = await a_desk(live)
    made = await desk.invite("interpreter", "en")
    shown = (await desk.post(f"people/{made['participant']}/read-out-code")).json()

    own = {"Origin": live.house.public_url}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", headers=own) as http:
        answer = await http.post("/j", data={"code": shown["code"]})

    assert answer.headers["location"] == made["link"]
    assert (await desk.post(f"people/{made['participant']}/link")).json() == {"link": made["link"]}
    assert "visits:guest:link_shown" in await live.clinic.acts()
