"""A visit held in Teams, by the sandbox's stand-in for Microsoft: the same link and lobby, then Teams' own pages."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Page, expect

from tests.stories.demo import Demo
from tests.stories.sides import from_all_sides
from tests.stories.test_sign_in import Portal
from tests.stories.test_whole_visit import read_report
from tests.stories.theatre import Clinician, Patient, Theatre


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
    await expect(clinician.mark("patient-state")).to_contain_text("Waiting in the Teams lobby: admit there")
    await expect(clinician.panel.get_by_text("admit the patient in Teams")).to_be_visible()
    in_app = re.compile(r"^msteams:/l/meetup-join/")
    await expect(clinician.mark("meeting-app")).to_have_attribute("href", in_app)
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
    assert await from_all_sides(clinician, "moved") == []
    await clinician.press("join-visit")
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.is_in_call()


async def test_where_teams_is_too_slow_the_visit_moves_in_time_and_the_link_stays(
    teams_demo: Demo, stage: Theatre
) -> None:
    """Each single answer comes, and all of them together come too late: nobody waits longer than the deadline."""
    switch(teams_demo, graph="slow")
    booked = teams_demo.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await expect(clinician.panel.get_by_text("Teams is making the meeting")).to_be_visible()
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await expect(clinician.mark("admit")).to_have_count(0)

    reason = "Held in a Housecall room: Teams did not answer in time. The patient’s link is the same."
    await expect(clinician.panel.get_by_text(reason)).to_be_visible(timeout=60_000)
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.is_in_call()
    assert [text for text in teams_demo.texts(booked["phone"]) if patient.link not in text["body"]] == []


def switch(demo: Demo, **wanted: Any) -> None:
    assert demo.http.patch(f"{demo.sandbox}/sandbox/teams", json=wanted).is_success
