"""Which meeting services there are."""

from housecall.kit.clock import Clock
from housecall.kit.settings import Settings
from housecall.meetings.base import MeetingBackend
from housecall.meetings.builtin import BuiltinRooms


def backend_for(settings: Settings, clock: Clock) -> MeetingBackend:
    """The meeting service these settings ask for."""
    return BuiltinRooms(clock, settings.words("HOUSECALL_TURN_URLS"), settings.text("HOUSECALL_TURN_SECRET"))
