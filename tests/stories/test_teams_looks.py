"""The way to Teams as everybody meets it: small and large, light and dark, right to left, by keyboard, and for axe."""

from playwright.async_api import Route, expect

from tests.stories.demo import Demo
from tests.stories.sides import NARROW, from_all_sides, look
from tests.stories.test_keyboard import press_by_keyboard
from tests.stories.test_teams import switch
from tests.stories.theatre import PHONE, Patient, Theatre

# Each language once, each scheme and width more than once.
PATIENTS = (
    ("en", "light", 390),
    ("da", "dark", 320),
    ("es", "light", 320),
    ("ar", "dark", 390),
    ("ar", "light", 320),
)


async def stay_here(route: Route) -> None:
    """Nothing comes of going there: the browser stays on the page it is on."""
    await route.fulfill(status=204)


async def look_at_the_way(patient: Patient) -> list[str]:
    faults: list[str] = []
    for language, scheme, width in PATIENTS:
        await patient.page.goto(f"{patient.link}?lang={language}")
        await expect(patient.mark("elsewhere")).to_be_visible()
        direction = await patient.page.evaluate("() => getComputedStyle(document.body).direction")
        assert direction == ("rtl" if language == "ar" else "ltr")
        size = {"width": width, "height": 700}
        faults += await look(patient.page, f"teams-way-{language}", scheme=scheme, size=size)
    return faults


async def test_the_way_to_teams_is_fit_for_everybody(teams_demo: Demo, stage: Theatre) -> None:
    """Our lobby, the page that leads on, the page where a name is typed; the panel in each of its states meanwhile."""
    booked = teams_demo.book(in_minutes=5, minutes=20)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    faults: list[str] = []

    async def look_at_panel(name: str, says: str) -> None:
        await expect(clinician.panel.get_by_text(says)).to_be_visible()
        faults.extend(await from_all_sides(clinician, f"teams-{name}"))

    await patient.page.context.route("**/teams/webrtc-svc/**", stay_here)
    await patient.come_to_lobby()
    await clinician.sees("waiting")
    await look_at_panel("waiting", "sends the patient there")
    await press_by_keyboard(clinician.page, teams_demo.url, "admit")
    await expect(patient.mark("elsewhere")).to_be_visible()
    await look_at_panel("admit", "admit the patient in Teams")
    faults += await look_at_the_way(patient)

    await patient.page.goto(f"{patient.link}?lang=en")
    await patient.page.context.unroute("**/teams/webrtc-svc/**")
    await expect(patient.mark("elsewhere")).to_be_visible()
    await press_by_keyboard(patient.page, teams_demo.url, "go-to-meeting")
    await patient.page.wait_for_url("**/teams/webrtc-svc/**")
    faults += await look(patient.page, "teams-join", scheme="dark", size=NARROW)
    # What happens now Teams cannot tell: the panel must not stay silent about it.
    switch(teams_demo, notify=False)
    await press_by_keyboard(patient.page, teams_demo.sandbox, "teams-name")
    await patient.page.keyboard.type("A patient")
    await patient.page.keyboard.press("Enter")
    await expect(patient.mark("teams-lobby")).to_be_visible()
    faults += await look(patient.page, "teams-lobby", scheme="light", size=PHONE)
    switch(teams_demo, notify=True)
    await look_at_panel("untold", "Teams did not tell Housecall everything")

    assert faults == []
