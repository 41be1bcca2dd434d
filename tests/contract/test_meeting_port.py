"""What every meeting service promises: rooms of our own, the twins in memory, and Teams over a strict Graph."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
import pytest_asyncio

from housecall.kit.clock import SystemClock
from housecall.meetings.base import (
    Attendance,
    MadeMeeting,
    MediaKind,
    MeetingBackend,
    Side,
    Stay,
    StreamQuality,
)
from housecall.meetings.builtin import BuiltinRooms
from housecall.meetings.errors import MeetingRefused, PolicyMissing
from housecall.meetings.memory import MemoryMeetings, MemoryRooms
from tests.meetings.served import ServedTenant, a_plan, serve_tenant
from tests.sandbox.tenant import CLINICIAN, COLLEAGUE

MAIL = "aokonjo@prairieview.example"
HOOK = "http://127.0.0.1:9/hooks/graph"


class World(Protocol):
    """A meeting service, and what happens in it."""

    backend: MeetingBackend

    async def hold(self, made: MadeMeeting) -> None:
        """The meeting is held with one colleague and one guest."""
        ...

    def refuse(self) -> None:
        """Meetings for our organiser are refused from now on."""
        ...


@dataclass
class InMemory:
    backend: Any

    async def hold(self, made: MadeMeeting) -> None:
        now = SystemClock().now()
        stays = (Stay(CLINICIAN, now, now), Stay(None, now, now))
        self.backend.held[made.id] = [Attendance(now, now, stays)]
        self.backend.streams[made.id] = [StreamQuality(Side.guest, MediaKind.audio, rtt_ms=48.0)]

    def refuse(self) -> None:
        self.backend.fails_with = PolicyMissing()


@dataclass
class InTeams:
    backend: MeetingBackend
    tenant: ServedTenant

    async def hold(self, made: MadeMeeting) -> None:
        await self.tenant.hold(made)

    def refuse(self) -> None:
        self.tenant.switches.policy = "none"


@pytest_asyncio.fixture(loop_scope="session", params=["builtin", "memory", "memory-meetings", "teams"])
async def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    clock = SystemClock()
    match request.param:
        case "builtin":
            yield InMemory(BuiltinRooms(clock))
        case "memory":
            yield InMemory(MemoryRooms())
        case "memory-meetings":
            twin = MemoryMeetings()
            twin.people[MAIL] = CLINICIAN
            yield InMemory(twin)
        case _:

            async def answers(*_: object) -> None:
                return None

            # That both addresses are asked is shown where the hooks are; here nobody listens.
            monkeypatch.setattr("housecall.sandbox.teams.subscriptions._validate", answers)
            async with serve_tenant(clock) as tenant:
                backend = tenant.backend(clock)
                yield InTeams(backend, tenant)
                await backend.close()


def now() -> datetime:
    return SystemClock().now()


async def test_only_a_room_on_our_own_pages_gives_join_details(world: World) -> None:
    if world.backend.capabilities.is_in_page:
        assert (await world.backend.join_details("p_1")).ice_servers == []
    else:
        with pytest.raises(MeetingRefused):
            await world.backend.join_details("p_1")


async def test_who_has_pages_of_its_own_needs_a_meeting_and_gives_ways_into_it(world: World) -> None:
    can = world.backend.capabilities

    made = await world.backend.ensure(a_plan(now()))

    assert can.needs_meeting is not can.is_in_page
    assert bool(made.staff_url) is bool(made.guest_url) is bool(made.app_url) is can.needs_meeting


async def test_a_meeting_planned_twice_is_one(world: World) -> None:
    plan = a_plan(now())

    first, again = await world.backend.ensure(plan), await world.backend.ensure(plan)

    assert first == again


async def test_a_moved_meeting_keeps_its_ways(world: World) -> None:
    plan = a_plan(now())
    made = await world.backend.ensure(plan)

    moved = await world.backend.ensure(replace(plan, end=plan.end + timedelta(hours=1)), made)

    assert moved == made


async def test_meetings_of_two_visits_are_two(world: World) -> None:
    first = await world.backend.ensure(a_plan(now()))
    second = await world.backend.ensure(a_plan(now(), external_id="x_0002"))

    assert first.id != second.id


async def test_a_meeting_can_be_removed_twice(world: World) -> None:
    made = await world.backend.ensure(a_plan(now()))

    await world.backend.remove(made)
    await world.backend.remove(made)


async def test_a_meeting_that_is_gone_is_made_anew(world: World) -> None:
    if not world.backend.capabilities.needs_meeting:
        return
    plan = a_plan(now())
    made = await world.backend.ensure(plan)
    await world.backend.remove(made)

    again = await world.backend.ensure(plan, made)

    assert again.id != made.id


async def test_a_colleague_is_found_by_mail_and_nobody_else(world: World) -> None:
    is_directory = world.backend.capabilities.needs_meeting

    assert await world.backend.find_person(MAIL.upper()) == (CLINICIAN if is_directory else None)
    assert await world.backend.find_person("nobody@elsewhere.example") is None


async def test_who_tells_of_its_roster_promises_to_and_goes_on(world: World) -> None:
    made = await world.backend.ensure(a_plan(now()))
    until = now() + timedelta(hours=2)
    if not world.backend.capabilities.tells_roster:
        with pytest.raises(MeetingRefused):
            await world.backend.follow(made, until=until, hook=HOOK, secret="s")
        return

    following = await world.backend.follow(made, until=until, hook=HOOK, secret="s")
    longer = await world.backend.go_on_following(following, until=until + timedelta(hours=1))

    assert longer.id == following.id
    assert longer.until > following.until


async def test_what_is_reported_of_a_meeting_comes_after_it(world: World) -> None:
    made = await world.backend.ensure(a_plan(now()))
    before = await world.backend.attendance(made), await world.backend.quality(made, began=now())
    if not world.backend.capabilities.reports_attendance:
        assert before == ((), None)
        return

    await world.hold(made)
    [held] = await world.backend.attendance(made)
    streams = await world.backend.quality(made, began=held.began)

    assert list(before[0]) == []
    assert before[1] is None
    assert {stay.user for stay in held.stays} == {CLINICIAN, None}
    assert (Side.guest, MediaKind.audio, 48.0) in [(one.side, one.kind, one.rtt_ms) for one in streams or ()]


async def test_a_refusal_says_what_is_missing(world: World) -> None:
    if not world.backend.capabilities.needs_meeting:
        return
    world.refuse()

    with pytest.raises(PolicyMissing):
        await world.backend.ensure(a_plan(now()))


async def test_an_organiser_of_another_name_makes_another_meeting(world: World) -> None:
    if not world.backend.capabilities.needs_meeting:
        return

    ours = await world.backend.ensure(a_plan(now()))
    theirs = await world.backend.ensure(a_plan(now(), organiser=COLLEAGUE))

    assert ours.id != theirs.id
