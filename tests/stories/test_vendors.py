"""The whole visit with each vendor's manners: from the booking to the report row, in two real browsers."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.administrator import let_administrators_in
from tests.stories.hospital import Parts
from tests.stories.theatre import Clinician, Theatre, frames_move


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["epic", "generic"])
async def parts(request: pytest.FixtureRequest) -> AsyncIterator[Parts]:
    """Millennium's whole visit is ``test_whole_visit.py``'s."""
    running = await asyncio.to_thread(Parts().of(request.param).start)
    await let_administrators_in(running)
    yield running
    await asyncio.to_thread(running.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


async def report_row(clinician: Clinician, appointment: str) -> dict[str, str]:
    page = await clinician.context.new_page()
    await page.goto(f"{clinician.demo.url}/portal")
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
    await page.goto(f"{clinician.demo.url}/portal/reports/visits")
    async with page.expect_download() as waiting:
        await page.get_by_test_id("export-csv").click()
    path = await (await waiting.value).path()
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    await page.close()
    (row,) = [one for one in rows if one["Appointment ID"] == appointment]
    return row


def presences(parts: Parts, booked: dict[str, Any]) -> list[tuple[str, bool]]:
    """What the EHR was told of who is there, in its order."""
    told = parts.http.get(f"{parts.sandbox}/sandbox/presences").json()
    names = {booked["practitioner"]: "clinician"}
    mine = [one for one in told if one["appointment"] == booked["id"]]
    return [(names.get(one["who"], one["who"]), one["connected"]) for one in mine]


async def until(fits: Any) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(fits):  # noqa: ASYNC110 - the EHR has no event for it
            await asyncio.sleep(0.2)


async def test_a_whole_visit_with_this_vendor(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)

    await patient.open_link()
    await patient.press_start()
    await clinician.open_panel(booked)
    await clinician.sees("checking")
    for device in ("camera", "microphone"):
        await expect(patient.mark(f"device-{device}")).to_have_attribute("data-result", "ok")
    await patient.enter_lobby()
    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    assert await frames_move(patient)
    assert await frames_move(clinician)
    if parts.vendor == "epic":
        both = [("patient", True), ("clinician", True)]
        await until(lambda: sorted(presences(parts, booked)) == sorted(both))
        schedule = await clinician.context.new_page()
        await schedule.goto(parts.sandbox)
        row = schedule.locator(f'[data-testid="schedule-row"][data-appointment="{booked["id"]}"]')
        icons = row.locator('[data-testid="connected"][data-connected="yes"]')
        await expect(icons).to_have_count(2)
    await clinician.end()

    await expect(patient.mark("visit-over")).to_be_visible()
    row_told = await report_row(clinician, booked["fhir"]["appointment"])
    assert (row_told["Status"], row_told["Attendees"]) == ("Completed", "2")
    if parts.vendor == "epic":
        await until(lambda: len(presences(parts, booked)) == 4)
        assert sorted(presences(parts, booked)[2:]) == [("clinician", False), ("patient", False)]


async def test_a_moved_appointment_kills_the_old_link_and_sends_a_new_one(
    parts: Parts, stage: Theatre
) -> None:
    """By polling with one vendor, by a schedule message with the other."""
    booked = parts.book(in_minutes=30)
    patient = await stage.patient(booked)
    old = await patient.read_text()

    parts.change(booked["id"], in_minutes=50)
    new = await patient.read_text(more_than=1)

    assert new != old
    await patient.page.goto(old)
    await expect(patient.mark("start")).to_be_hidden()


async def test_a_patient_comes_in_from_the_vendors_portal(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=5)
    patient = await stage.patient(booked)
    await asyncio.to_thread(parts.wait_for_text, booked["phone"])
    await patient.page.goto(f"{parts.sandbox}/patient?as={booked['patient']}")

    await patient.page.get_by_test_id("begin-visit").first.click()

    await expect(patient.mark("start")).to_be_visible()


async def test_a_launch_in_a_window_of_its_own_leads_into_the_desktops_browser(
    parts: Parts, stage: Theatre
) -> None:
    """Hyperspace may open a window instead of a frame; Haiku's own browser hands the call over."""
    booked = parts.book(in_minutes=5)
    clinician, elsewhere = await stage.clinician(), await stage.clinician()
    answer = parts.http.post(f"{parts.sandbox}/sandbox/launches", json={"patient": booked["patient"]})
    await clinician.page.goto(answer.json()["url"])
    await expect(clinician.page.get_by_test_id("patient-state")).to_have_attribute("data-state", "invited")
    visit = await clinician.page.get_by_test_id("visit-card").get_attribute("data-visit")
    made = await clinician.page.evaluate(
        """(visit) => fetch(location.pathname + '/visits/' + visit + '/handover', {
             method: 'POST', body: '{}',
             headers: { 'X-Housecall': 'panel', 'Content-Type': 'application/json' } }).then((a) => a.json())""",
        visit,
    )

    await elsewhere.page.goto(made["url"])
    await elsewhere.page.get_by_role("button").click()

    await expect(elsewhere.page.get_by_test_id("visit-card")).to_have_attribute("data-visit", visit or "")
