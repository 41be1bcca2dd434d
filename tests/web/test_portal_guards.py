"""Who may do what in the portal: every route, every role, strangers, and other sites."""

from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.administrators import sign_in
from housecall.tenancy.model import ROLES_WITH, Role
from housecall.web.portal_guards import SESSION_COOKIE
from housecall.web.portal_pages import PLACES
from tests.shape.portal_table import TABLE
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, serve


@dataclass
class Caller:
    """Somebody's browser, with a session of their role or none."""

    live: Live
    role: Role | None

    async def ask(self, route: str, **headers: str) -> httpx.Response:
        method, path = route.split(" ")
        own = {"Origin": self.live.house.public_url, "Accept": "text/html"} | headers
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.live.port}", trust_env=False
        ) as client:
            cookie = await self._cookie()
            return await client.request(method, fill(path), headers=own | cookie)

    async def _cookie(self) -> dict[str, str]:
        # A session for each request: one of the routes ends it.
        if self.role is None:
            return {}
        live, role = self.live, self.role
        async with live.house.database.work() as work:
            secret = await sign_in(
                work,
                live.clinic.org_id,
                issuer="https://idp",
                subject=role.value,
                role=role,
                now=live.clinic.now,
            )
        return {"Cookie": f"{SESSION_COOKIE}={secret}"}


def fill(path: str) -> str:
    """The path with something in the place of its parameters."""
    return "/".join("nothing-like-it" if part.startswith("{") else part for part in path.split("/"))


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_its_own_routes_and_no_other(clinic: Clinic, role: Role) -> None:
    async with serve(clinic) as live:
        statuses = {route: (await Caller(live, role).ask(route)).status_code for route in TABLE}

    opened = {route for route, status in statuses.items() if status not in (401, 403)}
    assert opened == {route for route, right in TABLE.items() if role in ROLES_WITH[right]}
    assert {status for route, status in statuses.items() if route not in opened} <= {403}


async def test_a_stranger_is_asked_to_sign_in(clinic: Clinic) -> None:
    async with serve(clinic) as live:
        answers = {route: await Caller(live, None).ask(route) for route in TABLE}

    assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(TABLE, 401)
    assert "/portal" in answers["GET /portal/account"].text


async def test_the_wrong_role_is_told_which_is_needed_and_keeps_the_way_to_the_own_pages(
    clinic: Clinic,
) -> None:
    async with serve(clinic) as live:
        page = (await Caller(live, Role.reader).ask("GET /portal/write-back")).text

    assert "This needs the role administrator. You are signed in as reader." in page
    assert 'href="/portal/reports/visits"' in page
    assert 'href="/portal/write-back"' not in page


@pytest.mark.parametrize(
    ("headers", "comes_in"),
    [
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "http://localhost:8001", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://localhost:8000"}, True),
    ],
)
async def test_an_act_from_another_site_is_refused(
    clinic: Clinic, headers: dict[str, str], comes_in: bool
) -> None:
    posts = [route for route in TABLE if not route.startswith("GET")]
    async with serve(clinic) as live:
        answers = [await Caller(live, Role.administrator).ask(route, **headers) for route in posts]

    refused = ["web.request_foreign" in answer.text for answer in answers]
    assert refused == [not comes_in] * len(posts)


@pytest.mark.parametrize("role", Role)
async def test_the_navigation_shows_a_role_its_own_pages_and_no_other(clinic: Clinic, role: Role) -> None:
    async with serve(clinic) as live:
        page = (await Caller(live, role).ask("GET /portal/account")).text

    shown = {one.address for place in PLACES for one in place.pages[:1] if f'href="{one.address}"' in page}
    own = {
        place.pages[0].address for place in PLACES if place.pages and role in ROLES_WITH[place.pages[0].right]
    }
    assert shown == own
    assert all(TABLE[f"GET {one.address}"] is one.right for place in PLACES for one in place.pages)
