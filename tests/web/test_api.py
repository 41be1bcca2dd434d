"""The machine interface: the visit report for programs, by the same rules as the page."""

from datetime import timedelta

import httpx
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from housecall.visits import service
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve
from tests.web.test_write_back import signed_in


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


async def read(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await client.get("/api/v1/visits", params=query)


async def test_a_visit_that_ended_is_read_with_its_times(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    clinic.later(minutes=7)
    await clinic.staff(service.end_visit, visit)

    async with serve(clinic) as live:
        client = await signed_in(live, Role.reader)
        answer = (await read(client)).json()
        await client.aclose()

    (row,) = answer["visits"]
    assert (row["visit"], row["outcome"], row["duration_s"], row["attendees"]) == (
        visit.id,
        "completed",
        420,
        2,
    )
    assert (answer["environment"], answer["next"]) == ("test", None)


async def test_a_window_and_an_environment_narrow_what_is_read(clinic: Clinic) -> None:
    await clinic.visit()
    clinic.clock.advance(timedelta(days=3))

    async with serve(clinic) as live:
        client = await signed_in(live, Role.reader)
        recent, wide = (await read(client, days="1")).json(), (await read(client, days="7")).json()
        refused = await read(client, days="0")
        await client.aclose()

    assert (len(recent["visits"]), len(wide["visits"])) == (0, 1)
    assert (refused.status_code, refused.json()["code"]) == (400, "web.request_invalid")


async def test_strangers_and_auditors_read_no_reports(clinic: Clinic) -> None:
    async with serve(clinic) as live:
        auditor = await signed_in(live, Role.auditor)
        refused = await read(auditor)
        stranger = await auditor.get("/api/v1/visits", headers={"Cookie": ""})
        await auditor.aclose()

    assert (refused.status_code, refused.json()["code"]) == (403, "web.role_needed")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "web.not_signed_in")


async def test_the_interface_describes_itself(clinic: Clinic) -> None:
    async with serve(clinic) as live, httpx.AsyncClient(trust_env=False) as client:
        described = (await client.get(f"http://127.0.0.1:{live.port}/api/v1/openapi.json")).json()

    assert "/api/v1/visits" in described["paths"]
    assert not [path for path in described["paths"] if not path.startswith("/api/v1/")]
