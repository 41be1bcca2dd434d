"""Colleagues from the panel: found, asked, on their list at once; and what the patient's browser hears of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from housecall.db.database import Database
from housecall.ehr.base import Clinician, PractitionerRef
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.visits.tables import Visit
from housecall.web.cookies import launch_cookie
from tests.visits.hospital import DOCTOR, Hospital, open_hospital
from tests.web.live import Live, Page, serve

COLLEAGUE = PractitionerRef("593102")
STRANGER = "593103"


@dataclass
class Ward:
    """The doctor's panel with the visit in it, and the house around them."""

    live: Live
    hospital: Hospital
    visit: Visit
    doctor: tuple[str, str]

    async def post(self, launch: tuple[str, str], path: str, **body: Any) -> httpx.Response:
        own = {"Cookie": launch[1], "X-Housecall": "panel", "Origin": self.live.house.public_url}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.live.port}", headers=own) as http:
            return await http.post(f"/panel/{launch[0]}/{path}", json=body)

    async def ask(self, **body: Any) -> dict[str, Any]:
        wanted = {"to": COLLEAGUE, "wish": "take_over", **body}
        answer = await self.post(self.doctor, f"visits/{self.visit.id}/colleagues", **wanted)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def list_of(self, launch: tuple[str, str]) -> Page:
        page = await self.live.open(f"/panel/{launch[0]}/today/socket?whose=mine", launch[1])
        await page.say("hello", v=1, tab="list", resume=False)
        await page.until("worklist")
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def ward(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Ward]:
    hospital = await open_hospital(database, clock, sealer)
    hospital.ehr.put_clinician(Clinician(COLLEAGUE, "Okonski, Per"))
    hospital.book(in_minutes=5)
    begun = await hospital.begin()
    launch = await hospital.finish(begun, *hospital.approve(begun))
    [visit] = await hospital.visits()
    cookie = f"{launch_cookie(launch.id)}={begun.cookie_secret}"
    async with serve(hospital.clinic) as live:
        yield Ward(live, hospital, visit, (launch.id, cookie))


async def test_a_colleague_is_found_and_has_the_visit_on_their_list_until_it_is_answered(ward: Ward) -> None:
    colleague = await ward.live.launch(user=COLLEAGUE)
    stranger = await ward.live.launch(user=STRANGER)
    page = await ward.list_of(colleague)

    found = (await ward.post(ward.doctor, "colleagues", name="okon")).json()
    await ward.ask()

    assert found == [{"ref": COLLEAGUE, "name": "Okonski, Per"}]
    shown = await page.visit(lambda view: view["visit"] == ward.visit.id)
    assert [(one["user"], one["asked"]["seen"]) for one in shown["others"]] == [(COLLEAGUE, False)]
    assert (await ward.post(stranger, f"today/{ward.visit.id}/seen")).status_code == 404
    assert (await ward.post(stranger, f"today/{ward.visit.id}/open")).status_code == 404
    seen = (await ward.post(colleague, f"today/{ward.visit.id}/seen")).json()
    assert seen["others"][0]["asked"]["seen"] is True
    names = await ward.post(ward.doctor, f"visits/{ward.visit.id}/colleagues/names")
    assert names.json() == {COLLEAGUE: "Okonski, Per"}
    # Not by an address alone: the visit opens from their own list, or from their own launch.
    assert (await ward.post(colleague, f"visits/{ward.visit.id}/colleagues/take-over")).status_code == 404
    assert (await ward.post(colleague, f"today/{ward.visit.id}/open")).status_code == 200
    await ward.post(await ward.live.launch(ward.visit.id, user=COLLEAGUE), _act(ward, "decline"))
    assert (await page.until("gone"))["visit"] == ward.visit.id


async def test_every_byte_that_the_patient_hears_of_a_transfer_says_nothing_of_who(ward: Ward) -> None:
    patient = await ward.live.waiting(ward.visit)
    panel = await ward.live.staff(ward.doctor)
    colleague = await ward.live.launch(ward.visit.id, user=COLLEAGUE)

    await ward.ask()
    told = await patient.until("state", lambda message: message["handing"])
    assert (told["state"], told["lobby"]) == ("waiting", "waiting")
    taken = await ward.post(colleague, _act(ward, "take-over"))
    assert taken.json()["handed_to"] == COLLEAGUE
    await panel.visit(lambda view: view["handed_to"] == COLLEAGUE)
    theirs = await ward.live.staff(colleague, "staff-2")
    await theirs.say("join", visit=ward.visit.id)
    await theirs.until("room")
    await ward.post(colleague, f"visits/{ward.visit.id}/admit")
    await patient.until("admitted")

    heard = json.dumps(patient.heard)
    for word in (COLLEAGUE, DOCTOR, "Okonski", "asked"):
        assert word not in heard
    assert next(one["handing"] for one in reversed(patient.heard) if one["type"] == "state") is False


def _act(ward: Ward, act: str) -> str:
    return f"visits/{ward.visit.id}/colleagues/{act}"
