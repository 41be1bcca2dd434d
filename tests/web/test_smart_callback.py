"""The clinician's callback: where it leads, what its cookies hold, and what a refusal shows."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from housecall.ehr.base import AuthorizationRequest
from housecall.ehr.errors import LaunchReplayed
from housecall.visits.access import tokens_of
from tests.visits.hospital import ANNA, DOCTOR
from tests.web.test_patient_launch import Portal, portal

__all__ = ["portal"]

EVIL = {"redirect_uri": "https://evil.example", "next": "//evil.example", "error_uri": "https://evil.example"}


async def begin(portal: Portal, browser: httpx.AsyncClient) -> str:
    path = f"/ehr/launch/{portal.connection.id}?iss={portal.connection.base_url}&launch=l-1"
    answer = await browser.get(path)
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def finish(portal: Portal, browser: httpx.AsyncClient, **more: Any) -> httpx.Response:
    state = await begin(portal, browser)
    asked = AuthorizationRequest("", state, "", "")
    code = portal.hospital.ehr.approve(asked, user=DOCTOR, patient=ANNA)
    return await browser.get("/ehr/callback", params={"state": state, "code": code, **more})


async def test_the_way_on_from_a_clinicians_callback_is_always_our_own(portal: Portal) -> None:
    async with portal.browser() as browser:
        good = await finish(portal, browser, **EVIL)
        state = await begin(portal, browser)
        denied = await browser.get("/ehr/callback", params={"state": state, "error": "access_denied", **EVIL})
        unknown = await browser.get("/ehr/callback", params={"state": "made-up", "code": "c", **EVIL})

    assert re.fullmatch(r"/panel/l_?\w+", good.headers["location"])
    for answer in (denied, unknown):
        assert "location" not in answer.headers
        assert "evil.example" not in answer.text


async def test_no_cookie_holds_a_token(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        await finish(portal, browser)
        cookies = " ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    [launch] = await portal.launches()

    tokens = await tokens_of(portal.hospital.clinic.desk, portal.hospital.clinic.database, launch)

    assert tokens is not None
    assert cookies
    for secret in (tokens.access_token, tokens.refresh_token or ""):
        assert secret
        assert secret not in cookies


async def test_a_refusals_page_is_shown_as_more_information(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(**_: Any) -> None:
        raise LaunchReplayed(more_at="https://ehr.example/errors?urn=urn:x:code-invalid")

    monkeypatch.setattr(portal.hospital.ehr, "finish_launch", refuse)
    async with portal.browser() as browser:
        page = await finish(portal, browser)

    assert page.status_code == 403
    assert 'href="https://ehr.example/errors?urn=urn:x:code-invalid"' in page.text
    assert 'rel="noopener noreferrer"' in page.text
