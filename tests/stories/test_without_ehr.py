"""The EHR is down: a clinician signs in with the organisation's account, and holds a visit without a name."""

import pytest
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture
from tests.stories.theatre import Theatre, frames_move


@pytest.fixture(scope="module")
def demo(own_demo: Demo) -> Demo:
    """Its bad days are nobody else's."""
    return own_demo


async def test_a_visit_is_held_by_the_organisations_own_sign_in(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await patient.read_text()
    people = demo.http.get(f"{demo.sandbox}/sandbox/patients").json()
    name = next(one for one in people if one["id"] == booked["patient"])["name"]
    family = max(name.replace(",", " ").split(), key=len)
    demo.http.post(f"{demo.sandbox}/sandbox/settings", json={"ehr": "down"}).raise_for_status()
    page = clinician.page

    await page.goto(f"{demo.url}/panel/today")
    await page.get_by_role("link", name="Sign in").first.click()
    await page.locator('[data-testid="sign-in-as"][data-role="clinician"]').click()
    await expect(page.get_by_test_id("worklist")).to_be_visible()
    await patient.come_to_lobby()
    top = page.get_by_test_id("worklist-row").first
    await expect(top.get_by_test_id("patient-state")).to_have_text("Has arrived")
    assert await axe(page) == []
    await picture(page, "today-without-ehr")
    assert family.casefold() not in (await page.content()).casefold()

    await top.get_by_test_id("open-visit").click()
    await page.get_by_test_id("admit").click()
    await patient.is_in_call()
    await expect(page.get_by_test_id("call")).to_have_attribute("data-state", "connected")
    assert await frames_move(patient)
    await picture(page, "visit-without-ehr")
    assert family.casefold() not in (await page.content()).casefold()
    await page.get_by_test_id("end-visit").click(timeout=30_000)
    await page.get_by_test_id("confirm-end").click()

    await expect(patient.mark("visit-over")).to_be_visible()


async def test_another_role_is_told_which_one_is_needed(demo: Demo, theatre: Theatre) -> None:
    reader = await theatre.clinician()
    await reader.page.goto(f"{demo.url}/panel/today")
    await reader.page.get_by_role("link", name="Sign in").first.click()
    await reader.page.locator('[data-testid="sign-in-as"][data-role="reader"]').click()

    await reader.page.goto(f"{demo.url}/panel/today")

    await expect(reader.page.locator("body")).to_contain_text("role clinician")
