"""The test of the connection goes the way of a call: through the relay, and it says when that way is closed."""

import json
import re

from playwright.async_api import Route, expect

from tests.meetings.coturn import HOST, Coturn, needs_coturn
from tests.stories.looking import axe, picture
from tests.stories.test_relay import coturn, relayed, stage
from tests.stories.theatre import Theatre

__all__ = ["coturn", "relayed", "stage"]

pytestmark = needs_coturn


async def test_the_connections_test_goes_through_the_relay_and_says_when_it_cannot(
    coturn: Coturn, stage: Theatre
) -> None:
    booked = stage.demo.book()
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    await clinician.open_panel(booked)
    await patient.open_link()
    async with patient.page.expect_response("**/relay") as lending:
        await patient.press_start()
    lent = (await (await lending.value).json())["ice_servers"][0]
    network = patient.mark("device-network")

    # Slow, where this machine has much else to do; but there.
    await expect(network).to_have_attribute("data-result", re.compile("ok|warn"))
    assert coturn.wait_for_line(lent["username"], "ALLOCATE processed, success")

    async def closed(route: Route) -> None:
        nowhere = lent | {"urls": [f"turn:{HOST}:9?transport=udp"]}
        await route.fulfill(body=json.dumps({"ice_servers": [nowhere]}), content_type="application/json")

    await patient.page.route("**/relay", closed)
    await patient.page.reload()
    if await patient.mark("start").is_visible():
        await patient.press_start()
    await expect(network).to_have_attribute("data-result", "fail", timeout=30_000)
    await expect(network).to_contain_text("does not let a call through")
    await expect(clinician.mark("visit-card")).to_contain_text("no way to our relay")
    assert await axe(patient.page) == []
    await picture(patient.page, "patient-relay-closed")
