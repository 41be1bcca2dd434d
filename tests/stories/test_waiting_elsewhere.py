"""The patient leaves the waiting room's page, is texted when it is their turn, and comes in by that text."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture
from tests.stories.theatre import Theatre


async def test_whoever_is_texted_when_ready_keeps_the_place_and_comes_in(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("acknowledge")

    await patient.mark("text-me").click()
    await expect(patient.mark("text-me-stop")).to_be_visible()
    assert await axe(patient.page) == []
    await picture(patient.page, "patient-text-me")
    texts = len(demo.texts(booked["phone"]))
    await patient.page.goto("about:blank")
    await expect(clinician.mark("call-in")).to_be_visible()
    await expect(clinician.mark("patient-state")).to_have_text("Waiting elsewhere, to be texted")
    await clinician.press("call-in")
    text = await asyncio.to_thread(demo.wait_for_text, booked["phone"], more_than=texts)

    await patient.page.goto(next(word for word in text["body"].split() if "/v/" in word))
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await expect(clinician.mark("arrival-alert")).to_be_visible()
    await clinician.press("admit")
    await patient.is_in_call()


@pytest.mark.parametrize("language", ["da", "ar"])
async def test_the_clinics_word_is_read_in_the_patients_language(
    demo: Demo, theatre: Theatre, language: str
) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    await clinician.open_panel(booked)
    await patient.page.goto(f"{await patient.read_text()}?lang={language}")
    await patient.press_start()
    await patient.enter_lobby()

    await clinician.mark("tell-waiting").locator("summary").click()
    await clinician.press("tell-late")

    await expect(patient.mark("lobby-message")).to_be_visible()
    said = await patient.mark("lobby-message").locator("p").text_content()
    assert "15" in (said or "")
    assert "running" not in (said or "")
    await picture(patient.page, f"patient-told-{language}")
    assert await axe(patient.page) == []


async def test_a_code_read_out_on_the_phone_leads_into_the_waiting_room(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked, locale="es-ES")
    await clinician.open_panel(booked)
    await clinician.panel.locator("summary", has_text="Read out or print a code").click()
    await clinician.press("make-code")
    code = await clinician.mark("read-out-code").text_content()
    await picture(clinician.page, "panel-read-out")

    await patient.page.goto(f"{demo.url}/j")
    await patient.mark("code").fill("12")
    await patient.mark("use-code").click()
    await expect(patient.page.get_by_role("alert")).to_be_visible()
    assert await axe(patient.page) == []
    await picture(patient.page, "patient-code")
    await patient.mark("code").fill(code or "")
    await patient.mark("use-code").click()

    await patient.press_start()
    await patient.enter_lobby()
    await clinician.sees("waiting")
