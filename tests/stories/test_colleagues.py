"""Two clinicians and a patient: a visit changes hands in the lobby, a colleague joins a call and takes it over."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import FRAMES_DECODED, Clinician, Theatre, frame_of, frames_move


class Window:
    """The visit in a window of the colleague's own, as the list opens it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def mark(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    async def frames(self) -> int:
        return int(await self.page.evaluate(FRAMES_DECODED))

    async def picture(self) -> list[int]:
        raise NotImplementedError


def two_clinicians(demo: Demo) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one whom visits are booked with by default, and another."""
    first, second, *_ = demo.http.get(f"{demo.sandbox}/sandbox/practitioners").json()
    return first, second


async def open_as(clinician: Clinician, booked: dict[str, Any], who: dict[str, Any]) -> None:
    """Housecall in the chart of that visit's patient, as that clinician."""
    where = f"{clinician.demo.sandbox}/chart/{booked['patient']}"
    await clinician.page.goto(f"{where}?appointment={booked['id']}&as={who['id']}&tab=housecall")
    await expect(clinician.mark("visit-card").first).to_be_visible()


async def ask(clinician: Clinician, who: dict[str, Any], press: str) -> None:
    """The colleague is looked for by name and asked, with the keyboard alone."""
    form = clinician.mark("ask-colleague")
    if await form.get_attribute("open") is None:
        await form.locator("summary").focus()
        await clinician.page.keyboard.press("Enter")
    await clinician.mark("colleague-name").focus()
    await clinician.page.keyboard.type(who["family"])
    await clinician.page.keyboard.press("Enter")
    found = clinician.panel.locator(f'[data-testid="colleague-found"][data-ref="{who["id"]}"]')
    await found.get_by_test_id(press).focus()
    await clinician.page.keyboard.press("Enter")
    await expect(found).to_have_count(0)


def row_of(clinician: Clinician, visit: str) -> Locator:
    return clinician.panel.locator(f'[data-testid="worklist-row"][data-visit="{visit}"]')


async def open_from_list(clinician: Clinician, visit: str) -> Window:
    async with clinician.context.expect_page() as opening:
        await row_of(clinician, visit).get_by_test_id("open-visit").click()
    window = await opening.value
    clinician.watch(window)
    await window.get_by_role("button").click()
    await expect(window.get_by_test_id("patient-state")).to_be_visible()
    return Window(window)


async def test_a_waiting_patient_is_handed_to_a_colleague_who_finds_them_on_top_of_the_list(
    demo: Demo, theatre: Theatre
) -> None:
    """Pain: nobody notices, and whoever is handed on starts over at the back of the queue."""
    me, other = two_clinicians(demo)
    booked, theirs = demo.book(), demo.book(in_minutes=30, practitioner=other["id"])
    clinician, colleague = await theatre.clinician(), await theatre.clinician(color_scheme="dark")
    patient = await theatre.patient(booked)
    await open_as(clinician, booked, me)
    visit = await clinician.mark("visit-card").get_attribute("data-visit")
    assert visit is not None
    await patient.read_text()
    patient.link += "?lang=da"
    await patient.come_to_lobby()
    await clinician.sees("waiting")

    await ask(clinician, other, "hand-over")
    asked = clinician.mark("colleague-asked")
    await expect(asked).to_contain_text(other["family"])
    await expect(asked).to_have_attribute("data-seen", "false")
    await expect(patient.mark("handing")).to_have_text("En kollega tager imod dig. Du beholder din plads.")
    assert await axe(frame_of(clinician)) == []
    assert await axe(patient.page) == []
    await picture(clinician.page, "colleague-asked-desk")
    await picture(patient.page, "colleague-lobby-da")

    await open_as(colleague, theirs, other)
    await colleague.mark("worklist-link").click()
    row = row_of(colleague, visit)
    await expect(row.get_by_test_id("row-asked")).to_have_text("A colleague hands it over to you")
    await expect(colleague.panel.locator('[data-group="asked"]').first.locator(".row").first).to_be_visible()
    assert await axe(frame_of(colleague)) == []
    await picture(colleague.page, "colleague-list-dark")
    await row.get_by_test_id("acknowledge").click()
    await expect(asked).to_have_attribute("data-seen", "true")

    window = await open_from_list(colleague, visit)
    await expect(window.mark("colleague-asks")).to_contain_text(me["family"])
    await window.page.set_viewport_size({"width": 320, "height": 720})
    assert await widest(window.page) <= 0
    assert await axe(window.page) == []
    await picture(window.page, "colleague-asks-320-dark")
    await window.mark("colleague-take-over").click()
    await expect(window.mark("colleague-asks")).to_be_hidden()
    await expect(clinician.mark("taken-over")).to_contain_text(other["family"])
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")

    await window.mark("admit").click()
    await patient.is_in_call()
    assert await asyncio.gather(frames_move(window), frames_move(patient)) == [True, True]
    seen = await patient.page.content()
    assert other["family"] not in seen
    assert other["id"] not in seen
    await window.mark("end-visit").click()
    await window.mark("confirm-end").click()
    await expect(patient.mark("visit-over")).to_be_visible()


async def test_a_colleague_joins_the_call_and_then_takes_it_over(demo: Demo, theatre: Theatre) -> None:
    """The patient's call goes on throughout, and the first clinician can leave it."""
    me, other = two_clinicians(demo)
    booked = demo.book()
    clinician, colleague = await theatre.clinician(), await theatre.clinician()
    patient = await theatre.patient(booked)
    await open_as(clinician, booked, me)
    # Before the patient is there the two can talk.
    await ask(clinician, other, "ask-to-join")
    await open_as(colleague, booked, other)
    await expect(colleague.mark("colleague-asks")).to_contain_text("asks you to join")
    assert await axe(frame_of(colleague)) == []
    await colleague.press("colleague-join")
    await clinician.press("join-visit")
    await colleague.is_in_call()
    await clinician.is_in_call()

    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    await expect(patient.page.locator(".tile")).to_have_count(2)
    assert await frames_move(patient)

    await ask(clinician, other, "hand-over")
    await expect(patient.mark("call-notice")).to_have_text(
        "A colleague will see you now. Please stay in the call."
    )
    assert await axe(patient.page) == []
    await picture(patient.page, "colleague-call")
    await picture(clinician.page, "colleague-call-panel")
    await colleague.press("colleague-take-over")
    await expect(clinician.mark("taken-over")).to_contain_text(other["family"])
    await expect(patient.mark("call-notice")).to_be_hidden()
    await clinician.press("leave")

    await expect(patient.page.locator(".tile")).to_have_count(1)
    await patient.is_in_call()
    assert await frames_move(patient)
    assert other["family"] not in await patient.page.content()
    await colleague.end()
    await expect(patient.mark("visit-over")).to_be_visible()


async def test_colleagues_consult_each_other_without_a_patient(demo: Demo, theatre: Theatre) -> None:
    """Given nobody's appointment, two clinicians meet; it stands in both lists and ends by a press."""
    me, other = two_clinicians(demo)
    mine, theirs = demo.book(in_minutes=40), demo.book(in_minutes=40, practitioner=other["id"])
    clinician, colleague = await theatre.clinician(), await theatre.clinician()
    await open_as(clinician, mine, me)
    await clinician.mark("worklist-link").click()
    async with clinician.context.expect_page() as opening:
        await clinician.press("begin-consult")
    page = await opening.value
    clinician.watch(page)
    await page.get_by_role("button").click()
    window = Window(page)
    card = window.mark("visit-card")
    await expect(card).to_contain_text("Consult between colleagues")
    visit = await card.get_attribute("data-visit")
    assert visit is not None
    await window.mark("colleague-name").fill(other["family"])
    await window.mark("find-colleague").click()
    found = page.locator(f'[data-testid="colleague-found"][data-ref="{other["id"]}"]')
    await found.get_by_test_id("ask-to-join").click()
    await expect(window.mark("colleague-asked")).to_contain_text(other["family"])
    assert await axe(page) == []
    await picture(page, "consult-asked")
    await window.mark("join-visit").click()

    await open_as(colleague, theirs, other)
    await colleague.mark("worklist-link").click()
    await expect(row_of(colleague, visit)).to_contain_text("Consult between colleagues")
    second = await open_from_list(colleague, visit)
    await second.mark("colleague-join").click()
    await expect(window.mark("patient-state")).to_contain_text("Colleagues are in the call")
    assert await asyncio.gather(frames_move(window), frames_move(second)) == [True, True]
    await picture(page, "consult-call")
    await window.mark("end-visit").click()
    await window.mark("confirm-end").click()

    await expect(second.mark("patient-state")).to_contain_text("Visit ended")
    await expect(second.mark("call")).to_have_count(0)
