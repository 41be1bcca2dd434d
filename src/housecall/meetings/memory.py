"""Meeting services without a network, for tests and trials; they pass the same contract as the real ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from housecall.kit.ids import short_id
from housecall.meetings.base import (
    HELD_ELSEWHERE,
    Attendance,
    Capabilities,
    Following,
    JoinDetails,
    MadeMeeting,
    MeetingPlan,
    StreamQuality,
)
from housecall.meetings.errors import MeetingNotThere, MeetingRefused
from housecall.meetings.own import OwnRooms


class MemoryRooms(OwnRooms):
    """Remembers who asked to join."""

    name = "memory"
    capabilities = Capabilities(can_admit=True, hides_addresses=False, most_people=4)

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def join_details(self, participant_id: str) -> JoinDetails:
        self.asked.append(participant_id)
        return JoinDetails(ice_servers=[], relay_only=False)


class MemoryMeetings:
    """A service with pages of its own; fails as it is told to, remembers what it was asked."""

    name = "memory-meetings"

    def __init__(self, *, tells_roster: bool = True) -> None:
        self.capabilities = replace(HELD_ELSEWHERE, tells_roster=tells_roster)
        self.plans: dict[str, MeetingPlan] = {}
        self.made: dict[tuple[str, str], MadeMeeting] = {}
        self.removed: list[str] = []
        self.people: dict[str, str] = {}
        self.followed: list[str] = []
        self.held: dict[str, list[Attendance]] = {}
        self.streams: dict[str, list[StreamQuality]] = {}
        self.fails_with: Exception | None = None

    def _suffer(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    async def join_details(self, participant_id: str) -> JoinDetails:
        raise MeetingRefused("This meeting service has pages of its own.")

    async def ensure(self, plan: MeetingPlan, known: MadeMeeting | None = None) -> MadeMeeting:
        self._suffer()
        key = (plan.organiser, plan.external_id)
        if known is not None and known.id not in self.plans:
            known = None
        made = known or self.made.get(key) or _new_meeting(plan)
        self.made[key] = made
        self.plans[made.id] = plan
        return made

    async def remove(self, made: MadeMeeting) -> None:
        self._suffer()
        self.removed.append(made.id)
        self.plans.pop(made.id, None)
        self.made = {key: one for key, one in self.made.items() if one.id != made.id}

    async def find_person(self, email: str) -> str | None:
        self._suffer()
        return self.people.get(email.casefold())

    async def follow(self, made: MadeMeeting, *, until: datetime, hook: str, secret: str) -> Following:
        self._suffer()
        if made.id not in self.plans:
            raise MeetingNotThere
        self.followed.append(made.id)
        return Following(short_id("f"), until)

    async def go_on_following(self, following: Following, *, until: datetime) -> Following:
        self._suffer()
        return replace(following, until=until)

    async def attendance(self, made: MadeMeeting) -> Sequence[Attendance]:
        self._suffer()
        return self.held.get(made.id, [])

    async def quality(self, made: MadeMeeting, *, began: datetime) -> Sequence[StreamQuality] | None:
        self._suffer()
        return self.streams.get(made.id)

    async def close(self) -> None:
        return None


def _new_meeting(plan: MeetingPlan) -> MadeMeeting:
    made = short_id("m")
    return MadeMeeting(
        id=made,
        organiser=plan.organiser,
        staff_url=f"https://meet.example/{made}",
        app_url=f"meet://{made}",
        guest_url=f"https://meet.example/guest/{made}",
        is_browser_only=True,
    )
