"""The port of a meeting service: what it needs, gives and can do."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Capabilities:
    """What a meeting service can do; pages ask before they offer it."""

    can_admit: bool
    hides_addresses: bool
    most_people: int
    # Whether browsers find each other themselves, so that only a relay keeps their addresses apart.
    connects_browsers: bool = True


@dataclass(frozen=True)
class JoinDetails:
    """What a browser needs to enter the room: ICE servers in the form RTCPeerConnection takes."""

    ice_servers: list[dict[str, Any]]
    relay_only: bool


class MeetingBackend(Protocol):
    """A meeting service."""

    name: str
    capabilities: Capabilities

    async def join_details(self, participant_id: str) -> JoinDetails:
        """What this participant's browser needs; made afresh each time, credentials are short-lived."""
        ...
