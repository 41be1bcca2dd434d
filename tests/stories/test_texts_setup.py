"""The wizard's step for texts: consents, a number that comes while the worker is killed, links, failures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.hospital import Parts
from tests.stories.looking import looks_right
from tests.stories.test_sign_in import Portal
from tests.stories.theatre import Theatre
from tests.telecom.served import served
from tests.telecom.twilio_server import SID, TOKEN, Twilio

STEP = "/portal/setup/messages"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def twilio() -> AsyncIterator[Twilio]:
    """Twilio's faithful server; its address stands in ``url``."""
    server = Twilio()
    async with served(server.app()) as url:
        server.url = url
        yield server


@pytest.fixture(scope="module")
def parts(twilio: Twilio) -> Iterator[Parts]:
    running = Parts(
        HOUSECALL_TWILIO_ACCOUNT_SID=SID, HOUSECALL_TWILIO_AUTH_TOKEN=TOKEN, HOUSECALL_TWILIO_URL=twilio.url
    )
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


class Step(Portal):
    """An administrator's browser at the step."""

    async def open(self) -> None:
        await self.go(STEP)

    def number(self, place: int = 0) -> Any:
        return self.page.get_by_test_id("number").nth(place)

    async def number_is(self, state: str, place: int = 0, *, within_s: float = 40) -> None:
        await expect(self.number(place)).to_have_attribute("data-state", state, timeout=within_s * 1000)

    async def tick(self, *names: str) -> None:
        for name in names:
            await self.page.get_by_test_id(name).check()

    async def looks_right(self, name: str) -> None:
        await looks_right(self.page, f"texts-{name}")


def tell(parts: Parts, **switches: object) -> None:
    assert parts.http.post(f"{parts.sandbox}/sandbox/settings", json=switches).is_success


async def test_an_administrator_sets_up_texts_alone(parts: Parts, stage: Theatre, twilio: Twilio) -> None:
    step = Step(parts, (await stage.clinician()).page)
    await step.set_up("default")
    tell(parts, number_after_s=6)

    # What was declared by command is there; withdrawn, nothing leaves any more.
    await step.open()
    await expect(step.page.get_by_test_id("consent-send")).to_be_checked()
    await step.press("withdraw-consent")
    await expect(step.page.get_by_role("status").first).to_contain_text("No text leaves any more")
    quiet = parts.book(in_minutes=60)
    await asyncio.sleep(5)
    assert parts.texts(quiet["phone"]) == []

    # A number is for texts: without both ticks it is not bought, and the page says where the tick is missing.
    await step.press("generate-number")
    await expect(step.page.locator("#consent-send-fault")).to_contain_text("Tick both boxes first")
    await step.looks_right("fault")

    # The worker is killed while the number is on its way: another one goes on, and buys nothing twice.
    await step.tick("consent-send", "consent-attendees")
    await step.press("generate-number")
    await step.number_is("provisioning")
    await step.looks_right("coming")
    await asyncio.to_thread(parts.kill)
    await asyncio.to_thread(parts.serve)
    await step.number_is("active")
    bought = await step.number().get_attribute("data-number")
    assert bought == "+18335550100"

    # Linked without loading the page anew; texts leave from it.
    await step.page.get_by_test_id("link-number").first.select_option(bought)
    await step.press("done")
    await expect(step.page.get_by_role("status").first).to_contain_text("Saved")
    await expect(step.page.get_by_test_id("link-number").first).to_have_value(bought)
    for summary in await step.page.locator("#texts summary").all():
        await summary.click()
    await step.looks_right("linked")
    booked = parts.book(in_minutes=60)
    text = await asyncio.to_thread(parts.wait_for_text, booked["phone"], within_s=30)
    assert text["from"] == bought

    # One that cannot be had says why; tried again it comes, and it is the second number, not the third.
    tell(parts, numbers="fail", number_after_s=1)
    await step.press("generate-number")
    await step.number_is("failed", 1)
    await expect(step.number(1)).to_contain_text("no such number in this country")
    await step.looks_right("failed")
    tell(parts, numbers="ok", number_after_s=1)
    await step.press("retry-number")
    await step.number_is("active", 1)

    # Taken from its connection, no text leaves.
    await step.page.get_by_test_id("link-number").first.select_option("")
    await step.press("done")
    unlinked = parts.book(in_minutes=60)
    await asyncio.sleep(5)
    assert parts.texts(unlinked["phone"]) == []

    # One of Twilio's: the carriers reject its campaign, which the page says with what to do, and the review warns of.
    await step.page.locator("#provider").select_option("twilio")
    await step.page.locator("#kind").select_option("local")
    await step.press("generate-number")
    await step.number_is("active", 2)
    carried = await step.number(2).get_attribute("data-number")
    [sid] = [sid for sid, one in twilio.numbers.items() if one["phone_number"] == carried]
    campaign = {"campaign_status": "FAILED", "errors": [{"error_code": 30896}, {"error_code": 30893}]}
    twilio.serve(sid, campaigns=[campaign])
    await step.page.get_by_test_id("link-number").first.select_option(carried)
    await step.number(2).get_by_test_id("ask-carriers").click()
    verification = step.number(2).get_by_test_id("verification")
    await expect(verification).to_have_attribute("data-state", "rejected")
    await expect(verification).to_contain_text("They did not see how patients agree to texts")
    await step.looks_right("rejected")
    await step.press("next")
    await expect(step.page).to_have_url(f"{parts.url}/portal/setup/review")
    await step.sees("number-warning", f"{carried}: Rejected by the carriers")
    await step.looks_right("warned")
    await step.go("/portal/checks")
    check = step.page.locator('[data-check="carriers"]')
    await expect(check).to_have_attribute("data-state", "fail", timeout=30_000)

    campaign["campaign_status"] = "VERIFIED"
    await step.open()
    await step.number(2).get_by_test_id("ask-carriers").click()
    await expect(verification).to_have_attribute("data-state", "approved")
    await step.press("next")
    await expect(step.page).to_have_url(f"{parts.url}/portal/setup/review")
    await expect(step.page.get_by_test_id("number-warning")).to_have_count(0)


async def test_a_gateway_with_a_wrong_address_holds_texts_and_says_so(stage: Theatre) -> None:
    """Nothing is lost for a slip in a setting: the texts leave once it is mended."""
    there = Parts(HOUSECALL_SMS_GATEWAY_URL="http://127.0.0.1:1/nothing")
    there._settings["HOUSECALL_SMS_GATEWAY_URL"] = f"{there.sandbox}/no-gateway-here"
    await asyncio.to_thread(there.start)
    try:
        step = Step(there, (await stage.clinician()).page)
        await step.set_up("default")
        booked = there.book(in_minutes=60)

        async with asyncio.timeout(40):
            while not await step.page.get_by_test_id("text-trouble").count():
                await step.open()
                await asyncio.sleep(1)
        await step.sees("text-trouble", "address is wrong")
        await step.looks_right("held")
        await asyncio.to_thread(there.kill)
        there._settings["HOUSECALL_SMS_GATEWAY_URL"] = f"{there.sandbox}/gateway"
        await asyncio.to_thread(there.serve)

        text = await asyncio.to_thread(there.wait_for_text, booked["phone"], within_s=90)
        assert "/v/" in text["body"]
        await step.open()
        await expect(step.page.get_by_test_id("text-trouble")).to_have_count(0)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.to_thread(there.stop)
