"""The link tapped inside another app, whose browser may have no camera: the page says so and shows the way out."""

from typing import Final

import pytest
from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import Theatre

# What these apps add to the browser's name is all that a page can know them by.
ANDROID_APP: Final = (
    "Mozilla/5.0 (Linux; Android 14; SM-A546B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0]"
)
IPHONE_APP: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/21F79 Instagram 330.0"
)
# Such a view hands no camera to its pages.
NO_DEVICES: Final = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_an_app_on_a_phone_is_told_and_opens_the_own_browser(
    demo: Demo, theatre: Theatre, language: str
) -> None:
    booked = demo.book()
    patient = await theatre.patient(booked, user_agent=ANDROID_APP)
    await patient.page.goto(f"{await patient.read_text()}?lang={language}")

    notice = patient.page.locator("#in-app")
    await expect(notice).to_be_visible()
    way = notice.get_by_role("link")

    link = patient.link.partition("://")[2]
    await expect(way).to_have_attribute("href", f"intent://{link}#Intent;scheme=http;end")
    assert await axe(patient.page) == []
    assert await widest(patient.page) <= 0
    await picture(patient.page, f"patient-in-app-{language}")


async def test_where_only_copying_helps_the_link_is_copied_and_it_is_said(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    patient = await theatre.patient(
        booked, user_agent=IPHONE_APP, permissions=["clipboard-read", "clipboard-write"]
    )
    await patient.open_link()
    notice = patient.page.locator("#in-app")

    await notice.get_by_role("button").click()

    await expect(notice.get_by_role("status")).not_to_be_empty()
    assert await patient.page.evaluate("() => navigator.clipboard.readText()") == patient.link


async def test_a_view_without_a_camera_still_leads_into_the_waiting_room(
    demo: Demo, theatre: Theatre
) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await patient.context.add_init_script(NO_DEVICES)
    await clinician.open_panel(booked)
    await patient.open_link()

    await expect(patient.page.locator("#in-app")).to_be_visible()
    await patient.press_start()
    assert await axe(patient.page) == []
    await patient.enter_lobby()

    await clinician.sees("waiting")
