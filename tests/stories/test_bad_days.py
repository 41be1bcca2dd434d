"""The EHR or the gateway is away: what the clinician and the patient see, and what is kept."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.demo import Demo
from tests.stories.test_launch_pages import callback_of, cookies, launch_of, says
from tests.stories.theatre import Theatre


@pytest.fixture(scope="module")
def demo(own_demo: Demo) -> Demo:
    """Its bad days are nobody else's."""
    return own_demo


@pytest_asyncio.fixture(loop_scope="session")
async def theatre(demo: Demo, chromium: Browser) -> AsyncIterator[Theatre]:
    stage = Theatre(demo, chromium)
    yield stage
    await stage.close()
    turn(demo, ehr="up", gateway="ok", deny_launch=False)


def turn(demo: Demo, **switches: object) -> None:
    demo.http.post(f"{demo.sandbox}/sandbox/settings", json=switches).raise_for_status()


async def test_an_open_panel_goes_on_with_the_ehr_down(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    await clinician.open_panel(booked)
    await patient.read_text()

    turn(demo, ehr="down")
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()


def test_an_ehr_that_goes_down_within_a_launch_is_said_with_a_way_on(demo: Demo) -> None:
    """The EHR has sent the browser back, and does not answer when we ask who it was."""
    with httpx.Client(headers={"Accept": "text/html"}, timeout=30) as frame:
        begun = frame.get(launch_of(demo))
        back = callback_of(frame, begun)
        turn(demo, ehr="down")
        answer = frame.get(back, headers=cookies(begun))
        turn(demo, ehr="up")

    says(answer, 502, "ehr.unavailable")
    assert "Try again" in answer.text


async def test_a_denied_launch_has_a_page_with_a_way_on(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician = await theatre.clinician()

    turn(demo, deny_launch=True)
    await clinician.open_chart(booked)
    await clinician.page.get_by_test_id("housecall-tab").click()

    await expect(clinician.panel.locator("body")).to_contain_text("visits.launch_denied")


async def test_a_gateway_that_is_down_delays_a_text_and_loses_none(demo: Demo, theatre: Theatre) -> None:
    turn(demo, gateway="down")
    booked = demo.book(in_minutes=30)
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    await asyncio.sleep(5)
    assert demo.texts(booked["phone"]) == []

    turn(demo, gateway="ok")

    await asyncio.to_thread(demo.wait_for_text, booked["phone"], within_s=40)
    await expect(clinician.mark("patient-state")).to_have_attribute("data-message", "delivered")
    await asyncio.sleep(2)
    assert len(demo.texts(booked["phone"])) == 1


async def test_a_text_refused_by_the_carrier_is_shown_with_its_reason(demo: Demo, theatre: Theatre) -> None:
    turn(demo, gateway="reject:unreachable")
    booked = demo.book(in_minutes=30)
    clinician = await theatre.clinician()

    await clinician.open_panel(booked)

    await expect(clinician.mark("patient-state")).to_have_attribute("data-message", "failed")


async def test_stop_ends_the_texts_and_the_panel_says_why(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book(in_minutes=30)
    clinician = await theatre.clinician()
    await asyncio.to_thread(demo.wait_for_text, booked["phone"])

    demo.http.post(f"{demo.sandbox}/phone/reply", data={"from": booked["phone"], "body": "STOP"})
    await asyncio.sleep(2)
    await clinician.open_panel(booked)
    await expect(clinician.panel.locator("body")).to_contain_text("Will not be texted because")
    await clinician.press("send-link")

    # The demo's clinic also writes e-mails: those go on, and the text stands as held back.
    await clinician.panel.locator("summary", has_text="All messages").click()
    held_back = clinician.panel.locator('.timeline li[data-state="suppressed"]')
    await expect(held_back.first).to_contain_text("STOP")
    assert len(demo.texts(booked["phone"])) == 1
