"""The way through the provider and back: whose browser, which organisation, which role, which page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.errors import Overtaken
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from housecall.tenancy.roles import ENTRA_GLOBAL_ADMINISTRATOR
from housecall.tenancy.sign_in import SignInSettings, apply_sign_in
from housecall.web.attempts import own_page
from housecall.web.sign_in_settings import SignInForm
from tests.tenancy.small_provider import CLIENT, SECRET, SmallProvider, provide
from tests.visits.clinic import OPERATOR, Clinic, open_clinic
from tests.web.live import Live, serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


class Browser(httpx.AsyncClient):
    """Keeps our cookies, and goes nowhere by itself."""

    def __init__(self, live: Live) -> None:
        super().__init__(
            base_url=f"http://127.0.0.1:{live.port}", trust_env=False, headers={"Accept": "text/html"}
        )
        self.kept: dict[str, str] = {}

    async def go(self, path: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        answer = await self.get(path, headers={"Cookie": cookie} if cookie else {})
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.kept[name] = value
        return answer


@asynccontextmanager
async def at_lakeside(clinic: Clinic, **rules: list[str]) -> AsyncIterator[tuple[Live, SmallProvider]]:
    """The clinic, served, with a provider of its own."""
    async with provide(clinic.clock) as small, serve(clinic) as live:
        settings = SignInSettings(small.issuer, CLIENT, SECRET, "openid")
        settings = replace(settings, rules=rules or settings.rules)
        async with clinic.database.work() as work:
            await apply_sign_in(
                work, clinic.org_id, settings, sealer=live.house.sealer, now=clinic.now, by=OPERATOR
            )
        yield live, small


async def come_back(browser: Browser, small: SmallProvider, path: str = "/portal/sign-in") -> httpx.Response:
    """To the provider by ``path``, one press there, and back."""
    away = (await browser.go(path)).headers["location"]
    state = parse_qs(urlsplit(away).query)["state"][0]
    return await browser.go(f"/portal/callback?state={state}&code={small.press(away)}")


@pytest.mark.parametrize(
    ("rules", "claims", "status"),
    [
        ({}, {"roles": ["administrator"]}, 303),
        (
            {"administrator": [f"wids = {ENTRA_GLOBAL_ADMINISTRATOR}"]},
            {"wids": [ENTRA_GLOBAL_ADMINISTRATOR]},
            303,
        ),
        ({"administrator": ["groups = it"]}, {"groups": ["it"]}, 303),
        ({"administrator": ["groups = it"]}, {"groups": ["kitchen"]}, 403),
        ({}, {}, 403),
    ],
)
async def test_the_tokens_claims_let_in_who_has_a_role(
    clinic: Clinic, rules: dict[str, list[str]], claims: dict[str, Any], status: int
) -> None:
    async with at_lakeside(clinic, **rules) as (live, small), Browser(live) as browser:
        small.claims = claims
        answer = await come_back(browser, small)
        inside = await browser.go("/portal/settings/sign-in")

    assert answer.status_code == status
    assert inside.status_code == (200 if status == 303 else 401)


async def test_groups_that_are_too_many_for_a_token_are_told_as_such(clinic: Clinic) -> None:
    async with at_lakeside(clinic, administrator=["groups = it"]) as (live, small), Browser(live) as browser:
        small.claims = {"_claim_names": {"groups": "src1"}}
        answer = await come_back(browser, small)

    assert answer.status_code == 403
    assert "in so many groups" in answer.text


async def test_after_signing_in_one_is_on_the_page_one_asked_for(clinic: Clinic) -> None:
    async with at_lakeside(clinic) as (live, small), Browser(live) as browser:
        small.claims = {"roles": ["reader"]}
        closed = await browser.go("/portal/account")
        answer = await come_back(browser, small, "/portal/sign-in?back_to=%2Fportal%2Faccount")

    assert "back_to=%2Fportal%2Faccount" in closed.text
    assert answer.headers["location"] == "/portal/account"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/portal/../v/x",
        "/portal\\evil",
        "/portalevil",
        "/panel",
        "",
        "/portal/\n",
    ],
)
def test_no_way_back_leads_out_of_the_portal(elsewhere: str) -> None:
    assert own_page(elsewhere) == "/portal"


def test_the_way_back_leads_to_any_page_behind_this_door() -> None:
    own = ["/portal", "/portal/account", "/portal?organisation=lakeside", "/panel/today"]

    assert [own_page(address) for address in own] == own


async def test_an_answer_is_taken_from_the_browser_that_asked_and_once(clinic: Clinic) -> None:
    async with at_lakeside(clinic) as (live, small), Browser(live) as mine, Browser(live) as another:
        small.claims = {"roles": ["administrator"]}
        away = (await mine.go("/portal/sign-in")).headers["location"]
        state = parse_qs(urlsplit(away).query)["state"][0]
        code = small.press(away)
        stolen = await another.go(f"/portal/callback?state={state}&code={code}")
        forged = await mine.go(f"/portal/callback?state=another&code={code}")
        other_provider = await mine.go(f"/portal/callback?state={state}&code={code}&iss=https://evil.example")
        taken = await mine.go(f"/portal/callback?state={state}&code={code}")
        again = await mine.go(f"/portal/callback?state={state}&code={code}")

    assert [one.status_code for one in (stolen, forged, other_provider, taken, again)] == [
        401,
        401,
        401,
        303,
        401,
    ]


async def test_what_the_provider_said_when_it_broke_off_is_told_but_not_its_own_words(clinic: Clinic) -> None:
    async with at_lakeside(clinic) as (live, _), Browser(live) as browser:
        away = (await browser.go("/portal/sign-in")).headers["location"]
        state = parse_qs(urlsplit(away).query)["state"][0]
        told = await browser.go(f"/portal/callback?state={state}&error=access_denied")
        odd = await browser.go(f"/portal/callback?state={state}&error=%3Cb%3EIngrid%20Vale")

    assert "broke off and said access_denied" in told.text
    assert "Ingrid" not in odd.text


def test_the_form_has_a_field_for_the_rules_of_every_role() -> None:
    """A role without one would lose its rules with the next press on save."""
    assert {role.value for role in Role} <= set(SignInForm.model_fields)


async def test_settings_that_were_changed_meanwhile_are_not_overwritten(
    clinic: Clinic, sealer: Sealer
) -> None:
    async with at_lakeside(clinic) as (_, small):
        late = SignInSettings(small.issuer, "another", SECRET, revision=0)
        with pytest.raises(Overtaken):
            async with clinic.database.work() as work:
                await apply_sign_in(work, clinic.org_id, late, sealer=sealer, now=clinic.now, by=OPERATOR)
