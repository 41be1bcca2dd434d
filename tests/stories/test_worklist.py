"""The clinician's list of the day, beside a chart: somebody else arrives, is seen, and is met.

The order of the list is the story here, so it plays in a demo where no other story's patients wait.
"""

import asyncio

import pytest
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture
from tests.stories.theatre import Clinician, Theatre, frame_of


@pytest.fixture(scope="module")
def demo(own_demo: Demo) -> Demo:
    return own_demo


async def open_list(clinician: Clinician) -> None:
    await clinician.mark("worklist-link").click()
    await expect(clinician.mark("worklist")).to_be_visible()


async def test_another_patient_arrives_is_seen_and_is_met_in_a_window_of_their_own(
    demo: Demo, theatre: Theatre
) -> None:
    first, second = demo.book(), demo.book(in_minutes=10)
    clinician, patient = await theatre.clinician(), await theatre.patient(second)
    await clinician.open_panel(first)
    await open_list(clinician)
    rows = clinician.mark("worklist-row")
    await patient.read_text()

    await patient.come_to_lobby()

    # Nobody else is here for this clinician, and of the day nothing is known yet.
    await expect(patient.mark("lobby-turn")).to_have_text("You are next.")
    top = rows.first
    await expect(top).to_have_class("row row-unseen")
    await expect(top.get_by_test_id("patient-state")).to_have_text("Has arrived")
    await expect(top.locator(".row-name")).not_to_be_empty()
    assert "waiting" in (await frame_of(clinician).title()).lower()
    await picture(clinician.page, "worklist-desk-light")
    assert await axe(frame_of(clinician)) == []

    # By its visit from here on: once it is seen, its place in the list is another.
    visit = await top.get_attribute("data-visit")
    row = clinician.panel.locator(f'[data-testid="worklist-row"][data-visit="{visit}"]')
    await row.get_by_test_id("acknowledge").click()
    await expect(row.get_by_test_id("patient-state")).to_have_text("Waiting in the lobby")
    async with clinician.context.expect_page() as opening:
        await row.get_by_test_id("open-visit").click()
    window = await opening.value
    await window.get_by_role("button").click()
    await window.get_by_test_id("admit").click()

    await patient.is_in_call()
    await expect(window.get_by_test_id("call")).to_have_attribute("data-state", "connected")
    await expect(clinician.panel.locator('[data-group="going-on"] li')).not_to_have_count(0)


async def test_the_list_can_be_read_on_a_narrow_screen_in_the_dark(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician = await theatre.clinician(color_scheme="dark")
    await clinician.open_panel(booked)
    await clinician.page.set_viewport_size({"width": 360, "height": 740})
    await open_list(clinician)

    await clinician.panel.get_by_role("link", name="Everybody here").click()

    await expect(clinician.mark("worklist-row").first).to_be_visible()
    await expect(clinician.panel.locator(".row-name").first).not_to_be_empty()
    await asyncio.sleep(0.3)
    await picture(clinician.page, "worklist-narrow-dark")
    assert await axe(frame_of(clinician)) == []
    wide = "() => document.documentElement.scrollWidth - window.innerWidth"
    assert await frame_of(clinician).evaluate(wide) <= 0
