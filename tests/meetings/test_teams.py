"""Teams through a strict Graph: what we say, how we wait, what each refusal becomes."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from housecall.kit.clock import SystemClock
from housecall.kit.findings import Level
from housecall.meetings.errors import (
    LibraryMissing,
    LicenceMissing,
    MeetingNotThere,
    MeetingRefused,
    MeetingUnavailable,
    PermissionMissing,
    SignInRefused,
)
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.checks import check_teams
from tests.meetings.served import ServedTenant, a_plan, serve_tenant
from tests.sandbox.tenant import CLINICIAN

HOOK = "http://127.0.0.1:9/hooks/graph"


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedTenant]:
    async def answers(*_: object) -> None:
        return None

    monkeypatch.setattr("housecall.sandbox.teams.subscriptions._validate", answers)
    async with serve_tenant(SystemClock()) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def teams(tenant: ServedTenant) -> AsyncIterator[TeamsMeetings]:
    backend = tenant.backend(SystemClock())
    yield backend
    await backend.close()


def plan(**change: Any) -> Any:
    return a_plan(SystemClock().now(), **change)


async def test_a_meeting_holds_guests_in_the_lobby_and_names_nobody(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    await teams.ensure(plan())

    [meeting] = (await tenant.http.get("/sandbox/teams/meetings")).json()
    assert meeting["lobbyBypassSettings"] == {
        "scope": "organizationExcludingGuests",
        "isDialInBypassEnabled": False,
    }
    assert (meeting["allowedPresenters"], meeting["allowMeetingChat"]) == ("organization", "limited")
    assert meeting["allowRecording"] is False
    assert meeting["subject"] == "Video visit"
    assert meeting["participants"]["attendees"] == []


async def test_the_ways_in_are_for_the_browser_and_for_the_app(teams: TeamsMeetings) -> None:
    made = await teams.ensure(plan())

    assert "/l/meetup-join/" in made.staff_url
    assert made.app_url.startswith("msteams:/l/meetup-join/")
    assert "/webrtc-svc/api/route?tid=" in made.guest_url
    assert made.is_browser_only


@pytest.mark.parametrize("lack", ["licence", "permission"])
async def test_without_the_guests_link_the_join_link_stands_in(
    teams: TeamsMeetings, tenant: ServedTenant, lack: str
) -> None:
    if lack == "licence":
        tenant.switches.virtual_links = False
    else:
        tenant.switches.permissions.remove("VirtualAppointment.Read.All")

    made = await teams.ensure(plan())

    assert made.guest_url == made.staff_url
    assert not made.is_browser_only


async def test_one_token_serves_many_requests(teams: TeamsMeetings, tenant: ServedTenant) -> None:
    signed_in: list[str] = []
    app = tenant.house
    original = app.graph_keys.sign
    app.graph_keys.sign = lambda claims: signed_in.append("once") or original(claims)  # type: ignore[method-assign,func-returns-value]

    for number in range(3):
        await teams.ensure(plan(external_id=f"x_{number}"))

    assert signed_in == ["once"]


async def test_a_token_that_graph_does_not_take_any_more_is_asked_for_anew(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    await teams.ensure(plan())
    del tenant.house.graph_keys.__dict__["_key"]

    assert await teams.find_person("aokonjo@prairieview.example") == CLINICIAN


async def test_who_is_asked_to_wait_waits_and_then_is_served(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    teams.graph._sleep = sleep
    tenant.switches.throttle, tenant.switches.retry_after_s = 1, 3

    await teams.ensure(plan())

    assert 2 < waited[0] <= 3


async def test_a_long_wait_is_not_waited_for_here_and_nobody_else_asks_meanwhile(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    tenant.switches.throttle, tenant.switches.retry_after_s = 1, 120

    with pytest.raises(MeetingUnavailable) as first:
        await teams.ensure(plan())
    asked = len(tenant.house.graph_asked)
    with pytest.raises(MeetingUnavailable) as second:
        await teams.ensure(plan(external_id="another"))

    assert first.value.retry_after == timedelta(seconds=120)
    assert second.value.retry_after is not None
    assert len(tenant.house.graph_asked) == asked


async def test_a_meeting_not_seen_yet_is_got_by_the_next_try(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    tenant.switches.lag_s = 3600.0
    with pytest.raises(MeetingNotThere):
        await teams.ensure(plan())

    tenant.switches.lag_s = 0.0
    await teams.ensure(plan())

    assert len(tenant.house.teams.meetings) == 1


async def test_each_refusal_has_its_own_name(teams: TeamsMeetings, tenant: ServedTenant) -> None:
    tenant.switches.permissions = []
    with pytest.raises(PermissionMissing):
        await teams.ensure(plan())
    tenant.switches.permissions = ["OnlineMeetings.ReadWrite.All"]
    tenant.house.teams.users[CLINICIAN].plans = []
    with pytest.raises(LicenceMissing):
        await teams.ensure(plan())
    tenant.switches.graph = "down"

    async def at_once(_: float) -> None:
        return None

    teams.graph._sleep = at_once
    with pytest.raises(MeetingUnavailable):
        await teams.ensure(plan())


@pytest.mark.parametrize("change", [{"client_id": "another"}, {"tenant": "another"}])
async def test_an_app_that_microsoft_does_not_know_is_told_so(
    tenant: ServedTenant, change: dict[str, str]
) -> None:
    backend = tenant.backend(SystemClock(), **change)

    with pytest.raises(SignInRefused):
        await backend.ensure(plan())


async def test_without_microsofts_library_the_sentence_says_how_to_get_it(
    teams: TeamsMeetings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "msal", None)

    with pytest.raises(LibraryMissing, match=r"housecall\[teams\]"):
        await teams.ensure(plan())


async def test_nobody_is_sent_to_an_address_that_is_not_teams(teams: TeamsMeetings) -> None:
    teams.cloud = replace(teams.cloud, stand_in="")

    with pytest.raises(MeetingRefused, match="does not lead to Teams"):
        await teams.ensure(plan())


async def test_all_prerequisites_hold_in_a_tenant_that_is_set_up(
    teams: TeamsMeetings, tenant: ServedTenant
) -> None:
    found = await check_teams(teams, organiser=CLINICIAN, now=SystemClock().now(), hook=HOOK)

    assert {each.level for each in found} == {Level.ok}
    assert len(found) == 9
    assert tenant.house.teams.meetings == {}
    assert tenant.house.teams.subscriptions == {}


@pytest.mark.parametrize(
    ("lack", "code", "word"),
    [
        ({"policy": "none"}, "teams.meeting", "Grant-CsApplicationAccessPolicy"),
        ({"permissions": ["User.Read.All"]}, "teams.meeting", "OnlineMeetings.ReadWrite.All"),
        (
            {"permissions": ["OnlineMeetings.ReadWrite.All"]},
            "teams.attendance",
            "OnlineMeetingArtifact.Read.All",
        ),
        ({"permissions": ["OnlineMeetings.ReadWrite.All"]}, "teams.call_records", "CallRecords.Read.All"),
        ({"virtual_links": False}, "teams.guest_link", "VirtualAppointment.Read.All"),
    ],
)
async def test_what_is_missing_is_named_with_how_to_mend_it(
    teams: TeamsMeetings, tenant: ServedTenant, lack: dict[str, Any], code: str, word: str
) -> None:
    for name, value in lack.items():
        setattr(tenant.switches, name, value)

    found = await check_teams(teams, organiser=CLINICIAN, now=SystemClock().now())

    [finding] = [each for each in found if each.code == code]
    assert finding.level is not Level.ok
    assert word in finding.mend
