"""A whole visit without a mouse or a finger, on both sides."""

from playwright.async_api import Page, expect

from tests.stories.demo import Demo
from tests.stories.theatre import Theatre

_MOST_TABS = 40
# The mark of what has the focus, also inside the chart's frame.
_FOCUSED = "() => document.activeElement?.closest('[data-testid]')?.getAttribute('data-testid') ?? ''"


async def focused(page: Page, url: str) -> str:
    """The mark of the focused element, in our own page or in our frame of the chart."""
    for frame in page.frames:
        if frame.url.startswith(url) and (mark := str(await frame.evaluate(_FOCUSED))):
            return mark
    return ""


async def press_by_keyboard(page: Page, url: str, mark: str) -> None:
    """Tab until the element with this mark has the focus, then Enter."""
    for _ in range(_MOST_TABS):
        if await focused(page, url) == mark:
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{mark} cannot be reached by keyboard")


async def test_a_visit_by_keyboard_alone(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    await clinician.open_panel(booked)

    await patient.open_link()
    await press_by_keyboard(patient.page, demo.url, "start")
    await expect(patient.mark("enter-lobby")).to_be_enabled()
    await press_by_keyboard(patient.page, demo.url, "enter-lobby")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await clinician.sees("waiting")
    await press_by_keyboard(clinician.page, demo.url, "admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    await press_by_keyboard(clinician.page, demo.url, "end-visit")
    await expect(clinician.mark("confirm-end")).to_be_focused()
    await clinician.page.keyboard.press("Enter")

    await expect(patient.mark("visit-over")).to_be_visible()
