"""From the EHR's own patient portal into the visit, in real browsers."""

import re

from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.theatre import Patient, Theatre, frames_move, pixels_move


async def open_portal(patient: Patient) -> None:
    """The patient is signed in to the portal."""
    await patient.page.goto(f"{patient.demo.sandbox}/patient?as={patient.appointment['patient']}")


async def begin_visit(patient: Patient) -> None:
    await open_portal(patient)
    await patient.page.get_by_test_id("begin-visit").first.click()


async def test_from_the_portal_into_the_visit(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)

    await begin_visit(patient)
    await patient.press_start()
    await patient.enter_lobby()

    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()
    assert await pixels_move(patient)
    assert await frames_move(patient)
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()
    # What no address of the way may hold: the link's secret, and who the patient is in the EHR.
    ours = [address for address in patient.addresses if address.startswith(demo.url)]
    assert any("/ehr/patient/visits/" in address for address in ours)
    assert not [address for address in ours if "/v/" in address or booked["patient"] in address]


async def test_the_page_loaded_again_keeps_the_place(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await clinician.open_panel(booked)
    await begin_visit(patient)
    await patient.press_start()
    await patient.enter_lobby()

    await patient.page.reload()

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await clinician.sees("waiting")


async def test_the_seat_is_the_texts_whichever_way_the_patient_came(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    portal, phone = await theatre.patient(booked), await theatre.patient(booked)
    await begin_visit(portal)
    await portal.press_start()
    await portal.enter_lobby()

    await phone.open_link()
    await phone.mark("start").click()
    await expect(phone.mark("lobby")).to_have_attribute("data-state", "waiting")

    await expect(portal.page.get_by_role("heading", level=1)).to_contain_text("open somewhere else")
    await portal.page.get_by_role("button").first.click()
    await expect(portal.mark("lobby")).to_have_attribute("data-state", "waiting")


async def test_anothers_visit_is_refused(demo: Demo, theatre: Theatre) -> None:
    mine, theirs = demo.book(), demo.book()
    assert mine["patient"] != theirs["patient"]
    me, other = await theatre.patient(mine), await theatre.patient(theirs)
    await begin_visit(other)
    await expect(other.mark("start")).to_be_visible()
    await begin_visit(me)
    await expect(me.mark("start")).to_be_visible()

    own = me.page.url.rpartition("/")[0]
    answer = await me.page.goto(own + "/" + other.page.url.rpartition("/")[2])

    assert answer is not None
    assert answer.status == 403
    await expect(me.page.locator('[data-portal="foreign"]')).to_be_visible()
    await expect(me.mark("start")).to_have_count(0)
    answer = await me.page.goto(other.page.url)
    assert answer is not None
    assert answer.status == 401, "their launch is not this browser's"


async def test_several_are_chosen_from_by_time(demo: Demo, theatre: Theatre) -> None:
    first = demo.book(in_minutes=5)
    demo.book(in_minutes=125, patient=first["patient"])
    patient = await theatre.patient(first)

    await begin_visit(patient)

    choices = patient.page.locator('[data-portal="choose"] a')
    await expect(choices).to_have_count(2)
    assert all(re.search(r"\d:\d\d", text) for text in await choices.all_inner_texts())
    await choices.first.click()
    await patient.press_start()
    await patient.enter_lobby()


async def test_none_says_what_to_do_and_whom_to_call(demo: Demo, theatre: Theatre) -> None:
    booked = demo.book()
    patient = await theatre.patient(booked)
    await open_portal(patient)
    # Cancelled while the portal's page was open: the launch itself finds nothing to open.
    launch = demo.http.post(
        f"{demo.sandbox}/sandbox/launches", json={"patient": booked["patient"], "persona": "patient"}
    ).json()
    demo.change(booked["id"], status="cancelled")

    await patient.page.goto(launch["url"])

    await expect(patient.page.locator('[data-portal="none"]')).to_be_visible()
    await expect(patient.page.locator('[data-portal="none"] a[href^="tel:"]')).to_be_visible()
    for language, word in (("da", "videokonsultation"), ("es", "visita"), ("ar", "زيارة"), ("en", "visit")):
        await patient.mark("language").select_option(language)
        await expect(patient.page.get_by_role("heading", level=1)).to_contain_text(word)
