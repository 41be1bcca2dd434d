"""The port of a meeting service: what it needs, gives and can do.

Every service answers every question here; what it cannot do it says in its capabilities, and pages ask those
before they offer anything (docs/adr/2026-11-25-meeting-services-declare-what-they-can-do.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

OWN_ROOMS = "builtin"


@dataclass(frozen=True)
class Capabilities:
    """What a meeting service can do; pages ask before they offer it."""

    # Whether staff let somebody into the meeting here; if not, the service has a door of its own as well.
    can_admit: bool
    hides_addresses: bool
    most_people: int
    # Whether browsers find each other themselves, so that only a relay keeps their addresses apart.
    connects_browsers: bool = True
    # Whether the call opens on our own pages; if not, people are sent to the service's.
    is_in_page: bool = True
    can_hold: bool = True
    can_send_back: bool = True
    # Whether a clinician's name and directory id stay hidden from the patient's browser.
    hides_clinician: bool = True
    # Whether a meeting must be made before anybody can be sent there.
    needs_meeting: bool = False
    # Whether the service itself tells who is in its lobby and its meeting, while it lasts.
    tells_roster: bool = False
    reports_attendance: bool = False
    reports_quality: bool = False


# Of a service that holds meetings of its own and tells of them: what each says differently, it says itself.
HELD_ELSEWHERE: Final = Capabilities(
    can_admit=False,
    hides_addresses=False,
    most_people=100,
    connects_browsers=False,
    is_in_page=False,
    can_hold=False,
    can_send_back=False,
    hides_clinician=False,
    needs_meeting=True,
    tells_roster=True,
    reports_attendance=True,
    reports_quality=True,
)


class Chat(StrEnum):
    """When people may write to each other in a meeting."""

    limited = "limited"  # only while it lasts
    enabled = "enabled"
    disabled = "disabled"


@dataclass(frozen=True)
class MeetingPlan:
    """The meeting that is wanted. Nothing in it says who the patient is."""

    external_id: str
    organiser: str
    start: datetime
    end: datetime
    chat: Chat = Chat.limited
    may_record: bool = False


@dataclass(frozen=True)
class MadeMeeting:
    """A meeting that stands, and the ways into it; whoever holds a way gets as far as the service's lobby."""

    id: str = field(repr=False)
    organiser: str = field(repr=False)
    # For staff, in a browser or, as the same address under the app's own scheme, in the desktop app.
    staff_url: str = field(repr=False)
    app_url: str = field(repr=False)
    # For guests. Whether it is one that never speaks of the app.
    guest_url: str = field(repr=False)
    is_browser_only: bool = False


@dataclass(frozen=True)
class JoinDetails:
    """What a browser needs to enter the room: ICE servers in the form RTCPeerConnection takes."""

    ice_servers: list[dict[str, Any]]
    relay_only: bool


@dataclass(frozen=True)
class Following:
    """The service's promise to tell what happens in a meeting, until when."""

    id: str
    until: datetime


class FollowingNews(StrEnum):
    """What a service says of its promise itself."""

    ends_soon = "ends_soon"  # unless it is renewed
    ended = "ended"
    missed = "missed"  # something was told that did not reach us


class RosterKind(StrEnum):
    """What happened in a meeting."""

    began = "began"
    ended = "ended"
    changed = "changed"


@dataclass(frozen=True)
class Attendee:
    """Somebody on a meeting's roster; names are never taken over."""

    key: str
    # The directory's object id of a colleague; None of a guest.
    user: str | None
    is_in_lobby: bool
    is_gone: bool


@dataclass(frozen=True)
class RosterEvent:
    """What a service told of a meeting as it went on."""

    kind: RosterKind
    at: datetime
    people: tuple[Attendee, ...] = ()


@dataclass(frozen=True)
class Stay:
    """One time that somebody was in a meeting."""

    user: str | None
    joined: datetime
    left: datetime


@dataclass(frozen=True)
class Attendance:
    """One time that a meeting was held, and who was in it when."""

    began: datetime
    ended: datetime
    stays: tuple[Stay, ...]


class Side(StrEnum):
    """Whose media it was."""

    staff = "staff"
    guest = "guest"


class MediaKind(StrEnum):
    """What a stream carried."""

    audio = "audio"
    video = "video"
    screen = "screen"


@dataclass(frozen=True)
class StreamQuality:
    """How one person's stream was on average; None where the service measured nothing."""

    side: Side
    kind: MediaKind
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    loss_pct: float | None = None
    bitrate_kbps: float | None = None
    degradation_mos: float | None = None
    concealed_pct: float | None = None
    frames_per_s: float | None = None
    frame_loss_pct: float | None = None
    loss_after_repair_pct: float | None = None
    freeze_ms: float | None = None


class MeetingBackend(Protocol):
    """A meeting service."""

    name: str
    capabilities: Capabilities

    async def join_details(self, participant_id: str) -> JoinDetails:
        """What this participant's browser needs; made afresh each time, credentials are short-lived.

        Raises MeetingRefused where the call does not open on our own pages.
        """
        ...

    async def ensure(self, plan: MeetingPlan, known: MadeMeeting | None = None) -> MadeMeeting:
        """The meeting stands as planned: made once for each external id and organiser, then changed.

        ``known`` spares looking for one made before. Raises MeetingUnavailable or MeetingRefused.
        """
        ...

    async def remove(self, made: MadeMeeting) -> None:
        """The meeting is gone; one that is gone already is no fault. Raises MeetingUnavailable or MeetingRefused."""
        ...

    async def find_person(self, email: str) -> str | None:
        """The directory's object id of the one colleague with this address, or None; the address is not kept."""
        ...

    async def follow(self, made: MadeMeeting, *, until: datetime, hook: str, secret: str) -> Following:
        """Who is in the meeting is told to ``hook`` from now on, with ``secret`` in it, at most until then."""
        ...

    async def go_on_following(self, following: Following, *, until: datetime) -> Following:
        """The promise lasts longer; raises MeetingNotThere where it has ended, then ask anew."""
        ...

    async def attendance(self, made: MadeMeeting) -> Sequence[Attendance]:
        """Each time that the meeting was held and is over, oldest first; empty while nothing is reported."""
        ...

    async def quality(self, made: MadeMeeting, *, began: datetime) -> Sequence[StreamQuality] | None:
        """How the streams were of the call that began then; None while the service has no record of it."""
        ...

    async def close(self) -> None:
        """Connections are given back."""
        ...
