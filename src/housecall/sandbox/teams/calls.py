"""A meeting's call as it goes on: the lobby, who is in it, who lets them in, and what is left of it."""

from typing import Final

from housecall.kit.ids import new_uuid
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House
from housecall.sandbox.teams.notices import of_roster, tell_call, tell_record
from housecall.sandbox.teams.records import attendance_report, call_record
from housecall.sandbox.teams.tenant import Caller, Meeting, Stay

_LEFT: Final = "Participant has left the meeting call."
_WITHOUT_LOBBY: Final = (
    "organization",
    "organizationAndFederated",
    "organizationExcludingGuests",
    "everyone",
)


def enter(house: House, meeting: Meeting, *, name: str, user_id: str | None = None) -> Caller:
    """Somebody comes: a guest waits in the lobby unless it is off; staff walk in, the organiser always."""
    scope = meeting.fields["lobbyBypassSettings"]["scope"]
    is_staff = user_id is not None and (scope in _WITHOUT_LOBBY or user_id == meeting.organiser)
    waits = not is_staff and scope != "everyone"
    caller = Caller(str(new_uuid()), name, user_id, in_lobby=waits)
    meeting.callers[caller.id] = caller
    if waits:
        tell_call(house, meeting, "rosterUpdated", [of_roster(caller)])
    else:
        _walk_in(house, meeting, caller)
    house.world.touch()
    return caller


def admit(house: House, meeting: Meeting, caller: Caller) -> None:
    """Somebody in the meeting lets the person in; nobody outside of it can."""
    if caller.in_lobby and meeting.is_going_on:
        caller.in_lobby = False
        _walk_in(house, meeting, caller)
        house.world.touch()


def _walk_in(house: House, meeting: Meeting, caller: Caller) -> None:
    if not meeting.is_going_on:
        meeting.call_began = house.clock.now()
        tell_call(house, meeting, "callStarted")
    caller.stays.append(Stay(house.clock.now()))
    tell_call(house, meeting, "rosterUpdated", [of_roster(caller)])


def leave(house: House, meeting: Meeting, caller: Caller) -> None:
    """The person is gone from lobby or call; with the last one the call ends."""
    was_in_call = caller.is_in_call
    if not was_in_call and not caller.in_lobby:
        return
    if was_in_call:
        caller.stays[-1].left = house.clock.now()
    caller.in_lobby = False
    tell_call(house, meeting, "rosterUpdated", [of_roster(caller, removed=_LEFT)])
    if was_in_call and not meeting.is_going_on:
        _finish(house, meeting)
    house.world.touch()


def end(house: House, meeting: Meeting) -> None:
    """The meeting is over for everybody."""
    for caller in list(meeting.callers.values()):
        leave(house, meeting, caller)


def _finish(house: House, meeting: Meeting) -> None:
    now, began = house.clock.now(), meeting.call_began
    assert began is not None
    tell_call(house, meeting, "callEnded")
    house.teams.reports.setdefault(meeting.id, []).append(attendance_report(meeting, began, now))
    record = call_record(house, meeting, began, now)
    house.teams.records[record["id"]] = record
    meeting.callers, meeting.call_began = {}, None
    tell_record(house, record["id"])


def called(house: House, caller_id: str) -> tuple[Meeting, Caller]:
    """The person with the meeting they are in; raises RequestRefused."""
    for meeting in house.teams.meetings.values():
        if caller_id in meeting.callers:
            return meeting, meeting.callers[caller_id]
    raise RequestRefused("There is nobody of that id in a meeting.", status=404)
