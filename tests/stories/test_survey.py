"""After the call the patient answers two questions, and who reads reports sees what was said."""

from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture
from tests.stories.theatre import Theatre


async def test_an_answer_after_the_visit_is_in_the_report(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked, color_scheme="dark")
    reader = await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.end()

    await expect(patient.mark("survey")).to_be_visible()
    assert await axe(patient.page) == []
    await picture(patient.page, "patient-survey")
    await patient.mark("visit-good").check()
    await patient.mark("sound-fair").check()
    await patient.mark("send-survey").click()
    await expect(patient.mark("survey")).to_have_count(0)

    await reader.page.goto(f"{demo.url}/portal/reports/survey")
    await reader.page.get_by_role("link", name="Sign in").first.click()
    await reader.page.locator('[data-testid="sign-in-as"][data-role="reader"]').click()
    await reader.page.goto(f"{demo.url}/portal/reports/survey")
    await expect(reader.page.get_by_test_id("report-survey").locator("tbody tr")).to_have_count(1)
    assert await axe(reader.page) == []
    await picture(reader.page, "report-survey")
