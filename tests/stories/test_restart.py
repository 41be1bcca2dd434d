"""Housecall stops in the middle of a visit: the call goes on, and everybody finds back."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.hospital import Parts
from tests.stories.theatre import Theatre, frames_move


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parts() -> AsyncIterator[Parts]:
    running = await asyncio.to_thread(Parts().start)
    yield running
    await asyncio.to_thread(running.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_the_call_survives_a_restart_of_the_server(parts: Parts, stage: Theatre, how: str) -> None:
    booked = parts.book(in_minutes=3)
    patient, clinician = await stage.patient(booked), await stage.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.is_in_call()

    if how == "killed":
        await asyncio.to_thread(parts.kill)
    else:
        await asyncio.to_thread(parts.signal, signal.SIGTERM)
    assert await frames_move(patient)
    assert await frames_move(clinician)
    await asyncio.to_thread(parts.serve)

    await clinician.sees("connected")
    assert await frames_move(patient)
    assert await frames_move(clinician)
    await clinician.end()
    await expect(patient.mark("visit-over")).to_be_visible()


async def test_who_waits_keeps_the_place_over_a_kill(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=3)
    patient, clinician = await stage.patient(booked), await stage.clinician()
    await clinician.open_panel(booked)
    await patient.come_to_lobby()
    await clinician.sees("waiting")

    await asyncio.to_thread(parts.kill)
    await asyncio.to_thread(parts.serve)

    await expect(patient.mark("lobby")).to_have_attribute("data-state", "waiting")
    await clinician.sees("waiting")
    await clinician.press("admit")
    await patient.is_in_call()


async def test_a_text_asked_for_just_before_a_kill_arrives_once(parts: Parts, stage: Theatre) -> None:
    booked = parts.book(in_minutes=5)
    await asyncio.to_thread(parts.wait_for_text, booked["phone"])
    clinician = await stage.clinician()
    await clinician.open_panel(booked)

    async with clinician.page.expect_response("**/send-link"):
        await clinician.press("send-link")
    await asyncio.to_thread(parts.kill)
    await asyncio.to_thread(parts.serve)

    await asyncio.to_thread(parts.wait_for_text, booked["phone"], more_than=1, within_s=90)
    await asyncio.sleep(2)
    assert len(parts.texts(booked["phone"])) == 2
