"""Where everybody of a meeting is, by all that its service told of it; no input or output.

Notices overtake each other and come twice. So of each person the newest instant that was told is kept, and the first
at which they were inside: whatever the order, and however often, the same notices come to the same whereabouts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from housecall.meetings.base import Attendee, RosterEvent, RosterKind, Stay

_STILL_THERE: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """The newest that was told of one person, and when they first were inside, past the service's lobby."""

    # The directory's object id of a colleague; None of a guest.
    user: str | None
    at: datetime
    is_in_lobby: bool
    is_gone: bool
    came_in: datetime | None

    @classmethod
    def by(cls, one: Attendee, at: datetime) -> Self:
        """What one notice says."""
        is_inside = not one.is_in_lobby and not one.is_gone
        return cls(one.user, at, one.is_in_lobby, one.is_gone, at if is_inside else None)

    def and_of(self, other: Self) -> Self:
        """What both say together, whichever came first."""
        inside = [at for at in (self.came_in, other.came_in) if at is not None]
        # Of two notices of one instant the one that is further on its way through the meeting.
        newest = max(self, other, key=lambda one: (one.at, one.is_gone, not one.is_in_lobby))
        return replace(newest, user=self.user or other.user, came_in=min(inside, default=None))


@dataclass(frozen=True)
class Whereabouts:
    """Everybody of whom something was told, and until when the newest call that ended had gone on."""

    people: Mapping[str, Told] = field(default_factory=dict)
    over_at: datetime | None = None

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """As ``keep`` made it; nothing is known from an empty one."""
        people = {key: _read_person(one) for key, one in kept.get("people", {}).items()}
        return cls(people, _read_time(kept.get("over_at")))

    def keep(self) -> dict[str, Any]:
        """As JSON values."""
        people = {
            key: {
                "user": one.user,
                "at": one.at.isoformat(),
                "lobby": one.is_in_lobby,
                "gone": one.is_gone,
                "in": one.came_in.isoformat() if one.came_in else None,
            }
            for key, one in self.people.items()
        }
        return {"people": people, "over_at": self.over_at.isoformat() if self.over_at else None}

    def after(self, event: RosterEvent) -> Self:
        """With what the event says."""
        if event.kind is RosterKind.ended:
            return replace(self, over_at=max(event.at, self.over_at or event.at))
        people = dict(self.people)
        for each in event.people:
            told, known = Told.by(each, event.at), people.get(each.key)
            people[each.key] = told.and_of(known) if known is not None else told
        return replace(self, people=people)

    @property
    def is_over(self) -> bool:
        """Whether a call has ended, and nobody is there since."""
        return self.over_at is not None and not any(is_there(stay) for stay in self.stays())

    def stays(self) -> list[Stay]:
        """When each person was inside; who is there still leaves at the end of time."""
        return [
            Stay(one.user, one.came_in, self._left_at(one) or _STILL_THERE)
            for one in self.people.values()
            if one.came_in is not None
        ]

    def _left_at(self, one: Told) -> datetime | None:
        if one.is_gone or one.is_in_lobby:
            return one.at
        return self.over_at if self.over_at is not None and one.at <= self.over_at else None


def is_there(stay: Stay) -> bool:
    """Whether the person is inside still."""
    return stay.left == _STILL_THERE


def first_together(stays: Sequence[Stay], *, since: datetime | None = None) -> datetime | None:
    """The first moment at which a colleague and a guest were both there, ``since`` then; None if they never were."""
    pairs = ((ours, theirs) for ours in stays if ours.user for theirs in stays if theirs.user is None)
    overlaps = [
        (max(ours.joined, theirs.joined, since or ours.joined), min(ours.left, theirs.left))
        for ours, theirs in pairs
    ]
    return min((begin for begin, end in overlaps if begin <= end), default=None)


def most_at_once(stays: Sequence[Stay]) -> int:
    """The most people who were there at the same moment."""
    return max((sum(one.joined <= at.joined <= one.left for one in stays) for at in stays), default=0)


def _read_person(kept: Mapping[str, Any]) -> Told:
    at, came_in = datetime.fromisoformat(kept["at"]), _read_time(kept["in"])
    return Told(kept["user"], at, kept["lobby"], kept["gone"], came_in)


def _read_time(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
