"""The pages in a real browser: for every eye, by keyboard alone, and renewed without a reload."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from housecall.sandbox.options import CLINIC_ZONE

PHONE = "+13125550110"
FROM = "+15550100100"
SIGN_IN = (
    "/sign-in?response_type=code&client_id=housecall-portal&scope=openid&state=s&code_challenge_method=S256"
    "&code_challenge=c&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fportal%2Fcallback"
)
PAGES = {
    "schedule": "/",
    "chart": "/chart/12880100",
    "chart, results": "/chart/12880100?tab=results",
    "chart, appointments": "/chart/12880100?tab=appointments",
    "chart, Housecall": "/chart/12880100?tab=housecall",
    "chart of a dead patient": "/chart/12880128",
    "all phones": "/phone",
    "one phone": "/phone?to=%2B13125550110",
    "a phone without texts": "/phone?to=%2B13125550111",
    "mail": "/mail",
    "patient portal": "/patient",
    "patient portal of one": "/patient?as=12880100",
    "sign-in": SIGN_IN,
    "refused": "/chart/none",
    "launch refused": "/auth/errors?urn=urn:sandbox:error:smart-v1:grant:launch:invalid-launch-code",
}


class Sandbox:
    """A running sandbox and its interface for programs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    def text(self, reference: str, body: str, to: str = PHONE) -> None:
        form = {"reference": reference, "from": FROM, "to": to, "body": body}
        self.http.post("/gateway", json=form).raise_for_status()

    def book(self, **form: object) -> dict[str, str]:
        made: dict[str, str] = self.http.post("/sandbox/appointments", json=form).raise_for_status().json()
        return made


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder: Path = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "housecall.sandbox", "--port", str(port), "--data", str(folder)]
    # Housecall is nowhere: its tab and its hooks stay unanswered.
    process = subprocess.Popen([*command, "--housecall", "http://localhost:1"], stderr=subprocess.DEVNULL)
    running = Sandbox(port)
    try:
        for _ in range(200):
            assert process.poll() is None, "the sandbox did not start"
            try:
                running.http.get("/healthz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.05)
        running.text("first", "Prairie View Clinic: your video visit. Open http://localhost:1/v/first-link")
        running.text(
            "arabic", "عيادة بريري فيو: موعد زيارتك بالفيديو http://localhost:1/v/arabic", "+13125550128"
        )
        running.http.post("/phone/reply", data={"from": PHONE, "body": "C"})
        letter = {
            "to": "patient1@mail.example",
            "subject": "Your visit",
            "body": "See http://localhost:1/v/mail",
        }
        running.http.post("/sandbox/mail", json=letter)
        yield running
    finally:
        process.terminate()
        process.wait(10)
        running.http.close()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=sandbox.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(8000)
    yield await context.new_page()
    await context.close()


async def test_no_page_has_a_fault_that_axe_finds_or_is_wider_than_the_screen(page: Page) -> None:
    faults = {}

    for name, path in PAGES.items():
        await page.set_viewport_size({"width": 320, "height": 720})
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await page.goto(path, wait_until="domcontentloaded")
        light = await Axe().run(page, options={"iframes": False})
        found = [each["id"] for each in light.response["violations"]] + await width_faults(page)
        await page.set_viewport_size({"width": 1280, "height": 720})
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        # Only colours change with the scheme; axe is in the page already.
        dark = await page.evaluate("axe.run(document, {runOnly: ['color-contrast'], iframes: false})")
        found += [f"dark: {each['id']}" for each in dark["violations"]] + await width_faults(page)
        if found:
            faults[name] = found

    assert faults == {}


async def width_faults(page: Page) -> list[str]:
    is_wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return ["wider than the screen"] if is_wide else []


async def test_the_booking_sheet_and_an_open_menu_have_no_fault_either(page: Page) -> None:
    await page.goto("/")
    await page.get_by_test_id("change-appointment").first.locator("summary").click()
    menu = await Axe().run(page)
    await page.get_by_test_id("book-appointment").click()
    sheet = await Axe().run(page)

    assert [each["id"] for found in (menu, sheet) for each in found.response["violations"]] == []


async def test_a_text_shows_on_the_phone_without_a_reload_also_after_a_link_was_pressed(
    page: Page, sandbox: Sandbox
) -> None:
    """A link that had the focus once kept the phone from ever renewing itself."""
    await page.goto("/phone")
    await page.evaluate("window.isSame = true")
    await page.get_by_test_id("phone-link").first.focus()

    sandbox.text("live", "Your clinician is ready: http://localhost:1/v/live-link")

    newest = page.get_by_test_id("phone-message").first
    await expect(newest.get_by_test_id("phone-link")).to_have_attribute(
        "href", "http://localhost:1/v/live-link"
    )
    assert await newest.get_attribute("data-to") == PHONE
    assert await page.evaluate("window.isSame && document.activeElement.dataset.testid") == "phone-link"


async def test_a_booking_and_its_cancelling_show_on_the_schedule_without_a_reload(
    page: Page, sandbox: Sandbox
) -> None:
    await page.goto("/")
    await page.evaluate("window.isSame = true")
    menu = page.get_by_test_id("change-appointment").first
    await menu.locator("summary").click()

    booked = sandbox.book(in_minutes=15)
    row = page.locator(f'[data-testid="schedule-row"][data-appointment="{booked["id"]}"]')
    await expect(row).to_have_attribute("data-status", "booked")
    sandbox.http.patch(f"/sandbox/appointments/{booked['id']}", json={"status": "cancelled"})

    await expect(row).to_have_attribute("data-status", "cancelled")
    assert await menu.get_attribute("open") is not None
    assert await page.evaluate("window.isSame")


async def test_a_half_written_answer_survives_a_text_that_arrives(page: Page, sandbox: Sandbox) -> None:
    await page.goto("/phone?to=%2B13125550110")
    await page.get_by_test_id("reply-body").fill("STO")

    sandbox.text("meanwhile", "Are you there?")
    await expect(page.get_by_text("Are you there?").last).to_be_visible()
    await page.get_by_test_id("reply-body").press_sequentially("P")
    await page.get_by_test_id("reply-body").press("Enter")

    await expect(page.get_by_test_id("phone-reply").first).to_contain_text("STOP")


async def test_an_appointment_is_booked_moved_and_cancelled_by_keyboard_alone(
    page: Page, sandbox: Sandbox
) -> None:
    await page.goto("/")
    await page.get_by_test_id("book-appointment").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("UNDERHILL")
    await page.get_by_test_id("book").focus()
    await page.keyboard.press("Enter")
    row = page.locator('[data-testid="schedule-row"]', has_text="UNDERHILL").first
    path = f"/sandbox/appointments/{await row.get_attribute('data-appointment')}"
    booked = sandbox.http.get(path).json()

    await open_menu(page, row)
    await page.keyboard.press("Escape")
    assert await row.locator("summary").evaluate("(summary) => summary === document.activeElement")
    await page.keyboard.press("Enter")
    later = datetime.fromisoformat(booked["start"]).astimezone(CLINIC_ZONE) + timedelta(hours=1)
    await row.locator('input[name="start"]').fill(later.strftime("%Y-%m-%dT%H:%M"))
    async with page.expect_navigation():
        await row.get_by_test_id("move").press("Enter")
    moved = sandbox.http.get(path).json()
    await open_menu(page, row)
    async with page.expect_navigation():
        await row.get_by_test_id("cancel-visit").press("Enter")

    assert (booked["status"], booked["version"]) == ("booked", "1-1")
    assert datetime.fromisoformat(moved["start"]) == later
    await expect(row).to_have_attribute("data-status", "cancelled")


async def open_menu(page: Page, row: Locator) -> None:
    """The row's menu is open, by keyboard."""
    await row.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(row.get_by_test_id("move")).to_be_visible()


async def test_chart_and_tab_open_in_the_same_tab_as_the_clinician_signed_in(page: Page) -> None:
    await page.goto("/")
    await page.get_by_test_id("signed-in").select_option(label="Samir Haddad, MD")
    await expect(page.get_by_test_id("signed-in")).to_have_value("593104")

    await page.locator("tr.next").get_by_test_id("open-chart").click()
    await page.get_by_test_id("housecall-tab").click()

    frame = page.locator("iframe")
    assert len(page.context.pages) == 1
    await expect(page.get_by_test_id("acting")).to_have_text("Signed in: Samir Haddad, MD")
    assert (await frame.get_attribute("src") or "").startswith("http://localhost:1/ehr/launch?iss=")
    assert "clipboard-write" in (await frame.get_attribute("allow") or "")
