"""The whole visit: from the chart to the report row, in two real browsers."""

import csv
import io
from datetime import UTC, datetime

from playwright.async_api import expect

from tests.stories.demo import Demo
from tests.stories.theatre import Clinician, Theatre, frames_move, pixels_move


async def read_report(clinician: Clinician) -> list[dict[str, str]]:
    """The visit report's file, as an administrator signed in by one press."""
    page = await clinician.context.new_page()
    await page.goto(f"{clinician.demo.url}/portal")
    if await page.get_by_test_id("sign-in").count():
        await page.get_by_test_id("sign-in").click()
        await page.locator('[data-testid="sign-in-as"][data-role="administrator"]').click()
    await expect(page.get_by_test_id("report-visits")).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_test_id("export-csv").click()
    path = await (await waiting.value).path()
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    await page.close()
    return rows


async def test_a_clinician_and_a_patient_meet(demo: Demo, theatre: Theatre) -> None:
    """Given a booked video appointment, when both come and the patient is admitted, then both see each other."""
    booked = demo.book(in_minutes=5, minutes=20)
    clinician = await theatre.clinician()
    patient = await theatre.patient(booked)
    await clinician.open_panel(booked)
    await clinician.sees("invited")

    await patient.open_link()
    await expect(patient.mark("start")).to_be_visible()
    await clinician.sees("invited")
    await patient.press_start()
    await clinician.sees("checking")
    for device in ("camera", "microphone"):
        await expect(patient.mark(f"device-{device}")).to_have_attribute("data-result", "ok")
    await patient.enter_lobby()
    await clinician.sees("waiting")
    await expect(clinician.mark("arrival-alert")).to_be_visible()
    await expect(clinician.mark("waiting-clock")).to_be_visible()
    await expect(clinician.mark("admit")).to_be_visible()
    await clinician.press("join-visit")
    await expect(clinician.mark("call")).to_be_visible()
    admitted_at = datetime.now(UTC)
    await clinician.press("admit")

    await patient.is_in_call()
    await clinician.is_in_call()
    await clinician.sees("connected")
    assert await frames_move(patient)
    assert await frames_move(clinician)
    assert await pixels_move(patient)
    assert await pixels_move(clinician)

    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()
    await expect(clinician.mark("call")).to_be_hidden()
    (row,) = [one for one in await read_report(clinician) if one["Appointment ID"] == booked["id"]]
    assert row["Status"] == "Completed"
    assert row["Attendees"] == "2"
    started = datetime.fromisoformat(row["Start (UTC)"]).replace(tzinfo=UTC)
    assert abs((started - admitted_at).total_seconds()) < 10
