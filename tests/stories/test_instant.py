"""A patient on the phone, a chart without an appointment: a visit in two presses, and nothing of it in the schedule."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import Theatre, frame_of, frames_move


@pytest.fixture(scope="module")
def demo(own_demo: Demo) -> Demo:
    """A demo without other stories: whoever had a visit here has two when they are booked again, and is chosen from."""
    return own_demo


async def test_a_visit_without_an_appointment_is_held_from_the_chart_and_leaves_the_schedule_alone(
    demo: Demo, theatre: Theatre
) -> None:
    person = {"family": "Halloran", "given": "Iris"}
    made = demo.http.post(f"{demo.sandbox}/sandbox/people", json=person).json()
    before = demo.http.get(f"{demo.sandbox}/sandbox/appointments").json()
    clinician, patient = await theatre.clinician(color_scheme="dark"), await theatre.patient(made)
    chart = f"{demo.sandbox}/chart/{made['id']}?tab=housecall"
    await clinician.page.goto(chart)
    await expect(clinician.mark("begin-now")).to_be_visible()
    assert await axe(frame_of(clinician)) == []
    await picture(clinician.page, "instant-empty-dark")

    # With the keyboard alone.
    await clinician.mark("begin-now").focus()
    await clinician.page.keyboard.press("Enter")
    await expect(clinician.mark("visit-card")).to_contain_text("Halloran", ignore_case=True)
    await expect(clinician.mark("visit-card")).to_contain_text("Without an appointment")
    await clinician.press("send-link")
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    assert await axe(frame_of(clinician)) == []
    await picture(clinician.page, "instant-waiting-dark")

    # Whoever opens the chart again meanwhile is back in it, also on a narrow screen.
    await clinician.page.goto(chart)
    await clinician.sees("waiting")
    await clinician.page.set_viewport_size({"width": 360, "height": 740})
    assert await frame_of(clinician).evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await clinician.press("admit")
    await patient.is_in_call()
    assert await asyncio.gather(frames_move(clinician), frames_move(patient)) == [True, True]
    assert await widest(patient.page) <= 0
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()
    after = demo.http.get(f"{demo.sandbox}/sandbox/appointments").json()
    assert {one["id"] for one in after} == {one["id"] for one in before}


async def test_an_account_begins_a_visit_for_a_patient_to_whom_a_code_is_read_out(
    demo: Demo, theatre: Theatre
) -> None:
    clinician, patient = await theatre.clinician(), await theatre.patient({})
    page = clinician.page
    await page.goto(f"{demo.url}/panel/today")
    await page.get_by_role("link", name="Sign in").first.click()
    await page.locator('[data-testid="sign-in-as"][data-role="clinician"]').click()
    await page.get_by_test_id("begin-now").click()
    await page.get_by_text("Read out or print a code").click()
    await page.get_by_test_id("make-code").click()
    code = await page.get_by_test_id("read-out-code").text_content()
    assert await axe(page) == []
    await picture(page, "instant-account")

    await patient.page.goto(f"{demo.url}/j")
    await patient.page.locator("input[name=code]").fill(code or "")
    await patient.page.keyboard.press("Enter")
    await patient.press_start()
    await patient.enter_lobby()
    await expect(page.get_by_test_id("patient-state")).to_have_attribute("data-state", "waiting")
    await page.get_by_test_id("admit").click()
    await patient.is_in_call()
    assert await frames_move(patient)
    await page.get_by_test_id("end-visit").click()
    await page.get_by_test_id("confirm-end").click()
    await expect(patient.mark("visit-over")).to_be_visible()
