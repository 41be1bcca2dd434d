"""Whatever we say to Microsoft, and read of what it says, is named as its published metadata names it."""

import ast
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import pytest_asyncio

from housecall.kit.clock import SystemClock
from housecall.meetings.base import Chat
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.checks import check_teams, policy_commands
from housecall.meetings.teams.clouds import CLOUDS
from housecall.sandbox.teams import words
from housecall.sandbox.teams.tenant import CLIENT_ID
from tests.meetings import graph_metadata as metadata
from tests.meetings.served import ServedTenant, a_plan, serve_tenant
from tests.sandbox.tenant import CLINICIAN

HOOK = "http://127.0.0.1:9/hooks/graph"
ROOT = Path(__file__).parents[2] / "src/housecall"


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedTenant]:
    async def answers(*_: object) -> None:
        return None

    monkeypatch.setattr("housecall.sandbox.teams.subscriptions._validate", answers)
    async with serve_tenant(SystemClock()) as served:
        yield served


async def everything_said(teams: TeamsMeetings, tenant: ServedTenant) -> list[httpx.Request]:
    """Each request of the whole port, and of the checks."""
    said: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        said.append(request)

    teams.graph._http.event_hooks["request"].append(note)
    now = SystemClock().now()
    made = await teams.ensure(a_plan(now))
    for chat in Chat:
        await teams.ensure(a_plan(now, chat=chat, may_record=chat is Chat.enabled), made)
    following = await teams.follow(made, until=now + timedelta(hours=2), hook=HOOK, secret="s")
    await teams.go_on_following(following, until=now + timedelta(hours=3))
    await tenant.hold(made)
    [held] = await teams.attendance(made)
    await teams.quality(made, began=held.began)
    await teams.find_person("o'malley+night@prairieview.example")
    await check_teams(teams, organiser=CLINICIAN, now=now, hook=HOOK)
    await teams.remove(made)
    return said


async def test_everything_we_say_is_named_as_graph_names_it(tenant: ServedTenant) -> None:
    teams = tenant.backend(SystemClock())

    said = await everything_said(teams, tenant)
    await teams.close()

    called = {call_of(request).path for request in said}
    assert called == {call.path for call in metadata.CALLS}
    for request in said:
        check_body(request)


def call_of(request: httpx.Request) -> metadata.Call:
    path = request.url.raw_path.decode().removeprefix("/graph").replace("+", " ")
    asked = f"{request.method} {unquote(path)}"
    found = [call for call in metadata.CALLS if re.fullmatch(call.path, asked)]
    assert len(found) == 1, asked
    return found[0]


def check_body(request: httpx.Request) -> None:
    call = call_of(request)
    if call.body is None:
        assert request.content == b""
        return
    body = json.loads(request.content)
    assert request.headers["content-type"] == "application/json"
    assert call.needs <= body.keys()
    check(body, call.body)
    for asked in body.get("requests", ()):
        assert re.fullmatch(
            metadata.IN_A_BATCH, f"{asked['method']} {unquote(asked['url'])}".replace("''", "")
        )
    if "resource" in body:
        assert re.fullmatch(metadata.RESOURCES, body["resource"])


def check(value: Any, shape: Any) -> None:
    match shape:
        case dict():
            assert isinstance(value, dict)
            assert value.keys() <= shape.keys()
            for name, each in value.items():
                check(each, shape[name])
        case list():
            for each in value:
                check(each, shape[0])
        case set():
            assert value in shape
        case metadata.TIME:
            assert re.fullmatch(metadata.EDM_TIME, value)
        case metadata.BOOL:
            assert isinstance(value, bool)
        case _:
            assert isinstance(value, str)


def test_our_own_graph_takes_what_the_metadata_has_and_nothing_else() -> None:
    for ours, theirs in (
        (words.CREATE_OR_GET, metadata.CREATE_OR_GET),
        (words.ONLINE_MEETING, metadata.ONLINE_MEETING),
        (words.SUBSCRIPTION, metadata.SUBSCRIPTION),
        (words.RENEWAL, metadata.RENEWAL),
    ):
        assert ours.keys() == theirs.keys()
    enumerations = (
        words.LOBBY_SCOPES,
        words.PRESENTERS,
        words.ADMITTERS,
        words.CHAT,
        words.ROLES,
        words.CHANGE_TYPES,
    )
    assert [set(one) for one in enumerations] == [
        metadata.LOBBY_SCOPES, metadata.PRESENTERS, metadata.ADMITTERS, metadata.CHAT, metadata.ROLES,
        metadata.CHANGE_TYPES,
    ]  # fmt: skip


def test_whatever_we_read_has_a_name_that_graph_gives() -> None:
    """A name that Graph does not have reads as nothing, and nobody notices: so each name in the code is held here."""
    sent = (
        names_in(metadata.CREATE_OR_GET) | names_in(metadata.ONLINE_MEETING) | names_in(metadata.SUBSCRIPTION)
    )
    known = metadata.READ | sent | metadata.LOBBY_SCOPES | metadata.PRESENTERS
    files = [*(ROOT / "meetings/teams").glob("*.py"), ROOT / "web/hooks_meetings.py"]

    used = {(path.name, name) for path in files for name in graph_names(path)}

    assert len(used) > 50
    assert {(path, name) for path, name in used if name not in known} == set()


def names_in(shape: Any) -> set[str]:
    if isinstance(shape, list):
        return names_in(shape[0])
    if not isinstance(shape, dict):
        return set()
    return set(shape) | {name for each in shape.values() for name in names_in(each)}


def graph_names(path: Path) -> set[str]:
    """Every text in the file that is written as Graph writes names."""
    texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+[A-Z]\w*(@\w+)?", text)}


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
@pytest.mark.parametrize("organiser", [CLINICIAN, None])
def test_the_commands_for_the_policy_are_those_that_teams_has(cloud: str, organiser: str | None) -> None:
    lines = policy_commands(CLIENT_ID, organiser, cloud=CLOUDS[cloud]).splitlines()

    assert [line.split()[0] for line in lines] == list(metadata.CMDLETS)
    for line in lines:
        cmdlet, *rest = line.split()
        assert set(re.findall(r" -(\w+)", line)) <= metadata.CMDLETS[cmdlet]
        if "-TeamsEnvironmentName" in rest:
            assert rest[rest.index("-TeamsEnvironmentName") + 1] in metadata.ENVIRONMENTS
    assert ("-TeamsEnvironmentName" in lines[0]) is (cloud != "global")
    assert lines[1].endswith(f'-AppIds "{CLIENT_ID}"')
    assert lines[2].endswith(f'-Identity "{CLINICIAN}"' if organiser else "-Global")
