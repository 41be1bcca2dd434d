"""Who may open a live connection at all, and how it is closed for those who may not."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from tests.visits.clinic import open_clinic
from tests.web.live import Live, serve

NOT_SIGNED_IN = (4401, "realtime.not_signed_in")
HELLO = json.dumps({"type": "hello", "v": 1, "tab": "tab-1", "resume": False})


@pytest_asyncio.fixture(loop_scope="session")
async def live(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Live]:
    async with serve(await open_clinic(database, clock, sealer)) as made:
        yield made


async def test_a_page_of_another_site_is_refused_though_it_brings_the_cookie(live: Live) -> None:
    visit = await live.clinic.visit()
    seat, cookie = await live.take(visit)
    launch_id, launch_cookie = await live.launch(visit.id)

    patient = await live.open(f"/seat/{seat.id}/socket", cookie, origin="https://elsewhere.example")
    staff = await live.open(f"/panel/{launch_id}/socket", launch_cookie, origin="https://elsewhere.example")

    assert await patient.closed() == NOT_SIGNED_IN
    assert await staff.closed() == NOT_SIGNED_IN
    assert patient.types() == staff.types() == ["error"]


async def test_without_its_own_cookie_nobody_comes_in(live: Live) -> None:
    visit, other = await live.clinic.visit(), await live.clinic.visit("appointment-2")
    seat, cookie = await live.take(visit)
    _, others_cookie = await live.take(other)
    launch_id, launch_cookie = await live.launch(visit.id)
    _, others_launch_cookie = await live.launch(other.id)

    for path, offered in (
        (f"/seat/{seat.id}/socket", ""),
        (f"/seat/{seat.id}/socket", others_cookie),
        (f"/seat/{seat.id}/socket", launch_cookie),
        (f"/seat/{seat.id}/socket", cookie[:-1]),
        ("/seat/s_nobody/socket", "__Host-hc_seat_s_nobody=secret"),
        (f"/panel/{launch_id}/socket", ""),
        (f"/panel/{launch_id}/socket", others_launch_cookie),
        (f"/panel/{launch_id}/socket", cookie),
        (f"/panel/{launch_id}/socket", launch_cookie[:-1]),
        ("/panel/l_nobody/socket", "__Host-hc_l_nobody=secret"),
    ):
        page = await live.open(path, offered)

        assert await page.closed() == NOT_SIGNED_IN, (path, offered)


async def test_who_held_the_seat_before_does_not_come_in_again(live: Live) -> None:
    visit = await live.clinic.visit()
    before = await live.take(visit)
    await live.take(visit)

    page = await live.open(f"/seat/{before[0].id}/socket", before[1])

    assert await page.closed() == NOT_SIGNED_IN


@pytest.mark.parametrize(
    "values",
    [{"persona": "patient"}, {"state": "ended"}, {"state": "begun"}, {"expires_at": "now"}],
    ids=["a-patients", "ended", "begun", "expired"],
)
async def test_a_launch_that_is_no_clinicians_session_opens_no_panel(
    live: Live, values: dict[str, Any]
) -> None:
    visit = await live.clinic.visit()
    if "expires_at" in values:
        values = {"expires_at": live.clinic.now}
    launch_id, cookie = await live.launch(visit.id, **values)

    page = await live.open(f"/panel/{launch_id}/socket", cookie)

    assert await page.closed() == NOT_SIGNED_IN


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"type": "ping", "n": 1}', "realtime.hello_missing"),
        ('{"type": "hello", "v": 2, "tab": "t", "resume": false}', "realtime.message_invalid"),
        ("hello", "realtime.message_invalid"),
        (b"hello", "realtime.message_invalid"),
        ('{"type": "open-sesame"}', "realtime.message_unknown"),
    ],
)
async def test_who_does_not_say_hello_first_is_shown_out(live: Live, text: str | bytes, code: str) -> None:
    visit = await live.clinic.visit()
    seat, cookie = await live.take(visit)
    launch_id, launch_cookie = await live.launch(visit.id)
    patient = await live.open(f"/seat/{seat.id}/socket", cookie)
    staff = await live.open(f"/panel/{launch_id}/socket", launch_cookie)

    await patient.say_raw(text)
    await staff.say_raw(text)

    assert await patient.closed() == await staff.closed() == (4400, code)
    assert not (await live.clinic.patient(visit)).present


async def test_a_second_hello_is_a_fault(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.patient(await live.take(visit))
    staff = await live.staff(await live.launch(visit.id))

    await patient.say_raw(HELLO)
    await staff.say_raw(HELLO)

    assert await patient.closed() == await staff.closed() == (4400, "realtime.message_invalid")


async def test_what_staff_say_is_unknown_on_the_patients_socket_and_the_reverse(live: Live) -> None:
    visit = await live.clinic.visit()
    patient = await live.patient(await live.take(visit))
    staff = await live.staff(await live.launch(visit.id))

    await patient.say("join", visit=visit.id)
    await staff.say("enter-lobby")

    assert await patient.closed() == await staff.closed() == (4400, "realtime.message_unknown")


async def test_both_audiences_are_asked_to_move_and_their_heartbeat_is_answered(live: Live) -> None:
    visit = await live.clinic.visit()
    pages = [await live.patient(await live.take(visit)), await live.staff(await live.launch(visit.id))]

    for page in pages:
        await page.settle(n=7)
    await live.house.hub.drain(timedelta(milliseconds=10))

    for page in pages:
        assert 0 <= (await page.until("moving"))["in_ms"] <= 10
