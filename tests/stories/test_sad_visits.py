"""What goes wrong on the way, and how each time there is a way on."""

import asyncio
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.stories.demo import Demo
from tests.stories.theatre import CHROMIUM, FLAGS, Theatre, frames_move

# What a browser does with a page in which nothing was pressed. Playwright's own questions count as presses, so that the
# browser's rule cannot be had for real here.
_SOUND_WANTS_A_PRESS: Final = """
let pressed = false;
addEventListener('click', () => { pressed = true; }, true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (!pressed && !this.muted) return Promise.reject(new DOMException('a press is wanted', 'NotAllowedError'));
  return play.call(this).then(() => { window.__played ||= !this.muted; });
};
"""


async def test_a_wrong_link_says_so_and_what_to_do(demo: Demo, theatre: Theatre) -> None:
    patient = await theatre.patient(demo.book())

    answer = await patient.page.goto(f"{demo.url}/v/no-such-link-as-this-one-was-ever-made")

    assert answer is not None
    assert answer.status == 404
    await expect(patient.page.get_by_role("heading", level=1)).to_be_visible()
    assert len((await patient.page.locator("main").inner_text()).split()) > 10


async def test_a_visit_cancelled_while_the_patient_waits_is_told_at_once(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()

    demo.change(booked["id"], status="cancelled")

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "cancelled")
    await expect(clinician.mark("admit")).to_be_hidden()
    assert "cancelled" in (await asyncio.to_thread(demo.wait_for_text, booked["phone"], more_than=1))["body"]


async def test_a_moved_visit_kills_the_old_link_and_sends_a_new_one(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book(in_minutes=5)
    patient = await theatre.patient(booked)
    old = await patient.read_text()

    demo.change(booked["id"], in_minutes=90)
    new = await patient.read_text(more_than=1)

    assert new != old
    await patient.page.goto(old)
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "moved")
    await patient.page.goto(new)
    await expect(patient.mark("start")).to_be_visible()


async def test_a_reload_in_the_lobby_keeps_the_place(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await asyncio.sleep(2.2)

    await patient.page.reload()

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await clinician.sees("waiting")
    waited = await clinician.mark("waiting-clock").inner_text()
    assert waited.split()[-1] >= "0:02"


async def test_a_reload_in_the_call_comes_back_without_a_second_admission(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")
    await patient.is_in_call()

    await patient.page.reload()

    await patient.is_in_call()
    await clinician.sees("connected")
    await clinician.is_in_call()
    assert await frames_move(patient)
    assert await frames_move(clinician)


async def test_the_newest_tab_holds_the_seat(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    first, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await first.come_to_lobby()

    second = await theatre.patient(booked)
    second.link = first.link
    await second.open_link()
    await second.mark("start").click()

    await expect(second.mark("lobby")).to_have_attribute("data-state", "waiting")
    await expect(first.mark("replaced")).to_be_visible()
    await clinician.sees("waiting")


async def test_whoever_is_not_admitted_may_ask_again(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()

    await clinician.press("decline")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "declined")
    await clinician.sees("declined")
    await patient.page.get_by_role("button").last.click()

    await clinician.sees("waiting")


async def test_the_patient_who_leaves_can_come_back(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")
    await patient.is_in_call()

    await patient.mark("leave").click()
    await clinician.sees("left")
    await patient.open_link()
    await patient.page.get_by_role("button").last.click()

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await clinician.sees("waiting")


async def test_a_visit_ended_by_a_slip_goes_on_by_the_same_link(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()

    await clinician.press("restart")
    await expect(patient.mark("enter-lobby")).to_be_enabled()
    await patient.enter_lobby()
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.sees("connected")


async def test_another_panel_on_the_same_visit_follows_when_it_is_begun_again(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    patient, one, other = await theatre.patient(booked), await theatre.clinician(), await theatre.clinician()
    await one.open_panel(booked)
    await other.open_panel(booked)
    await patient.come_to_lobby()
    await one.press("admit")
    await patient.is_in_call()
    await one.end()
    await expect(patient.mark("visit-over")).to_be_visible()
    await one.press("restart")
    await expect(patient.mark("enter-lobby")).to_be_enabled()
    await patient.enter_lobby()

    await other.sees("waiting")
    await other.press("admit")

    await patient.is_in_call()


async def test_too_early_says_when_to_come_back(demo: Demo, theatre: Theatre) -> None:
    # Less than an hour before the waiting room opens: never a rehearsal, not even at eleven in the evening.
    booked = demo.book(in_minutes=60)
    patient = await theatre.patient(booked)

    await patient.open_link()
    await patient.press_start()
    await patient.mark("enter-lobby").click()

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "early")


@pytest.mark.slow
async def test_without_a_camera_the_visit_goes_on_and_held_back_sound_is_a_press_away(
    demo: Demo, theatre: Theatre
) -> None:
    """The patient's browser refuses camera and microphone; they still get in, and see the clinician.

    A page of theirs that opens by itself plays no sound unasked, and says what to press.
    """
    booked = demo.book()
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    flags = [flag for flag in FLAGS if not flag.startswith("--use-fake")] + ["--deny-permission-prompts"]
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        elsewhere = Theatre(demo, browser)
        patient = await elsewhere.patient(booked)
        await patient.open_link()
        await patient.press_start()
        await expect(patient.mark("device-camera")).to_have_attribute("data-result", "fail")
        await patient.enter_lobby()
        await clinician.sees("waiting")
        await clinician.press("admit")
        await patient.is_in_call()
        assert await frames_move(patient)

        # A page that is opened by itself, as after the browser was killed: nothing was ever pressed in it.
        again = await patient.context.new_page()
        await again.add_init_script(_SOUND_WANTS_A_PRESS)
        await again.goto(patient.page.url)
        hear = again.locator(".call-hear")
        await expect(hear).to_be_visible()
        await hear.click()
        await expect(hear).to_be_hidden()
        playing = (
            "() => [...document.querySelectorAll('[data-testid=remote-video]')].every((one) => !one.paused)"
        )
        await again.wait_for_function(playing)
        await elsewhere.close()
        await browser.close()


async def test_two_charts_in_one_browser_never_mix(demo: Demo, theatre: Theatre) -> None:
    one, two = demo.book(), demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(two)
    await clinician.open_panel(one)
    beside = await clinician.context.new_page()
    first_page = clinician.page
    clinician.page = beside
    await clinician.open_panel(two)

    await patient.come_to_lobby()

    await clinician.sees("waiting")
    visit_two = await clinician.mark("visit-card").get_attribute("data-visit")
    clinician.page = first_page
    await clinician.page.bring_to_front()
    await clinician.sees("invited")
    assert await clinician.mark("visit-card").get_attribute("data-visit") != visit_two
