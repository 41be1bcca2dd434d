"""What we write to the EHR, seen in the EHR: links in their roles, the arrival, the summary in the chart."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.administrator import let_administrators_in
from tests.stories.hospital import Parts
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import Theatre

_TOKEN = "/auth/tenants/sandbox/protocols/oauth2/profiles/smart-v1/token"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parts() -> AsyncIterator[Parts]:
    running = await asyncio.to_thread(Parts().start)
    await asyncio.to_thread(running.connect, "--write-back", "links", "--write-back", "status")
    yield running
    await asyncio.to_thread(running.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


def read(parts: Parts, appointment: str) -> dict[str, Any]:
    """The appointment as the EHR's interface shows it."""
    form = {"grant_type": "client_credentials", "scope": "system/Appointment.read"}
    account = ("housecall-system", "sandbox-system-secret")
    token = parts.http.post(f"{parts.sandbox}{_TOKEN}", data=form, auth=account).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
    where = f"{parts.sandbox}/fhir/r4/sandbox/Appointment/{appointment}"
    shape: dict[str, Any] = parts.http.get(where, headers=headers).json()
    return shape


def links(shape: dict[str, Any]) -> dict[str, str]:
    """Per room its link, by the room's name."""
    rooms = [room for room in shape["contained"] if "telecom" in room]
    return {room["type"][0]["text"].split()[0]: room["telecom"][0]["value"] for room in rooms}


async def until(parts: Parts, appointment: str, fits: Any) -> dict[str, Any]:
    """The appointment, once it fits."""
    async with asyncio.timeout(15):
        while not fits(shape := read(parts, appointment)):  # noqa: ASYNC110 - the EHR has no event for it
            await asyncio.sleep(0.2)
    return shape


async def test_links_and_arrival_and_summary_come_to_stand_in_the_chart(parts: Parts, stage: Theatre) -> None:
    """The whole visit with write-back on; the chart's own Documents tab shows the summary."""
    booked = parts.book()
    clinician, patient = await stage.clinician(), await stage.patient(booked)
    written = links(await until(parts, booked["id"], links))
    assert written["Patient"] == await patient.read_text()
    assert "/ehr/launch/c_" in written["Provider"]

    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await until(parts, booked["id"], lambda shape: shape["status"] == "arrived")
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()
    await clinician.end()
    await clinician.press("file-summary")
    await expect(clinician.panel.get_by_text("The summary is in the chart.")).to_be_visible()
    await clinician.press("file-summary")
    await expect(clinician.panel.get_by_text("The summary is in the chart already.")).to_be_visible()

    await clinician.page.get_by_role("link", name="Documents").click()
    document = clinician.page.get_by_test_id("chart-document")
    await expect(document).to_have_count(1)
    await expect(document).to_contain_text("Video visit summary")
    await expect(document).to_contain_text("Attendees: 1 clinician, 1 patient")


async def test_a_moved_visit_has_its_new_link_in_the_ehr(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=30)
    first = links(await until(parts, booked["id"], links))

    parts.change(booked["id"], in_minutes=90)
    second = links(await until(parts, booked["id"], lambda shape: links(shape) != first))

    patient = await stage.patient(booked)
    answer = await patient.page.goto(second["Patient"])
    assert answer is not None
    assert answer.ok
    assert second["Provider"] == first["Provider"]


async def test_a_locked_appointment_is_written_once_it_is_free(parts: Parts) -> None:
    parts.http.post(f"{parts.sandbox}/sandbox/settings", json={"patch_fault": "locked"})
    booked = parts.book(in_minutes=40)
    await asyncio.sleep(4)
    locked = links(read(parts, booked["id"]))

    parts.http.post(f"{parts.sandbox}/sandbox/settings", json={"patch_fault": "none"})

    assert locked == {}
    assert len(links(await until(parts, booked["id"], links))) == 2


async def test_an_administrator_sees_the_ledger_and_writes_again(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=50)
    await until(parts, booked["id"], links)
    await let_administrators_in(parts)
    page = (await stage.clinician()).page
    await page.goto(f"{parts.url}/portal")
    await page.get_by_test_id("sign-in").click()
    await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()

    await page.get_by_role("link", name="Written to the EHR").click()
    row = page.locator(f'tr[data-appointment="{booked["id"]}"][data-kind="links"]')
    await expect(row).to_have_attribute("data-state", "done")
    assert await axe(page) == []
    assert await widest(page) <= 0
    await picture(page, "portal-write-back")
    await row.get_by_test_id("replay").click()

    await expect(row).to_be_visible()
    async with asyncio.timeout(15):
        while await row.get_attribute("data-state") != "done":
            await page.reload()


def test_the_command_writes_a_whole_connection_again_and_says_how_many_jobs(parts: Parts) -> None:
    parts.book(in_minutes=45)
    connection = parts.connect("--write-back", "links", "status")["id"]
    command = [sys.executable, "-m", "housecall.commands", "replay", "--connection", connection]

    done = subprocess.run(command, env=parts.environment(), capture_output=True, timeout=60, check=False)
    unknown = subprocess.run(
        [*command, "--visit", "v_nobody"],
        env=parts.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert json.loads(done.stdout)["jobs"] >= 1
    assert (unknown.returncode, b"visits.visit_unknown" in unknown.stderr) == (1, True)


def test_an_ehr_that_takes_nothing_from_us_cannot_be_written_back_to(parts: Parts) -> None:
    with pytest.raises(AssertionError, match="does not take from us what --write-back names"):
        parts.connect("--vendor", "generic", "--write-back", "links")
