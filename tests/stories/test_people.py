"""An interpreter and a relative in the visit: links made on the panel, lobbies of their own, four in one call."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest_asyncio
from playwright.async_api import Browser, Locator, async_playwright, expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.test_settings import administrator
from tests.stories.theatre import CHROMIUM, DESK, FLAGS, PHONE, Clinician, Patient, Person, Theatre

# Twelve pictures are encoded at once here, on two cores that have other things to do.
_SLOW_CAMERA: Final = "--use-fake-device-for-media-stream=fps=6"
_LOOKS: Final = 60
_FRAMES_OF_EACH: Final = """
async () => {
  const found = {};
  for (const [at, peer] of (window.__peers || []).entries()) {
    if (peer.connectionState !== 'connected') continue;
    let frames = 0;
    for (const report of (await peer.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video') frames += report.framesDecoded || 0;
    }
    found[at] = frames;
  }
  return found;
}
"""
_KEEP_LIVE: Final = (
    "() => { window.__kept = window.__peers.filter((one) => one.connectionState === 'connected'); }"
)
_STILL_LIVE: Final = "() => window.__kept.filter((one) => one.connectionState === 'connected').length"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    flags = [_SLOW_CAMERA if "fake-device" in flag else flag for flag in FLAGS]
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield made
        await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(demo: Demo, browser: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(demo, browser)
    yield made
    await made.close()


async def invite(clinician: Clinician, role: str, language: str) -> str:
    """A link made on the panel, as it is shown there."""
    form = clinician.mark("invite-guest")
    if await form.get_attribute("open") is None:
        await form.locator("summary").click()
    await clinician.mark(f"guest-role-{role}").check()
    await clinician.mark("guest-language").select_option(language)
    before = await rows(clinician, role).count()
    await clinician.press("make-guest-link")
    await expect(rows(clinician, role)).to_have_count(before + 1)
    link = await form.get_by_test_id("guest-link").input_value()
    await form.locator("summary").click()
    return link


def rows(clinician: Clinician, role: str) -> Locator:
    return clinician.panel.locator(f'[data-testid="guest"][data-role="{role}"]')


async def is_at(clinician: Clinician, role: str, state: str) -> None:
    await expect(rows(clinician, role)).to_have_attribute("data-state", state)


async def let_in(clinician: Clinician, role: str) -> None:
    await rows(clinician, role).get_by_test_id("guest-admit").click()


async def guest(stage: Theatre, link: str, **options: Any) -> Patient:
    person = await stage.patient({}, **options)
    person.link = link
    return person


def place_of(person: Person) -> Any:
    """Where the call is: the panel's is in its frame."""
    return person.mark("call") if isinstance(person, Clinician) else person.page


async def each_moves(person: Person, number: int) -> bool:
    """Whether pictures of so many others are decoded anew, each by a connection of its own."""
    before: dict[str, int] = {}
    for _ in range(_LOOKS):
        frames: dict[str, int] = await place_of(person).evaluate(_FRAMES_OF_EACH)
        # A page that is loaded again is for a moment there twice: only the same connections are compared.
        if frames.keys() != before.keys():
            before = frames
        elif len(frames) == number and all(frames[at] > before[at] for at in frames):
            return True
        await asyncio.sleep(0.5)
    return False


async def area(tile: Locator) -> float:
    box = await tile.bounding_box()
    assert box is not None
    return box["width"] * box["height"]


def tile(person: Person, role: str) -> Locator:
    return place_of(person).locator(f'.tile[data-role="{role}"]')


async def test_four_see_each_other_and_the_interpreter_stays_seen(demo: Demo, stage: Theatre) -> None:
    """Pain: whoever interprets is lost among the tiles, or walks in past the lobby."""
    booked = demo.book(in_minutes=5, minutes=30)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    interpreter = await guest(stage, await invite(clinician, "interpreter", "da"), locale="da-DK")
    relative = await guest(stage, await invite(clinician, "family", "ar"), color_scheme="dark")
    await is_at(clinician, "interpreter", "invited")

    # An interpreter may be spoken to before the patient comes, once they are let in.
    await interpreter.come_to_lobby()
    await expect(interpreter.page.locator("h1")).to_have_text("Du er i venteværelset")
    await is_at(clinician, "interpreter", "waiting")
    await picture(clinician.page, "people-panel-waiting")
    assert await axe(interpreter.page) == []
    await let_in(clinician, "interpreter")
    await interpreter.is_in_call()
    await clinician.sees("invited")

    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    await expect(patient.mark("call-told")).to_contain_text("The interpreter has joined.")

    await relative.come_to_lobby()
    assert await axe(relative.page) == []
    await picture(relative.page, "people-lobby-ar-dark")
    await is_at(clinician, "family", "waiting")
    await let_in(clinician, "family")
    await expect(patient.mark("call-told")).to_contain_text("A family member has joined.")
    everybody = (clinician, patient, interpreter, relative)
    assert await asyncio.gather(*(each_moves(one, 3) for one in everybody)) == [True] * 4

    await _look(clinician, patient, relative)
    for one in everybody:
        await place_of(one).evaluate(_KEEP_LIVE)
    await interpreter.page.reload()
    assert await asyncio.gather(*(each_moves(one, 3) for one in everybody)) == [True] * 4
    assert [await place_of(one).evaluate(_STILL_LIVE) for one in (clinician, patient, relative)] == [2, 2, 2]

    row = rows(clinician, "family")
    await row.locator("summary").first.click()
    await row.get_by_test_id("guest-withdraw").click()
    await expect(relative.mark("lobby")).to_have_attribute("data-state", "withdrawn")
    assert await asyncio.gather(*(each_moves(one, 2) for one in everybody[:3])) == [True] * 3
    await clinician.end()
    await expect(interpreter.mark("visit-over")).to_be_visible()
    await expect(patient.mark("survey")).to_be_visible()
    await expect(interpreter.mark("survey")).to_have_count(0)


async def _look(clinician: Clinician, patient: Patient, relative: Patient) -> None:
    """Clinician and interpreter large for the patient on a phone, patient and interpreter for the clinician."""
    for large in ("clinician", "interpreter"):
        assert await area(tile(patient, large)) > await area(tile(patient, "family"))
        await expect(tile(patient, large)).to_be_in_viewport(ratio=0.99)
    assert await area(tile(clinician, "interpreter")) > await area(tile(clinician, "family"))
    assert await axe(patient.page) == []
    await picture(patient.page, "people-call-390")
    await picture(relative.page, "people-call-ar-dark-390")
    await patient.page.set_viewport_size({"width": 320, "height": 640})
    assert await widest(patient.page) <= 0
    await expect(tile(patient, "interpreter")).to_be_in_viewport(ratio=0.99)
    await picture(patient.page, "people-call-320")
    await patient.page.set_viewport_size(DESK)
    assert await area(tile(patient, "interpreter")) > await area(tile(patient, "family"))
    await picture(patient.page, "people-call-desk")
    await patient.page.set_viewport_size(PHONE)
    panel = next(frame for frame in clinician.page.frames if "/panel/" in frame.url)
    assert await axe(panel) == []
    await picture(clinician.page, "people-panel-call")


async def test_a_link_made_in_the_portal_days_ahead_brings_somebody_who_is_seen_on_the_list(
    demo: Demo, stage: Theatre
) -> None:
    booked = demo.book(in_minutes=8, minutes=30)
    clinician, portal = await stage.clinician(), await administrator(demo, stage)
    await clinician.open_panel(booked)
    await portal.go("/portal/guests")
    row = portal.page.locator(f'tr[data-appointment="{booked["id"]}"]')
    await portal.is_fine("guests-day")
    await row.get_by_test_id("guests-open").click()
    await portal.page.get_by_test_id("portal-guest-language").select_option("da")
    await portal.press("portal-make-link")
    interpreter = await guest(stage, await portal.page.locator("#guest-link").input_value())
    await portal.is_fine("guests-visit")

    await interpreter.come_to_lobby()
    await is_at(clinician, "interpreter", "waiting")
    visit = await clinician.mark("visit-card").get_attribute("data-visit")
    await clinician.mark("worklist-link").click()
    listed = clinician.panel.locator(f'[data-testid="worklist-row"][data-visit="{visit}"]')

    await expect(listed.get_by_test_id("row-guests")).to_have_text("Interpreter (Danish) in the lobby")
    await picture(clinician.page, "people-worklist")


async def test_an_interpreter_invited_by_text_hears_of_a_new_time_and_of_the_end_of_it(
    demo: Demo, stage: Theatre
) -> None:
    """Given a link sent ahead, when the visit moves it stays good and says so, and dies when it is cancelled.

    That they are told is the administrator's choice: their number is kept for it.
    """
    portal = await administrator(demo, stage)
    await portal.go("/portal/settings")
    await portal.page.locator("#keeps_guest_addresses").check()
    await portal.press("save")
    await portal.sees("saved")
    await portal.is_fine("settings-guests")
    booked, phone = demo.book(in_minutes=120, minutes=30), "+15550149731"
    before = len(demo.texts(phone))
    clinician = await stage.clinician()
    await clinician.open_panel(booked)
    await clinician.mark("invite-guest").locator("summary").click()
    await expect(clinician.mark("invite-guest")).to_contain_text("is told of a new time")
    await clinician.mark("guest-language").select_option("es")
    await clinician.mark("guest-to").fill("12")
    await clinician.press("make-guest-link")
    await expect(clinician.mark("invite-guest").get_by_role("alert")).to_contain_text("not a mobile number")
    await expect(rows(clinician, "interpreter")).to_have_count(0)
    await clinician.mark("guest-to").fill(phone)
    await clinician.press("make-guest-link")
    text = await asyncio.to_thread(demo.wait_for_text, phone, more_than=before)
    await expect(rows(clinician, "interpreter")).to_contain_text("Invitation")
    panel = next(frame for frame in clinician.page.frames if "/panel/" in frame.url)
    assert await axe(panel) == []
    await picture(clinician.page, "people-panel-invited")

    interpreter = await guest(stage, next(word for word in text["body"].split() if "/v/" in word))
    await interpreter.open_link()
    await expect(interpreter.page.locator("h1")).to_have_text("Le piden que interprete en una videoconsulta")
    assert await axe(interpreter.page) == []
    await picture(interpreter.page, "people-landing-es")
    first = await interpreter.page.locator("dd").first.text_content()

    await asyncio.to_thread(demo.change, booked["id"], in_minutes=26 * 60)
    moved = await asyncio.to_thread(demo.wait_for_text, phone, more_than=before + 1)
    assert interpreter.link in moved["body"]
    await interpreter.page.reload()
    await expect(interpreter.mark("start")).to_be_visible()
    assert await interpreter.page.locator("dd").first.text_content() != first

    await asyncio.to_thread(demo.change, booked["id"], status="cancelled")
    off = await asyncio.to_thread(demo.wait_for_text, phone, more_than=before + 2)
    assert "se ha cancelado" in off["body"]
    await interpreter.page.reload()
    await expect(interpreter.mark("lobby")).to_have_attribute("data-state", "cancelled")
