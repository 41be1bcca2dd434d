"""E-mail in the demo: what a booking brings to the mailbox, and the clinician's link by hand."""

import asyncio
import time
from typing import Any

import httpx
from axe_playwright_python.async_playwright import Axe
from icalendar import Calendar
from playwright.async_api import Locator, Page, expect

from tests.stories.demo import Demo
from tests.stories.theatre import DESK, Theatre


def address_of(demo: Demo, booked: dict[str, Any]) -> str:
    people = demo.http.get(f"{demo.sandbox}/sandbox/patients").json()
    return str(next(one["email"] for one in people if one["id"] == booked["patient"]))


async def newest_letter(demo: Demo, to: str, subject: str) -> dict[str, Any]:
    """The newest letter to this address whose subject begins like this, once it is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        letters = await asyncio.to_thread(lambda: httpx.get(f"{demo.sandbox}/sandbox/mail").json())
        for one in letters:
            if one["to"] == to and one["subject"].startswith(subject):
                return dict(one)
        await asyncio.sleep(0.2)
    raise AssertionError("no letter; " + demo.log.read_text()[-3000:])


async def test_a_booking_brings_an_e_mail_whose_link_opens_the_visit(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book(in_minutes=5)
    to = address_of(demo, booked)
    await newest_letter(demo, to, "Your video visit:")
    page = (await theatre.patient(booked)).page

    await page.goto(f"{demo.sandbox}/mail")
    letter = page.locator(f'[data-testid="mail-message"][data-to="{to}"]').first
    link = letter.get_by_test_id("mail-link")
    href = await link.get_attribute("href")
    assert href
    assert href.startswith(f"{demo.url}/v/")
    file = demo.http.get(
        f"{demo.sandbox}{await letter.get_by_test_id('mail-calendar').get_attribute('href')}"
    )
    (event,) = Calendar.from_ical(file.text).walk("VEVENT")
    assert event["URL"] == href
    faults = (await Axe().run(page)).response["violations"]
    assert faults == []

    async with page.expect_popup() as opened:
        await link.click()

    await expect((await opened.value).get_by_test_id("start")).to_be_visible()


async def test_a_move_and_a_cancellation_follow_in_the_calendar(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book(in_minutes=60)
    to = address_of(demo, booked)
    first = Calendar.from_ical((await newest_letter(demo, to, "Your video visit:"))["calendar"])

    demo.change(booked["id"], in_minutes=180)
    moved = Calendar.from_ical((await newest_letter(demo, to, "New time"))["calendar"])
    demo.change(booked["id"], status="cancelled")
    off = Calendar.from_ical((await newest_letter(demo, to, "Your video visit is cancelled"))["calendar"])

    events = [one.walk("VEVENT")[0] for one in (first, moved, off)]
    assert len({event["UID"] for event in events}) == 1
    assert events[0]["SEQUENCE"] < events[1]["SEQUENCE"] < events[2]["SEQUENCE"]
    assert events[1].decoded("DTSTART") > events[0].decoded("DTSTART")
    assert [one["METHOD"] for one in (first, moved, off)] == ["REQUEST", "REQUEST", "CANCEL"]


async def test_the_clinician_sends_the_link_by_e_mail_on_file_and_typed_in(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book(in_minutes=5)
    to = address_of(demo, booked)
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    await clinician.panel.get_by_text("Send the link another way").click()

    await clinician.press("send-link-mail")
    on_file = await newest_letter(demo, to, "The link to your video visit")
    await clinician.panel.get_by_text("Send the link another way").click()
    await clinician.panel.get_by_label("Mobile number with country code, or e-mail address").fill(
        "daughter@mail.example"
    )
    await clinician.press("send-link-to")
    typed = await newest_letter(demo, "daughter@mail.example", "The link to your video visit")

    assert "/v/" in on_file["body"]
    assert "/v/" in typed["body"]
    # Among all messages: the newest line follows whichever changed last, as a receipt of the confirmation does.
    await clinician.panel.locator("summary", has_text="All messages").click()
    await expect(clinician.panel.get_by_text("Link by e-mail sent").first).to_be_visible()

    # Taken by the mail server, and returned by the one behind it: both are told of it.
    await clinician.panel.get_by_text("Send the link another way").click()
    await clinician.panel.get_by_label("Mobile number with country code, or e-mail address").fill(
        "gone.son@mail.example"
    )
    await clinician.press("send-link-to")
    await expect(clinician.panel.get_by_text("there is no such mailbox").first).to_be_visible(timeout=20_000)
    page = await administrator(demo, theatre)
    visit = await clinician.panel.get_by_test_id("visit-card").first.get_attribute("data-visit")
    await page.goto(f"{demo.url}/portal/visits/{visit}/messages")
    returned = page.locator('[data-testid="timeline-message"][data-state="failed"]')
    await expect(returned).to_contain_text("Not delivered because there is no such mailbox")
    await expect(returned).to_contain_text("Failed")
    await no_faults(page)


async def administrator(demo: Demo, theatre: Theatre) -> Page:
    """Signed in to the portal by one press."""
    page = (await theatre.patient({})).page
    await page.set_viewport_size(DESK)
    await page.goto(f"{demo.url}/portal")
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
    await page.wait_for_url("**/portal/**")
    return page


async def test_a_wording_changed_in_the_portal_is_in_the_next_text_and_a_c_confirms(
    demo: Demo, theatre: Theatre
) -> None:
    page = await administrator(demo, theatre)
    await page.goto(f"{demo.url}/portal/messages/templates")
    await no_faults(page)
    await page.locator('[data-template="confirmation.sms.en"]').click()

    await page.get_by_test_id("template-body").fill("{clinic} sees you {time} ✓ {link}")
    await expect(page.get_by_test_id("segments")).to_have_attribute("data-encoding", "ucs2")
    await no_faults(page)
    await page.get_by_test_id("template-save").click()
    await expect(page.get_by_test_id("template-banner")).to_contain_text("Saved")
    await page.get_by_test_id("template-to").fill("+1 312 555 0177")
    await page.get_by_test_id("template-test").click()
    await expect(page.get_by_test_id("template-banner")).to_contain_text("Test:")
    await asyncio.to_thread(demo.wait_for_text, "+13125550177")

    booked = demo.book(in_minutes=20)
    text = await asyncio.to_thread(demo.wait_for_text, booked["phone"])
    assert "sees you" in text["body"]
    clinician = await theatre.clinician()
    await clinician.open_panel(booked)
    demo.http.post(f"{demo.sandbox}/phone/reply", data={"from": booked["phone"], "body": "C"})
    await expect(clinician.panel.get_by_text("Confirmed by the patient.")).to_be_visible()

    await page.get_by_test_id("template-reset").click()
    await expect(page.get_by_test_id("template-banner")).to_contain_text("as shipped again")


async def test_a_text_that_did_not_arrive_is_in_the_report_and_sent_again_from_its_visit(
    demo: Demo, theatre: Theatre
) -> None:
    planted = {"family": "Landline", "given": "Lena", "phone": "+13125550004", "email": "lena@mail.example"}
    patient = demo.http.post(f"{demo.sandbox}/sandbox/people", json=planted).json()
    booked = demo.book(in_minutes=30, patient=patient["id"])
    await newest_letter(demo, "lena@mail.example", "Your video visit:")
    page = await administrator(demo, theatre)

    await page.goto(f"{demo.url}/portal/reports/texts")
    row = page.locator(f'tr[data-status="other_error"]:has-text("{booked["id"]}")').first
    await reloaded_until(page, row)
    await no_faults(page)
    await row.get_by_role("link").click()
    await no_faults(page)
    failed = page.locator('[data-testid="timeline-message"][data-state="failed"]').first
    await expect(failed).to_contain_text("Not delivered because the number is a landline")
    before = await page.get_by_test_id("timeline-message").count()
    await failed.get_by_test_id("send-again").click()

    await expect(page.get_by_role("status")).to_contain_text("on its way again")
    await expect(page.get_by_test_id("timeline-message")).to_have_count(before + 1)
    await page.goto(f"{demo.url}/portal/messages/timing")
    await no_faults(page)


async def reloaded_until(page: Page, locator: Locator) -> None:
    """The page is loaded again until this is on it: receipts come a moment later."""
    for _ in range(40):
        if await locator.count():
            return
        await asyncio.sleep(0.5)
        await page.reload()
    raise AssertionError("it never came")


async def no_faults(page: Page) -> None:
    faults = (await Axe().run(page)).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in faults] == []
