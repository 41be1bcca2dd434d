"""An administrator goes live without help: the whole wizard, left and come back to, alone and with a colleague."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.stories.hospital import Parts
from tests.stories.looking import axe, picture, widest
from tests.stories.test_sign_in import Portal
from tests.stories.theatre import DESK, Theatre

CLIENT, SECRET = "housecall-clinician", "sandbox-clinician-secret"
SYSTEM, SYSTEM_SECRET = "housecall-system", "sandbox-system-secret"
CONNECTIONS, REVIEW = "/portal/setup/connections", "/portal/setup/review"
SMALL = {"width": 320, "height": 640}


class Bare(Parts):
    """A hospital and a Housecall that know nothing of each other yet."""

    def start(self) -> "Bare":
        command = [sys.executable, "-m", "housecall.sandbox", "--port", str(self.port + 1)]
        command += ["--housecall", self.url, "--data", str(self.folder / "sandbox")]
        environment = {**self.environment(), "SANDBOX_GATEWAY_SECRET": "a-secret-of-sixteen-or-more"}
        with self.log.open("ab") as log:
            self._sandbox_process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._until(f"{self.sandbox}/sandbox/settings")
        self.serve()
        return self

    @property
    def base_url(self) -> str:
        return f"{self.sandbox}/fhir/r4/sandbox"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parts() -> AsyncIterator[Bare]:
    running = await asyncio.to_thread(Bare().start)
    yield running
    await asyncio.to_thread(running.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Bare, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


class Administrator:
    """Somebody's own computer, signed in to the portal."""

    def __init__(self, parts: Bare, page: Page) -> None:
        self.parts, self.page = parts, page

    def mark(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.parts.url}{path}")

    async def fill(self, **values: str) -> None:
        for name, value in values.items():
            await self.page.locator(f"#{name}").fill(value)

    async def press(self, mark: str) -> None:
        await self.mark(mark).click()

    async def add(self, base_url: str, environment: str = "test") -> None:
        await self.go(CONNECTIONS)
        await self.press("add-connection")
        await self.mark("base-url").fill(base_url)
        await self.mark("environment").select_option(environment)

    async def validate(self, result: str) -> None:
        await self.press("validate")
        await expect(self.mark("validation-result")).to_have_attribute("data-result", result)

    async def fill_clients(self) -> None:
        """All that the hospital's IT gives, as somebody types it."""
        places = [one["id"] for one in self.parts.http.get(f"{self.parts.sandbox}/sandbox/locations").json()]
        await self.fill(client_id=CLIENT, client_secret=SECRET)
        await self.fill(system_client_id=SYSTEM, system_client_secret=SYSTEM_SECRET)
        await self.fill(locations="\n".join(places), texts_to="any")

    async def looks_right(self, name: str) -> None:
        """On a desk in light and on a small phone in dark: nothing for axe to find, nothing too wide."""
        for colours, size in (("light", DESK), ("dark", SMALL)):
            await self.page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]
            await picture(self.page, f"wizard-{name}-{size['width']}")
            assert await axe(self.page) == []
            assert await widest(self.page) <= 0
        await self.page.emulate_media(color_scheme="light")
        await self.page.set_viewport_size(DESK)  # type: ignore[arg-type]


async def administrator(parts: Bare, stage: Theatre, organisation: str) -> Administrator:
    """A browser of its own, invited by a new organisation, and signed in."""
    person = Administrator(parts, (await stage.clinician()).page)
    await Portal(parts, person.page).set_up(organisation)
    return person


async def again(stage: Theatre, person: Administrator) -> Administrator:
    """The same person at another computer: nothing of the first one's browser is there but who they are."""
    other = Administrator(person.parts, (await stage.clinician()).page)
    await other.page.context.add_cookies(await person.page.context.cookies())  # type: ignore[arg-type]
    return other


async def test_an_address_and_its_faults_are_readable_and_nothing_typed_is_lost(
    parts: Bare, stage: Theatre
) -> None:
    it = await administrator(parts, stage, "faults")
    faults = {
        "http://10.0.0.1/fhir": "address",
        "nonsense": "address",
        f"{parts.sandbox}/nowhere": "capability",
        f"http://127.0.0.1:{parts.port + 7}/fhir": "reach",
    }
    await it.add("http://10.0.0.1/fhir")
    await it.fill(client_id="typed-before", client_secret="typed-secret")
    await expect(it.mark("done")).to_be_disabled()

    for address, code in faults.items():
        await it.mark("base-url").fill(address)
        await it.validate("fail")
        finding = it.page.locator(f'[data-finding="{code}"][data-level="fail"]')
        await expect(finding).to_be_visible()
        assert len(await finding.inner_text()) > 40, code
        await expect(it.mark("base-url")).to_have_value(address)
    await it.looks_right("faults")
    await it.page.locator("summary").click()
    await it.fill(time_zone="Mars/Olympus", frame_ancestors="chart.example")
    await it.page.get_by_role("button", name="Keep the draft and leave").click()

    await expect(it.page.locator("#faults")).to_contain_text("2 things need mending")
    await expect(it.page.locator("#time_zone")).to_have_value("Mars/Olympus")
    await expect(it.page.locator("#client_id")).to_have_value("typed-before")
    assert await axe(it.page) == []


async def test_a_step_is_left_in_the_middle_and_found_again_at_another_computer(
    parts: Bare, stage: Theatre
) -> None:
    """What was typed is kept while it is typed: the first computer is shut without a press."""
    it = await administrator(parts, stage, "leaving")
    await it.add(parts.base_url, "production")
    await it.fill(client_id="half-typed", locations="l-1\nl-2")
    async with it.page.expect_response(lambda one: one.url.endswith("/keep")) as kept:
        await it.fill(system_client_id="sys")
    assert (await kept.value).ok
    other = await again(stage, it)
    await it.page.close()

    await other.go("/portal/setup")
    await expect(other.mark("step-connections")).to_have_attribute("data-progress", "begun")
    await other.page.get_by_role("link", name="Go on with").click()

    await expect(other.mark("base-url")).to_have_value(parts.base_url)
    await expect(other.mark("environment")).to_have_value("production")
    await expect(other.page.locator("#locations")).to_have_value("l-1\nl-2")
    await expect(other.page.locator("#system_client_id")).to_have_value("sys")
    await other.press("remove-draft")
    await expect(other.page.get_by_text("No connection yet")).to_be_visible()


async def test_two_administrators_at_once_see_each_others_changes_and_lose_none(
    parts: Bare, stage: Theatre
) -> None:
    first = await administrator(parts, stage, "two")
    await first.add(parts.base_url)
    await first.validate("ok")
    await first.press("done")
    await first.page.get_by_role("link", name="Change").click()
    second = await again(stage, first)
    await second.page.goto(first.page.url)
    for person in (first, second):
        await person.page.locator("summary").click()

    await first.fill(time_zone="Europe/Copenhagen", client_id="first")
    await first.press("done")
    await second.fill(client_id="second", client_secret="of-the-second", practitioners="p-9")
    await second.press("done")

    await expect(second.mark("clash")).to_contain_text("Time zone: now “Europe/Copenhagen”")
    await expect(second.mark("clash")).to_contain_text("You typed “second”")
    await expect(second.page.locator("#practitioners")).to_have_value("p-9")
    assert await axe(second.page) == []
    await picture(second.page, "wizard-clash")
    await second.press("done")
    await second.page.get_by_role("link", name="Change").click()
    values = {
        name: await second.page.locator(f"#{name}").input_value() for name in ("client_id", "time_zone")
    }
    assert values == {"client_id": "second", "time_zone": "Europe/Copenhagen"}
    await expect(second.page.get_by_text("One is saved").first).to_be_visible()


async def test_the_whole_wizard_leads_to_a_text_and_a_launch_from_the_chart(
    parts: Bare, stage: Theatre
) -> None:
    """What the review shows is pasted into the hospital, letter by letter; a patient is texted, a chart opens."""
    booked = await asyncio.to_thread(parts.book)
    it = await administrator(parts, stage, "whole")
    await it.go("/portal/setup")
    await expect(it.mark("step-connections")).to_have_attribute("data-progress", "not_begun")
    await it.looks_right("empty")
    await it.add(parts.base_url)
    await it.looks_right("new")
    await it.fill_clients()
    await it.validate("ok")
    await expect(it.page.locator('[data-finding="schedule"]')).to_have_attribute("data-level", "ok")
    await it.press("confirm-release")
    await expect(it.page.get_by_text("The release was confirmed")).to_be_visible()
    await it.press("count-existing")
    await expect(it.mark("existing-count")).to_contain_text("booked video visit")
    await it.looks_right("validated")
    await it.press("done")
    await it.looks_right("connections")
    await it.press("next")
    await expect(it.mark("step-messages")).to_have_attribute("aria-current", "step")
    await set_up_texts(it)
    await it.press("next")

    await it.mark("provider-record").get_by_test_id("test-record").click()
    await expect(it.mark("provider-record").get_by_test_id("test-result")).to_have_attribute(
        "data-result", "ok"
    )
    await it.mark("patient-record").get_by_test_id("test-record").click()
    await expect(it.mark("patient-record").get_by_test_id("test-result")).to_be_visible()
    await it.looks_right("review")
    await it.press("guide-link")
    await expect(it.mark("guide")).to_contain_text("Millennium")
    await it.looks_right("guide")
    await it.page.go_back()
    addresses = await copied(it)
    await asyncio.to_thread(parts.http.post, f"{parts.sandbox}/sandbox/settings", json=addresses)
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await clinician.press("send-link")
    await patient.open_link()

    await it.go(REVIEW)
    await expect(it.mark("setup-state")).to_have_attribute("data-ready", "yes")
    await expect(it.mark("provider-record").get_by_text("Worked,")).to_be_visible()
    await it.go(CONNECTIONS)
    await expect(it.mark("connection")).to_have_attribute("data-state", "tested")


async def set_up_texts(it: Administrator) -> None:
    """Both consents, a number, and the number linked."""
    quick = {"number_after_s": 1}
    await asyncio.to_thread(it.parts.http.post, f"{it.parts.sandbox}/sandbox/settings", json=quick)
    await it.mark("consent-send").check()
    await it.mark("consent-attendees").check()
    await it.press("generate-number")
    await expect(it.mark("number")).to_have_attribute("data-state", "active", timeout=60_000)
    bought = await it.mark("number").get_attribute("data-number")
    await it.mark("link-number").select_option(bought)
    await it.press("done")
    await expect(it.mark("step-messages")).to_have_attribute("data-progress", "done")


async def copied(it: Administrator) -> dict[str, Any]:
    """Both launch addresses, by their copy buttons."""
    await it.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    found = {}
    for record, name in (("provider-record", "launch_url"), ("patient-record", "patient_launch_url")):
        await it.mark(record).get_by_role("button", name="Copy: Launch address").click()
        found[name] = await it.page.evaluate("() => navigator.clipboard.readText()")
    return found


async def test_a_wrong_secret_is_told_by_the_test_of_the_record(parts: Bare, stage: Theatre) -> None:
    it = await administrator(parts, stage, "wrong")
    await it.add(parts.base_url)
    await it.fill(client_id=CLIENT, client_secret="not-the-one")
    await it.validate("ok")
    await it.press("done")
    await it.press("step-review")

    await it.mark("provider-record").get_by_test_id("test-record").click()

    result = it.mark("provider-record").get_by_test_id("test-result")
    await expect(result).to_have_attribute("data-result", "fail")
    await expect(result).to_contain_text("The EHR does not accept this connection's client.")
    await expect(it.mark("setup-state")).to_have_attribute("data-ready", "no")


async def test_rules_are_tried_on_todays_schedule_before_they_are_saved(parts: Bare, stage: Theatre) -> None:
    booked = await asyncio.to_thread(parts.book, in_minutes=1)
    it = await administrator(parts, stage, "rules")
    await it.add(parts.base_url)
    await it.fill_clients()
    await it.validate("ok")
    await it.press("done")
    await it.page.get_by_role("link", name="Change").click()
    await it.page.get_by_role("link", name="What counts as a video visit").click()
    row = it.page.locator(f'tr[data-appointment="{booked["id"]}"]')
    await expect(row).to_have_attribute("data-rule", "rooms")

    await it.fill(rules="service:no-such-service")
    await it.press("try-rules")
    await expect(row).to_have_attribute("data-rule", "")
    await it.looks_right("rules")
    await it.fill(rules="what is this")
    await it.press("save-rules")
    await expect(it.page.locator("#rules-fault")).to_contain_text("is not a rule")
    await it.fill(rules="words")
    await it.press("save-rules")

    await expect(it.page.get_by_text("Saved. The next reading")).to_be_visible()
    await expect(row).to_have_attribute("data-rule", "words")


async def test_production_waits_for_a_test_launch_or_a_reason_on_record_and_can_be_paused(
    parts: Bare, stage: Theatre
) -> None:
    it = await administrator(parts, stage, "production")
    await it.add(parts.base_url, "production")
    await it.fill_clients()
    await it.validate("ok")
    await it.press("done")
    await it.page.get_by_role("link", name="Change").click()

    await it.press("go-live")
    await expect(it.page.locator("#reason-fault")).to_be_visible()
    await it.fill(reason="The EHR's test domain is closed until Monday.")
    await it.page.locator("#without_relay").check()
    await it.press("go-live")
    state = it.mark("connection-state")
    await expect(state).to_have_attribute("data-state", "live")
    await it.press("pause")
    await expect(state).to_have_attribute("data-state", "paused")
    assert await axe(it.page) == []
    await it.press("resume")
    await expect(state).to_have_attribute("data-state", "live")


async def test_a_connection_is_added_and_validated_by_keyboard_alone(parts: Bare, stage: Theatre) -> None:
    it = await administrator(parts, stage, "keys")
    await it.go(CONNECTIONS)

    async def tab_to(mark: str) -> None:
        for _ in range(60):
            await it.page.keyboard.press("Tab")
            if await it.page.evaluate("() => document.activeElement.dataset.testid") == mark:
                return
        raise AssertionError(f"{mark} cannot be reached by keyboard")

    await tab_to("add-connection")
    await it.page.keyboard.press("Enter")
    await it.mark("base-url").wait_for()
    await tab_to("base-url")
    await it.page.keyboard.type(parts.base_url)
    await it.page.keyboard.press("Enter")
    await expect(it.mark("validation-result")).to_have_attribute("data-result", "ok")
    await tab_to("done")
    await it.page.keyboard.press("Enter")

    await expect(it.mark("connection")).to_have_attribute("data-state", "validated")


async def test_a_record_is_tested_by_a_whole_launch_where_the_ehr_is_the_sandbox(theatre: Theatre) -> None:
    await asyncio.to_thread(theatre.demo.book)
    page = (await theatre.clinician()).page
    await page.goto(f"{theatre.demo.url}/portal")
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
    await page.goto(f"{theatre.demo.url}{REVIEW}")

    for record in ("provider-record", "patient-record"):
        await page.get_by_test_id(record).get_by_test_id("test-record").click()
        result = page.get_by_test_id(record).get_by_test_id("test-result")
        await expect(result).to_have_attribute("data-result", "ok")
        await expect(result).to_contain_text("A whole launch was tried and worked")
    async with page.context.expect_page() as opened:
        await page.get_by_test_id("provider-record").get_by_test_id("open-launch").click()
    await expect((await opened.value).get_by_test_id("visit-card").first).to_be_visible()
