"""The waiting page asks for its turn, with the cookie of the browser that holds the seat."""

import httpx
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.web.patient_sight import TURN
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


async def test_the_page_that_waits_reads_its_turn_and_no_other_browser_does(clinic: Clinic) -> None:
    first, mine = await clinic.visit("first", in_minutes=5), await clinic.visit("mine", in_minutes=10)
    async with serve(clinic) as live:
        await clinic.waiting(first)
        held = await live.take(mine)
        page = await live.patient(held)
        await page.say("enter-lobby")
        await page.state("waiting")
        seat, cookie = held
        async with httpx.AsyncClient(base_url=live.house.public_url, trust_env=False) as client:
            url = f"http://127.0.0.1:{live.port}/seat/{seat.id}/turn?language=da"
            told = await client.get(url, headers={"Cookie": cookie})
            refused = await client.get(url, headers={"Cookie": cookie[:-1] + "x"})

    assert told.json() == {"ahead": 1, "about": "", "late": False}
    assert set(told.json()) == set(TURN)
    assert told.headers["cache-control"] == "no-store"
    assert (refused.status_code, refused.json()["code"]) == (401, "web.seat_not_held")
