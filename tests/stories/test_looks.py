"""Every page in its states: a picture is taken, axe finds nothing, and nothing must be scrolled sideways."""

import asyncio

import pytest
from playwright.async_api import Frame, Page, expect

from tests.stories.demo import Demo
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import Clinician, Patient, Theatre, frame_of

LANGUAGES = ["en", "da", "es", "ar"]


class Eyes:
    """Looks at one person's page, and gathers what is wrong with it."""

    def __init__(self, page: Page, prefix: str) -> None:
        self.page, self.prefix = page, prefix
        self.faults: dict[str, list[str]] = {}

    async def look(self, name: str, *, within: Frame | None = None) -> None:
        await asyncio.sleep(0.25)
        await picture(self.page, f"{self.prefix}-{name}")
        found = await axe(within or self.page)
        if (wide := await widest(self.page)) > 0:
            found.append(f"reaches {wide} px beyond the window")
        if found:
            self.faults[name] = found


async def walk_patient(patient: Patient, clinician: Clinician, eyes: Eyes, language: str) -> None:
    await patient.page.goto(f"{await patient.read_text()}?lang={language}")
    await eyes.look("1-landing")
    await patient.press_start()
    await asyncio.sleep(2.5)
    await eyes.look("2-check")
    await patient.enter_lobby()
    await eyes.look("3-lobby")
    await patient.mark("recheck").click()
    await eyes.look("4-recheck")
    await patient.mark("recheck").click()
    await clinician.press("decline")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "declined")
    await eyes.look("5-declined")
    await patient.page.get_by_role("button").last.click()
    await clinician.press("admit")
    await patient.is_in_call()
    await asyncio.sleep(1)
    await eyes.look("6-call")
    await clinician.press("hold")
    await expect(patient.mark("lobby")).to_have_attribute("data-state", "held")
    await eyes.look("7-held")
    await clinician.press("resume")
    await clinician.sees("connected")
    await patient.mark("leave").click()
    await clinician.sees("left")
    await eyes.look("8-left")
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()
    await eyes.look("9-over")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_patients_pages(demo: Demo, theatre: Theatre, language: str, scheme: str) -> None:
    """Light and dark take turns, so that each language and each scheme is seen in each state."""
    if (LANGUAGES.index(language) % 2 == 0) == (scheme == "dark"):
        pytest.skip("this language is looked at in the other scheme")
    booked = demo.book()
    patient = await theatre.patient(booked, color_scheme=scheme)
    clinician = await theatre.clinician(color_scheme=scheme)
    await clinician.open_panel(booked)
    eyes = Eyes(patient.page, f"patient-{language}-{scheme}")

    await walk_patient(patient, clinician, eyes, language)

    assert eyes.faults == {}


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_patients_pages_on_the_smallest_phone_and_a_desk(
    demo: Demo, theatre: Theatre, width: int
) -> None:
    booked = demo.book()
    patient, clinician = await theatre.patient(booked), await theatre.clinician()
    await patient.page.set_viewport_size({"width": width, "height": 700})
    await clinician.open_panel(booked)
    eyes = Eyes(patient.page, f"patient-{width}")

    await walk_patient(patient, clinician, eyes, "en")

    assert eyes.faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_clinicians_pages(demo: Demo, theatre: Theatre, scheme: str) -> None:
    booked = demo.book()
    clinician = await theatre.clinician(color_scheme=scheme)
    patient = await theatre.patient(booked)
    await clinician.open_panel(booked)
    frame, eyes = frame_of(clinician), Eyes(clinician.page, f"clinician-{scheme}")

    await asyncio.sleep(1)
    await eyes.look("1-invited", within=frame)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await eyes.look("2-waiting", within=frame)
    await clinician.press("join-visit")
    await expect(clinician.mark("call")).to_be_visible()
    await asyncio.sleep(1)
    await eyes.look("3-joined-alone", within=frame)
    await clinician.press("admit")
    await clinician.is_in_call()
    await asyncio.sleep(1.5)
    await eyes.look("4-call", within=frame)
    await clinician.press("end-visit")
    await eyes.look("5-ending", within=frame)
    await clinician.press("confirm-end")
    await expect(patient.mark("visit-over")).to_be_visible()
    await eyes.look("6-ended", within=frame)

    assert eyes.faults == {}


async def test_the_clinicians_choice_and_the_empty_chart(demo: Demo, theatre: Theatre) -> None:
    one = demo.book(in_minutes=5)
    demo.book(in_minutes=45, patient=one["patient"])
    ordinary = demo.book(video=False)
    clinician = await theatre.clinician()
    eyes = Eyes(clinician.page, "clinician")

    await clinician.open_panel(one)
    await expect(clinician.mark("visit-card")).to_have_count(2)
    await expect(clinician.mark("patient-state")).to_have_count(0)
    await eyes.look("several", within=frame_of(clinician))
    await clinician.mark("visit-card").first.click()
    await clinician.sees("invited")
    await clinician.open_chart(ordinary)
    await clinician.page.get_by_test_id("housecall-tab").click()
    await expect(clinician.panel.get_by_role("heading").first).to_be_visible()
    await eyes.look("none", within=frame_of(clinician))

    assert eyes.faults == {}


async def test_the_notices(demo: Demo, theatre: Theatre) -> None:
    """Wrong, cancelled and moved links, and a hand-over address that is used up."""
    cancelled, moved = demo.book(), demo.book(in_minutes=6)
    off, elsewhere = await theatre.patient(cancelled), await theatre.patient(moved)
    await off.read_text()
    old = await elsewhere.read_text()
    demo.change(cancelled["id"], status="cancelled")
    demo.change(moved["id"], in_minutes=120)
    await elsewhere.read_text(more_than=1)
    eyes = Eyes(off.page, "notice")

    await asyncio.to_thread(demo.wait_for_text, cancelled["phone"], more_than=1)
    for name, address in {
        "cancelled": off.link,
        "moved": old,
        "wrong": f"{demo.url}/v/no-such-link-as-this-one",
        "handover": f"{demo.url}/h/no-such-code",
        "launch": f"{demo.url}/ehr/launch?iss=http://127.0.0.1:9/fhir&launch=x",
        "unknown": f"{demo.url}/nowhere",
    }.items():
        await off.page.goto(address)
        await eyes.look(name)

    assert eyes.faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_portal(demo: Demo, theatre: Theatre, scheme: str) -> None:
    clinician = await theatre.clinician(color_scheme=scheme)
    page, eyes = clinician.page, Eyes(clinician.page, f"portal-{scheme}")

    await page.goto(f"{demo.url}/portal")
    await eyes.look("welcome")
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
    await expect(page.get_by_test_id("report-visits")).to_be_visible()
    await eyes.look("visits")
    await page.set_viewport_size({"width": 390, "height": 800})
    await eyes.look("visits-phone")
    await page.goto(f"{demo.url}/portal/account")
    await eyes.look("account-phone")
    await page.get_by_test_id("sign-out").click()
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="reader"]').click()
    await expect(page.get_by_test_id("report-visits")).to_be_visible()
    await page.goto(f"{demo.url}/portal/write-back")
    await expect(page.get_by_test_id("refused")).to_contain_text("needs the role administrator")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await eyes.look("refused")

    assert eyes.faults == {}


@pytest.mark.parametrize(
    "where", ["/", "/phone", "/mail", "/patient"], ids=["schedule", "phone", "mail", "portal"]
)
async def test_the_sandboxs_pages(demo: Demo, theatre: Theatre, where: str) -> None:
    clinician = await theatre.clinician()
    eyes = Eyes(clinician.page, f"sandbox{where.replace('/', '-')}")

    await clinician.page.goto(demo.sandbox + where)
    await eyes.look("desk")

    assert eyes.faults == {}
