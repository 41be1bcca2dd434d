"""A visit of planted people, and the sweep of every place afterwards."""

import asyncio
import json
from pathlib import Path
from urllib.parse import unquote

from playwright.async_api import Page, Response, WebSocket, expect

from housecall.db.embedded import EmbeddedPostgres
from tests.stories.demo import Demo
from tests.stories.planted import NUMBER, TYPED_NUMBER, Planted, every_row, find_in
from tests.stories.theatre import Clinician, Patient, Theatre


class Received:
    """Every byte that a browser received over HTTP and its sockets, as text."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._reading: list[asyncio.Task[None]] = []

    def listen(self, page: Page) -> None:
        page.on("response", lambda answer: self._reading.append(asyncio.ensure_future(self._read(answer))))
        page.on("websocket", self._listen_socket)

    def _listen_socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.parts.append(f"{socket.url} {frame!s}"))

    async def _read(self, answer: Response) -> None:
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
        self.addresses: list[str] = []
        self.before_admission: list[str] = []
        self.link = ""

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

    def _keep(self, clinician: Clinician, patient: Patient) -> None:
        ours = [address for address in clinician.addresses + patient.addresses if self.demo.url in address]
        self.addresses += [unquote(address) for address in ours]
        self.link = self.link or patient.link

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

    async def sweep(self) -> dict[str, dict[str, list[str]]]:
        """Per place what was found there; empty lists are left out."""
        token = self.link.rsplit("/", 1)[-1]
        everybody = [*self.people.of_patient, *self.people.of_clinician]
        server = EmbeddedPostgres.join(self.demo.folder / "data")
        rows = every_row(server)
        server.leave()
        of_clinician = [*self.people.of_clinician, self.people.doctor_id]
        return {
            "tables": _hits(rows, [*everybody, token, "Bearer "]),
            "logs": _hits(self.logs(), [*everybody, token]),
            "addresses": _hits({one: one for one in self.addresses}, [*everybody, self.people.doctor_id]),
            "patient": _hits(
                {"received": await self.received.text()}, [*of_clinician, *self.people.of_patient]
            ),
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
