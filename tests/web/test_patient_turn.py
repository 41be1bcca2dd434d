"""What a patient's page asks for with the cookie of the browser that holds the seat."""

import httpx
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import JoinDetails
from housecall.meetings.memory import MemoryRooms
from housecall.visits import life
from housecall.web.patient_sight import TURN
from tests.visits.clinic import NURSE, Clinic, open_clinic
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


class Relayed(MemoryRooms):
    """Rooms with a relay."""

    async def join_details(self, participant_id: str) -> JoinDetails:
        relay = {
            "urls": ["turn:relay.example"],
            "username": participant_id,
            "credential": "secret",
            "more": 1,
        }
        return JoinDetails(ice_servers=[relay], relay_only=True)


async def test_the_relay_is_lent_for_a_test_to_who_holds_a_link_that_is_good(clinic: Clinic) -> None:
    visit = await clinic.visit()
    async with serve(clinic, meetings=Relayed()) as live, httpx.AsyncClient(trust_env=False) as client:
        seat, cookie = await live.take(visit)
        url = f"http://127.0.0.1:{live.port}/seat/{seat.id}/relay"

        lent = [
            (await client.get(url, headers={"Cookie": cookie})).json()["ice_servers"][0] for _ in range(2)
        ]
        stranger = await client.get(url)
        await clinic.act(life.cancel_visit, visit.id, by=NURSE, reason="cancelled")
        over = await client.get(url, headers={"Cookie": cookie})

    assert set(lent[0]) == {"urls", "username", "credential"}
    # For nobody: another name each time, and none of the visit's.
    assert len({one["username"] for one in lent} | {(await clinic.patient(visit)).id}) == 3
    assert stranger.status_code == 401
    assert over.json().get("ice_servers", []) == []


async def test_without_a_relay_there_is_none_to_try(clinic: Clinic) -> None:
    visit = await clinic.visit()
    async with serve(clinic) as live, httpx.AsyncClient(trust_env=False) as client:
        seat, cookie = await live.take(visit)

        answer = await client.get(
            f"http://127.0.0.1:{live.port}/seat/{seat.id}/relay", headers={"Cookie": cookie}
        )

    assert answer.json() == {"ice_servers": []}
