"""A department goes live alone: made on the portal, looked at before, and its patients alone are written to.

A pilot closes a whole connection, so it plays in a demo of its own.
"""

import asyncio
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Locator, expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, looks_right
from tests.stories.test_settings import administrator
from tests.stories.theatre import Theatre

BEHAVIOURAL = "21304103"


@pytest.fixture(scope="module")
def demo(own_demo: Demo) -> Demo:
    return own_demo


async def moment(place: Locator) -> datetime:
    """The first moment that the page names there."""
    return datetime.fromisoformat(await place.locator("time").first.get_attribute("datetime") or "")


async def test_one_department_goes_live_alone_and_reminds_at_its_own_times(
    demo: Demo, theatre: Theatre
) -> None:
    portal = await administrator(demo, theatre)
    page = portal.page
    await portal.go("/portal/departments")
    await expect(page.get_by_role("heading", name="No department yet")).to_be_visible()
    await portal.press("begin-pilot")
    await portal.sees("said", "in a pilot")
    await portal.sees("pilot", "now there is none, so nobody is texted")
    await looks_right(page, "departments-none")
    ours = demo.book(in_minutes=60, location=BEHAVIOURAL)
    others = demo.book(in_minutes=60)

    # The EHR is asked for its places; a slip in the reminders loses nothing of what was typed and ticked.
    await portal.press("add-department")
    await portal.fill(name="Behavioural health", find_locations="behav")
    await portal.press("find-locations")
    await portal.sees("found-locations", "1 found")
    await page.get_by_role("checkbox", name="Prairie View Behavioral Health").check()
    await page.get_by_test_id("own-reminders").check()
    await portal.fill(reminders="soon")
    await portal.press("save")
    await expect(page.locator("#reminders-fault")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Prairie View Behavioral Health")).to_be_checked()
    await looks_right(page, "departments-faults")
    await portal.fill(reminders="45m")
    await portal.press("save")
    await portal.sees("said", "It is not live yet")
    address = page.url.partition("?")[0]

    # Its own words, and what a visit there would get.
    await portal.press("department-words")
    await page.locator('[data-template^="confirmation.sms.en"]').click()
    await page.get_by_test_id("template-body").fill("Behavioural health sees you {time}. {link}")
    await portal.press("template-save")
    await portal.sees("template-banner", "Saved")
    await page.goto(address)
    await portal.press("department-preview")
    await expect(page.get_by_test_id("preview-open")).to_have_attribute("data-open", "no")
    await portal.sees("preview-obstacle", "not live in this pilot")
    await portal.sees("preview-facts", "45m (its own)")
    said = page.locator('[data-testid="preview-message"][data-kind="confirmation"]')
    await expect(said).to_contain_text("Behavioural health sees you")
    await looks_right(page, "departments-preview")
    assert demo.texts(ours["phone"]) == []

    # A colleague who had the form open is told, and keeps what was typed.
    colleague = await page.context.new_page()
    await colleague.goto(address)
    await page.goto(address)
    await portal.press("go-live")
    await portal.sees("said", "It is live")
    await colleague.locator("#name").fill("Behavioral health")
    await colleague.get_by_test_id("save").click()
    await expect(colleague.get_by_test_id("stale")).to_contain_text("Somebody else changed this department")
    await expect(colleague.locator("#name")).to_have_value("Behavioral health")
    await expect(colleague.locator("#name-fault")).to_contain_text("What stands now is: Behavioural health")
    await colleague.close()

    # What was booked before is told of in the department's words and reminded of by its rule; nobody else is.
    text = await asyncio.to_thread(demo.wait_for_text, ours["phone"])
    assert text["body"].startswith("Behavioural health sees you")
    department = address.rpartition("/")[2]
    await portal.go(f"/portal/reports/visits?department={department}")
    await expect(page.locator("tbody tr", has_text=ours["id"])).to_contain_text("Behavioural health")
    assert await axe(page) == []
    await portal.go("/portal/reports/texts")
    await page.locator("tr", has_text=ours["id"]).get_by_role("link").first.click()
    reminder = page.locator('[data-kind="reminder"][data-channel="sms"]')
    await expect(reminder.get_by_text("Planned", exact=True)).to_be_visible()
    assert await moment(page.locator(".lead")) - await moment(reminder) == timedelta(minutes=45)
    await portal.go("/portal/audit?act=tenancy:department:switched")
    await expect(page.locator("tbody tr").first).to_contain_text("Behavioural health")
    await portal.go("/portal/departments")
    await expect(page.locator(f'[data-department="{department}"]')).to_have_attribute("data-live", "yes")
    await looks_right(page, "departments-live")
    assert demo.texts(others["phone"]) == []
