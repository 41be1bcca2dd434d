"""What rooms on our own pages have in common: there is no meeting to make, and nobody else who tells of it."""

from collections.abc import Sequence
from datetime import datetime

from housecall.meetings.base import Attendance, Following, MadeMeeting, MeetingPlan, StreamQuality
from housecall.meetings.errors import MeetingRefused


class OwnRooms:
    """The port's questions about meetings elsewhere, answered for rooms that are here."""

    async def ensure(self, plan: MeetingPlan, known: MadeMeeting | None = None) -> MadeMeeting:
        return known or MadeMeeting(
            id=plan.external_id, organiser=plan.organiser, staff_url="", app_url="", guest_url=""
        )

    async def remove(self, made: MadeMeeting) -> None:
        return None

    async def find_person(self, email: str) -> str | None:
        return None

    async def follow(self, made: MadeMeeting, *, until: datetime, hook: str, secret: str) -> Following:
        raise MeetingRefused("Rooms of our own tell who is in them by our own sockets.")

    async def go_on_following(self, following: Following, *, until: datetime) -> Following:
        raise MeetingRefused("Rooms of our own tell who is in them by our own sockets.")

    async def attendance(self, made: MadeMeeting) -> Sequence[Attendance]:
        return ()

    async def quality(self, made: MadeMeeting, *, began: datetime) -> Sequence[StreamQuality] | None:
        return None

    async def close(self) -> None:
        return None
