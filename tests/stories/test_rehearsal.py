"""Days before: a test that fails and is mended, a clinician who sees both, and a short way in on the day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, async_playwright, expect

from housecall.sandbox.world import local_day
from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import CHROMIUM, FLAGS, Clinician, Patient, Theatre, frame_of

TWO_DAYS_MIN = 2 * 24 * 60
# Cameras and microphones are there, and the browser asks before it opens them.
ASKING = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]
LANGUAGES = ("da", "es", "ar", "en")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(demo: Demo) -> AsyncIterator[Theatre]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ASKING)
        made = Theatre(demo, browser)
        yield made
        await made.close()
        await browser.close()


async def open_panel_of(clinician: Clinician, booked: dict[str, Any], day: str) -> None:
    """From that day's schedule."""
    await clinician.page.goto(f"{clinician.demo.sandbox}/?day={day}")
    row = clinician.page.locator(f'[data-testid="schedule-row"][data-appointment="{booked["id"]}"]')
    await row.get_by_test_id("open-chart").click()
    await clinician.page.get_by_test_id("housecall-tab").click()
    await expect(clinician.mark("visit-card")).to_be_visible()


def line(clinician: Clinician) -> Locator:
    """What the card says of the patient's own test."""
    return clinician.mark("visit-card").locator(".line-words").filter(has_text="tested")


async def looks_well(patient: Patient, name: str) -> None:
    await picture(patient.page, f"rehearsal-{name}")
    assert await axe(patient.page) == [], name
    assert await widest(patient.page) <= 0, name


async def test_a_blocked_camera_is_seen_days_ahead_mended_and_no_trouble_on_the_day(
    demo: Demo, stage: Theatre
) -> None:
    # Of their own: whose chart is opened has no visit today, which the panel would show first.
    person = {"family": "Ahlgren", "given": "Ingrid"}
    planted = demo.http.post(f"{demo.sandbox}/sandbox/people", json=person).json()
    booked = demo.book(in_minutes=TWO_DAYS_MIN, patient=planted["id"])
    day = local_day(datetime.now(UTC) + timedelta(minutes=TWO_DAYS_MIN)).isoformat()
    patient, clinician = await stage.patient(booked, permissions=["microphone"]), await stage.clinician()
    await patient.page.set_viewport_size({"width": 320, "height": 700})
    await open_panel_of(clinician, booked, day)
    assert "Test early" in (await asyncio.to_thread(demo.wait_for_text, booked["phone"]))["body"]
    link = await patient.read_text()

    for language in LANGUAGES:
        await patient.page.goto(f"{link}?lang={language}")
        await expect(patient.mark("days-ahead")).to_be_visible()
        await looks_well(patient, f"landing-{language}")
    await patient.mark("start").click()
    await expect(patient.mark("device-camera")).to_have_attribute("data-result", "fail")
    await expect(patient.mark("device-microphone")).to_have_attribute("data-result", "ok")
    await expect(patient.mark("enter-lobby")).to_have_count(0)
    await looks_well(patient, "check")
    await patient.mark("done-testing").click()

    await expect(patient.mark("rehearsed")).to_have_attribute("data-result", "partly")
    await looks_well(patient, "partly")
    await expect(line(clinician)).to_contain_text(
        "Will fail because: camera blocked in the browser (tested today)"
    )
    await expect(line(clinician)).to_contain_text("send the link again, or offer a phone call")
    await clinician.sees("invited")
    await picture(clinician.page, "rehearsal-panel-fails")
    assert await axe(frame_of(clinician)) == []

    await patient.context.grant_permissions(["camera", "microphone"])
    await patient.mark("test-again").click()
    await expect(patient.mark("device-camera")).to_have_attribute("data-result", "ok")
    await expect(patient.mark("device-microphone")).to_have_attribute("data-result", "ok")
    await expect(patient.mark("device-network")).to_have_attribute("data-result", "ok")
    await patient.mark("done-testing").click()
    await expect(patient.mark("rehearsed")).to_have_attribute("data-result", "ready")
    await expect(line(clinician)).to_have_text("Ready: camera and microphone work (tested today)")
    await clinician.sees("invited")
    for language in LANGUAGES:
        await patient.page.goto(f"{link}?lang={language}")
        await expect(patient.mark("rehearsed")).to_have_attribute("data-result", "ready")
        await looks_well(patient, f"ready-{language}")
    await picture(clinician.page, "rehearsal-panel-ready")

    demo.change(booked["id"], in_minutes=5)
    await patient.read_text(more_than=1)
    await expect(line(clinician)).to_have_text("Ready: camera and microphone work (tested today)")
    await patient.open_link()
    await patient.press_start()
    await expect(patient.mark("short-check")).not_to_have_attribute("open", "")
    await expect(patient.mark("device-camera")).to_be_hidden()
    await looks_well(patient, "short")
    await patient.enter_lobby()

    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
