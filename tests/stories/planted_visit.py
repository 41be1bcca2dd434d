"""A visit of planted people, and the sweep of every place afterwards."""

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.async_api import Page, Response, WebSocket, expect

from housecall.db.embedded import EmbeddedPostgres
from tests.stories.demo import Demo
from tests.stories.planted import (
    DOCTOR_LOGIN,
    FAMILY,
    GIVEN,
    NUMBER,
    TYPED_NUMBER,
    Planted,
    every_row,
    find_in,
    only_connection,
)
from tests.stories.theatre import Clinician, Patient, Theatre


class Received:
    """Every byte that a browser received over HTTP and its sockets, as text; ``of`` one site only, if given."""

    def __init__(self, *, of: str = "") -> None:
        self.of = of
        self.parts: list[str] = []
        self._reading: list[asyncio.Task[None]] = []

    def listen(self, page: Page) -> None:
        page.on("response", lambda answer: self._reading.append(asyncio.ensure_future(self._read(answer))))
        page.on("websocket", self._listen_socket)

    def _listen_socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.parts.append(f"{socket.url} {frame!s}"))

    async def _read(self, answer: Response) -> None:
        if not answer.url.startswith(self.of):
            return
        self.parts.append(f"{answer.url} {json.dumps(await answer.all_headers())}")
        try:
            self.parts.append((await answer.body()).decode("utf-8", "replace"))
        except Exception:  # a redirect has no body
            self.parts.append("")

    async def text(self) -> str:
        await asyncio.gather(*self._reading)
        return "\n".join(self.parts)


class Played:
    """A whole visit of planted people, and what was left of it."""

    def __init__(self, demo: Demo, people: Planted) -> None:
        self.demo, self.people = demo, people
        self.received = Received()
        # Teams' own pages show names, which is Teams' to do; ours do not.
        self.received_in_teams = Received(of=demo.url)
        self.during: dict[str, str] = {}
        self.thread = ""
        self.addresses: list[str] = []
        self.before_admission: list[str] = []
        self.links: list[str] = []

    async def play(self, theatre: Theatre) -> None:
        booked = self.demo.book(patient=self.people.patient_id, practitioner=self.people.doctor_id)
        clinician, patient = await theatre.clinician(), await theatre.patient(booked)
        self.received.listen(patient.page)
        await clinician.open_panel(booked)
        await self._send_to_a_typed_number(clinician)
        await patient.come_to_lobby()
        await clinician.sees("waiting")
        await asyncio.sleep(0.5)
        self.before_admission = list(self.received.parts)
        await clinician.press("admit")
        await patient.is_in_call()
        await clinician.is_in_call()
        await clinician.end()
        await expect(patient.mark("visit-over")).to_be_visible()
        await self._read_the_report(clinician)
        self._keep(clinician, patient)

    async def play_in_teams(self, theatre: Theatre) -> None:
        """A visit held in Teams, where the patient types their name; the tables are read while it goes on."""
        booked = self.demo.book(patient=self.people.again_id, practitioner=self.people.doctor_id)
        clinician, patient = await theatre.clinician(), await theatre.patient(booked)
        self.received_in_teams.listen(patient.page)
        await clinician.open_panel(booked)
        await patient.come_to_lobby()
        async with clinician.context.expect_page() as opened:
            await clinician.press("admit")
        desk = await opened.value
        clinician.watch(desk)
        await patient.mark("teams-name").fill(f"{GIVEN} {FAMILY}")
        await patient.mark("teams-join").click()
        await desk.get_by_test_id("teams-sign-in").click()
        await desk.get_by_test_id("teams-admit").click()
        await clinician.sees("connected")
        self.thread = parse_qs(urlsplit(self._meeting_address(patient)).query)["convId"][0]
        self.during = await asyncio.to_thread(self._rows)
        await desk.get_by_test_id("teams-end").click()
        await clinician.sees("left")
        await clinician.end()
        self._keep(clinician, patient, also="/teams/")
        await self._hold_the_next_ones_here()

    def _meeting_address(self, patient: Patient) -> str:
        return next(one for one in patient.addresses if "/teams/webrtc-svc/" in one)

    async def _hold_the_next_ones_here(self) -> None:
        server = EmbeddedPostgres.join(self.demo.folder / "data")
        connection = await asyncio.to_thread(only_connection, server)
        server.leave()
        done = await asyncio.to_thread(self.demo.housecall, "teams", "off", "--connection", connection)
        assert done.returncode == 0, done.stderr

    async def hear_of_quality(self) -> None:
        """Attendance and the call record were read, which Microsoft has a little after the visit."""
        for _ in range(240):
            if (await asyncio.to_thread(self._rows))["public.stream_measure"]:
                return
            await asyncio.sleep(0.25)
        raise AssertionError("call quality was not read")

    def _rows(self) -> dict[str, str]:
        server = EmbeddedPostgres.join(self.demo.folder / "data")
        rows = every_row(server)
        server.leave()
        return rows

    def told_graph(self) -> list[str]:
        """Every request that our stand-in for Graph received, with all that was in it."""
        answer = self.demo.http.get(f"{self.demo.sandbox}/sandbox/teams/received")
        return [str(one) for one in answer.json()]

    async def _send_to_a_typed_number(self, clinician: Clinician) -> None:
        url = f"{clinician.demo.url}/panel/"
        frame = next(one for one in clinician.page.frames if one.url.startswith(url))
        visit = await clinician.mark("visit-card").get_attribute("data-visit")
        status = await frame.evaluate(
            """([visit, to]) => fetch(location.pathname + '/visits/' + visit + '/send-link', {
                 method: 'POST', body: JSON.stringify({ to }),
                 headers: { 'X-Housecall': 'panel', 'Content-Type': 'application/json' } }).then((a) => a.status)""",
            [visit, TYPED_NUMBER],
        )
        assert status == 200
        await asyncio.to_thread(self.demo.wait_for_text, TYPED_NUMBER)

    async def _read_the_report(self, clinician: Clinician) -> None:
        page = await clinician.context.new_page()
        clinician.watch(page)
        await page.goto(f"{self.demo.url}/portal")
        await page.get_by_test_id("sign-in").click()
        await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
        await expect(page.get_by_test_id("report-visits")).to_be_visible()

    def _keep(self, clinician: Clinician, patient: Patient, *, also: str = "") -> None:
        """Our own addresses of all that both browsers asked for; what the EHR writes into its own is not ours."""
        for address in clinician.addresses + patient.addresses:
            if self.demo.url in address or (also and also in address):
                self.addresses.append(unquote(address))
        self.links.append(patient.link)

    async def play_sad_ones(self, theatre: Theatre) -> None:
        """What goes wrong leaves traces of its own: refusals, moves, faults of the EHR, a STOP."""
        booked = self.demo.book(
            patient=self.people.patient_id, practitioner=self.people.doctor_id, in_minutes=40
        )
        clinician, patient = await theatre.clinician(), await theatre.patient(booked)
        self.received.listen(patient.page)
        await patient.read_text()
        self.demo.change(booked["id"], in_minutes=20)
        await patient.read_text(more_than=1)
        await patient.come_to_lobby()
        await clinician.open_panel(booked)
        await clinician.mark("visit-card").last.click()
        await clinician.press("decline")
        await expect(patient.mark("lobby")).to_have_attribute("data-state", "declined")
        await self._with_the_ehr_down(clinician)
        self._reply("STOP")
        self.demo.change(booked["id"], status="cancelled")
        await expect(patient.mark("lobby")).to_have_attribute("data-state", "cancelled")
        await patient.page.goto(f"{self.demo.url}/v/no-such-link-as-this-one")
        self._keep(clinician, patient)

    async def _with_the_ehr_down(self, clinician: Clinician) -> None:
        self._turn(ehr="down")
        await clinician.page.reload()
        await asyncio.sleep(1)
        self._turn(ehr="up")
        self._turn(deny_launch=True)
        await clinician.page.reload()
        await asyncio.sleep(1)
        self._turn(deny_launch=False)

    def _turn(self, **switches: object) -> None:
        self.demo.http.post(f"{self.demo.sandbox}/sandbox/settings", json=switches).raise_for_status()

    def _reply(self, body: str) -> None:
        answer = self.demo.http.post(f"{self.demo.sandbox}/phone/reply", data={"from": NUMBER, "body": body})
        assert answer.status_code < 400, answer.text

    @property
    def tokens(self) -> list[str]:
        """What makes each patient's link secret."""
        return [link.rsplit("/", 1)[-1] for link in self.links]

    async def sweep(self) -> dict[str, dict[str, list[str]]]:
        """Per place what was found there; empty lists are left out."""
        everybody = [*self.people.of_patient, *self.people.of_clinician]
        rows = await asyncio.to_thread(self._rows)
        ways = [self.thread, self.thread.partition("@")[0]] if self.thread else []
        of_clinician = [*self.people.of_clinician, self.people.doctor_id]
        return {
            "tables": _hits(rows, [*everybody, *ways, *self.tokens, "Bearer "]),
            "tables during the visit": _hits(self.during, [*everybody, *ways, *self.tokens, "Bearer "]),
            "logs": _hits(self.logs(), [*everybody, *ways, *self.tokens]),
            "graph": _hits(self._told_graph_by_place(), [*everybody, *self.tokens, self.people.doctor_id]),
            "addresses": _hits({one: one for one in self.addresses}, [*everybody, self.people.doctor_id]),
            "patient": _hits(
                {
                    "received": await self.received.text(),
                    "in Teams": await self.received_in_teams.text(),
                },
                [*of_clinician, *self.people.of_patient],
            ),
        }

    def _told_graph_by_place(self) -> dict[str, str]:
        """What Graph received, without the one thing it is told of a person: a clinician's address, in a body."""
        return {
            str(number): said.replace(f"{DOCTOR_LOGIN}@", "@") if said.startswith("POST") else said
            for number, said in enumerate(self.told_graph())
        }

    def logs(self) -> dict[str, str]:
        """Every log by its name: Housecall's own, and the database's."""
        found = {"housecall": self.demo.log.read_text(encoding="utf-8")}
        for path in Path(self.demo.folder / "data").rglob("log*"):
            if path.is_file():
                found[path.name] = path.read_text(encoding="utf-8", errors="replace")
        return found


def _hits(texts: dict[str, str], wanted: list[str]) -> dict[str, list[str]]:
    return {name: hits for name, text in texts.items() if (hits := find_in(text, wanted))}
