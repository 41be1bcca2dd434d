"""Visits with Firefox on one side and Chromium on the other."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.firefox import Firefox, needs_firefox
from tests.stories.foxes import FoxTheatre, css
from tests.stories.theatre import Theatre, frames_move, pixels_move

pytestmark = needs_firefox

# As when the person said no and ticked that it should be remembered.
_DENIED = {
    "media.navigator.permission.disabled": False,
    "permissions.default.camera": 2,
    "permissions.default.microphone": 2,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def firefox() -> AsyncIterator[Firefox]:
    async with Firefox() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def foxes(demo: Demo, firefox: Firefox) -> AsyncIterator[FoxTheatre]:
    stage = FoxTheatre(demo, firefox)
    yield stage
    await stage.close()


async def test_a_patient_in_firefox_meets_a_clinician_in_chromium(
    demo: Demo, theatre: Theatre, foxes: FoxTheatre
) -> None:
    """A whole visit: devices tested, a reload in the lobby and one in the call, and both see each other move."""
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await foxes.patient()
    await clinician.open_panel(booked)
    await patient.open_link(booked)
    await patient.press_start()
    for device in ("camera", "microphone", "network"):
        await patient.shows(f"device-{device}", result="ok")
    await patient.enter_lobby()
    await clinician.sees("waiting")

    await patient.window.reload()
    await patient.shows("lobby", state="waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    assert await pixels_move(patient)
    assert await pixels_move(clinician)

    await patient.window.reload()
    await patient.is_in_call()
    await clinician.is_in_call()
    await clinician.sees("connected")
    assert await frames_move(patient)
    assert await frames_move(clinician)

    await clinician.end()
    await patient.shows("visit-over")


async def test_a_clinician_in_firefox_meets_a_patient_in_chromium(
    demo: Demo, theatre: Theatre, foxes: FoxTheatre
) -> None:
    """The panel in the chart's frame, its cookie and its socket; the frame loaded again; the end of the visit."""
    booked = demo.book()
    clinician, patient = await foxes.clinician(), await theatre.patient(booked)
    await clinician.open_panel(booked)
    await clinician.sees("invited")
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await clinician.shows("arrival-alert")

    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    assert await pixels_move(patient)
    assert await pixels_move(clinician)

    await clinician.reload_panel()
    await clinician.sees("connected")
    await clinician.press("join-visit")
    await clinician.is_in_call()
    await patient.is_in_call()
    assert await frames_move(patient)
    assert await frames_move(clinician)

    await clinician.press("end-visit")
    await clinician.press("confirm-end")
    await expect(patient.mark("visit-over")).to_be_visible()


async def test_in_firefox_a_denied_camera_is_told_apart_and_the_visit_goes_on(
    demo: Demo, theatre: Theatre
) -> None:
    """Firefox itself refuses; the text is the one for Firefox, and the patient sees the clinician all the same."""
    booked = demo.book()
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    async with Firefox(_DENIED) as refusing:
        foxes = FoxTheatre(demo, refusing)
        patient = await foxes.patient()
        await patient.open_link(booked)
        await patient.press_start()
        for device in ("camera", "microphone"):
            await patient.shows(f"device-{device}", result="fail")
        said = await patient.page.run("(css) => document.querySelector(css).innerText", css("device-camera"))
        assert "crossed-out camera" in said

        await patient.enter_lobby()
        await clinician.sees("waiting")
        await clinician.press("admit")

        await patient.is_in_call()
        assert await frames_move(patient)
        await foxes.close()
