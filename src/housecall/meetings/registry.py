"""Which meeting services there are."""

from typing import Final

from housecall.kit.clock import Clock
from housecall.kit.settings import Settings
from housecall.meetings.base import HELD_ELSEWHERE, OWN_ROOMS, Capabilities, MeetingBackend
from housecall.meetings.builtin import BuiltinRooms
from housecall.meetings.memory import MemoryMeetings
from housecall.meetings.teams.backend import CAPABILITIES, TEAMS

# What each can do wherever it is; a relay changes what rooms of our own hide, which the visit itself remembers.
_CAN: Final = {
    OWN_ROOMS: Capabilities(can_admit=True, hides_addresses=False, most_people=4),
    TEAMS: CAPABILITIES,
    MemoryMeetings.name: HELD_ELSEWHERE,
}


def backend_for(settings: Settings, clock: Clock) -> MeetingBackend:
    """Rooms of our own as these settings make them."""
    return BuiltinRooms(clock, settings.words("HOUSECALL_TURN_URLS"), settings.text("HOUSECALL_TURN_SECRET"))


def capabilities_of(service: str) -> Capabilities:
    """What the service of that name can do."""
    return _CAN[service]
