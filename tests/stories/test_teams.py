"""A visit held in Teams, by the sandbox's stand-in for Microsoft: the same link and lobby, then Teams' own pages."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.stories.demo import Demo
from tests.stories.test_sign_in import Portal
from tests.stories.test_whole_visit import read_report
from tests.stories.theatre import Clinician, Patient, Theatre


@pytest.fixture(scope="module")
def teams_demo() -> Iterator[Demo]:
    running = Demo("--teams").start()
    yield running
    running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(teams_demo: Demo, chromium: Browser) -> AsyncIterator[Theatre]:
    theatre = Theatre(teams_demo, chromium)
    yield theatre
    await theatre.close()
    assert teams_demo.http.patch(f"{teams_demo.sandbox}/sandbox/teams", json={"policy": "global"}).is_success


async def test_a_visit_is_held_in_teams_behind_the_same_link(teams_demo: Demo, stage: Theatre) -> None:
    """From the chart to the report: our lobby first, Teams' lobby after, and the panel knows where the patient is."""
    switch(teams_demo, quality="poor")
    booked = teams_demo.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await expect(clinician.mark("admit")).to_have_count(0)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    assert not [address for address in patient.addresses if "/teams/" in address]

    desk = await let_in(clinician)
    await patient.page.wait_for_url("**/teams/webrtc-svc/**")
    await expect(patient.mark("teams-app")).to_have_count(0)
    await enter_as_guest(patient)
    await expect(patient.mark("teams-lobby")).to_be_visible()
    await clinician.sees("admitted")
    await expect(clinician.panel.get_by_text("admit the patient in Teams")).to_be_visible()
    await desk.get_by_test_id("teams-sign-in").click()
    await desk.get_by_test_id("teams-admit").click()
    await expect(patient.mark("teams-call")).to_be_visible()
    await clinician.sees("connected")

    await desk.get_by_test_id("teams-end").click()
    await clinician.sees("left")
    await clinician.end()
    await quality_is_reported(clinician, booked)
    (row,) = [one for one in await read_report(clinician) if one["Appointment ID"] == booked["id"]]
    assert (row["Status"], row["Attendees"], row["Call quality"]) == ("Completed", "2", "Poor")


async def quality_is_reported(clinician: Clinician, booked: dict[str, Any]) -> None:
    """Microsoft's call record comes a little after the visit; then each stream has its row."""
    portal = Portal(clinician.demo, await clinician.context.new_page())
    await portal.go("/portal")
    await portal.press("sign-in")
    await portal.sign_in_as("administrator")
    await portal.sees("report-visits")
    sound = portal.page.locator('[data-side="guest"][data-kind="audio"]', has_text=booked["id"])

    async def is_there() -> None:
        await portal.go("/portal/reports/quality")
        await expect(sound).to_have_attribute("data-verdict", "poor", timeout=1_000)

    await until(is_there)
    await expect(sound).to_contain_text("640.0")
    await portal.is_fine("quality")
    await portal.page.close()


async def until(seen: Callable[[], Awaitable[None]], *, within_s: float = 60) -> None:
    """Seen at last, however often it was looked for in vain before."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return await seen()
        except AssertionError:
            if time.monotonic() > deadline:
                raise


async def let_in(clinician: Clinician) -> Page:
    """The clinician presses admit; Teams opens in a window of its own."""
    async with clinician.context.expect_page() as opened:
        await clinician.press("admit")
    page = await opened.value
    await page.wait_for_url("**/teams/l/meetup-join/**")
    return page


async def enter_as_guest(patient: Patient) -> None:
    await patient.mark("teams-name").fill("A patient")
    await patient.mark("teams-join").click()


async def test_where_no_licence_gives_the_guests_link_the_page_says_which_way_is_the_browser(
    teams_demo: Demo, stage: Theatre
) -> None:
    switch(teams_demo, virtual_links=False)
    booked = teams_demo.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await patient.come_to_lobby()

    await let_in(clinician)
    await expect(patient.page.get_by_text("Continue on this browser")).to_be_visible()
    await patient.page.wait_for_url("**/teams/l/meetup-join/**")
    switch(teams_demo, virtual_links=True)
    await patient.mark("teams-continue").click()
    await enter_as_guest(patient)

    await expect(patient.mark("teams-lobby")).to_be_visible()


async def test_where_teams_makes_no_meeting_the_visit_moves_and_the_link_stays(
    teams_demo: Demo, stage: Theatre
) -> None:
    switch(teams_demo, policy="none")
    booked = teams_demo.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await patient.come_to_lobby()

    reason = clinician.panel.get_by_text("Teams does not let Housecall make meetings for this clinician")
    await expect(reason).to_be_visible(timeout=40_000)
    await clinician.press("join-visit")
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.is_in_call()


def switch(demo: Demo, **wanted: Any) -> None:
    assert demo.http.patch(f"{demo.sandbox}/sandbox/teams", json=wanted).is_success
