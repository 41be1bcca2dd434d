"""The ledger's page and its twin for programs: administrators only, and a replay from either."""

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.administrators import sign_in
from housecall.tenancy.model import Role
from housecall.tenancy.tables import Connection
from housecall.visits.tables import Visit
from housecall.web.portal_guards import SESSION_COOKIE
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    made = await open_clinic(database, clock, sealer)
    async with database.work() as work:
        made.connection = await work.session.get_one(Connection, made.connection.id)
        made.connection.write_back = ["links"]
    return made


async def signed_in(live: Live, role: Role) -> httpx.AsyncClient:
    async with live.house.database.work() as work:
        secret = await sign_in(
            work, live.clinic.org_id, issuer="https://idp", subject=role.value, role=role, now=live.clinic.now
        )
    headers = {"Cookie": f"{SESSION_COOKIE}={secret}", "Origin": live.house.public_url}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", headers=headers, trust_env=False)


def as_browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    client.headers["Accept"] = "text/html"
    return client


PATHS = [
    ("GET", "/portal/write-back"),
    ("POST", "/portal/write-back/{visit}/replay"),
    ("GET", "/api/v1/write-back"),
    ("POST", "/api/v1/write-back/{visit}/replay"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_only_an_administrator_comes_in(clinic: Clinic, method: str, path: str) -> None:
    visit: Visit = await clinic.visit()
    where = path.format(visit=visit.id)
    async with serve(clinic) as live:
        reader = await signed_in(live, Role.reader)
        refused = await reader.request(method, where)
        stranger = await reader.request(method, where, headers={"Cookie": ""})
        await reader.aclose()

    assert (refused.status_code, stranger.status_code) == (403, 401)


async def test_the_ledger_is_shown_to_people_and_to_programs(clinic: Clinic) -> None:
    visit: Visit = await clinic.visit()
    clinic.later(seconds=75)
    async with serve(clinic) as live:
        client = await signed_in(live, Role.administrator)
        page = (await as_browser(client).get("/portal/write-back")).text
        (record,) = (await client.get("/api/v1/write-back")).json()["writes"]
        await client.aclose()

    assert record["visit"] == visit.id
    assert (record["kind"], record["state"], record["lag_s"]) == ("links", "wanted", 75)
    assert f'data-visit="{visit.id}"' in page
    assert "1:15" in page
    assert "Write again" in page


async def test_a_replay_by_button_goes_back_to_the_ledger_and_one_by_program_says_how_many(
    clinic: Clinic,
) -> None:
    visit: Visit = await clinic.visit()
    async with serve(clinic) as live:
        client = await signed_in(live, Role.administrator)
        pressed = await client.post(f"/portal/write-back/{visit.id}/replay")
        answered = await client.post(f"/api/v1/write-back/{visit.id}/replay")
        unknown = await client.post("/api/v1/write-back/v_nobody/replay")
        await client.aclose()

    assert (pressed.status_code, pressed.headers["location"]) == (303, "/portal/write-back")
    assert answered.json() == {"jobs": 1}
    assert unknown.status_code == 404
    assert (await clinic.acts()).count("visits:write_back:replayed") == 2
