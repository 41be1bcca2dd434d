"""Values and rules of a visit: states, moves and its window; no input or output."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from housecall.visits.errors import IllegalParticipantMove, IllegalVisitMove

# 90 s: a phone that changes networks or a tab that sleeps is back by then; who closed the page is not.
GONE_AFTER: Final = timedelta(seconds=90)
# Both sides may drop out at once, as when a server restarts; nobody for this long means that they are done.
EMPTY_AFTER: Final = timedelta(minutes=5)
# Whoever was in the call keeps the admission as long: a laptop that slept for a moment goes on without a press.
GONE_FROM_ROOM_AFTER: Final = EMPTY_AFTER


class VisitState(StrEnum):
    """How far a visit has come."""

    scheduled = "scheduled"
    open = "open"
    in_progress = "in_progress"
    ended = "ended"
    cancelled = "cancelled"
    no_show = "no_show"


class ParticipantState(StrEnum):
    """Where one person is in a visit."""

    invited = "invited"
    opened = "opened"
    checking = "checking"
    waiting = "waiting"
    admitted = "admitted"
    connected = "connected"
    held = "held"
    reconnecting = "reconnecting"
    left = "left"
    declined = "declined"


class ParticipantRole(StrEnum):
    """As what somebody takes part."""

    patient = "patient"
    clinician = "clinician"
    family = "family"
    interpreter = "interpreter"


class WriteKind(StrEnum):
    """What of a visit is told to the EHR."""

    links = "links"
    status = "status"
    summary = "summary"
    presence = "presence"


class WriteState(StrEnum):
    """How far a write has come."""

    wanted = "wanted"
    sending = "sending"
    done = "done"
    failed = "failed"
    unknown = "unknown"
    stopped = "stopped"


class Wish(StrEnum):
    """What a colleague is asked to do with a visit."""

    take_over = "take_over"
    join_in = "join"


class Asked(StrEnum):
    """What became of asking a colleague."""

    asked = "asked"
    came = "came"
    declined = "declined"
    withdrawn = "withdrawn"


class LobbyWord(StrEnum):
    """What the lobby page shows, where it shows anything."""

    waiting = "waiting"
    held = "held"
    declined = "declined"
    moved = "moved"
    cancelled = "cancelled"
    early = "early"
    over = "over"
    withdrawn = "withdrawn"


_V = VisitState
_P = ParticipantState

# ``end`` from open: the clinician gives up before anybody was admitted; the report names who did not come.
VISIT_MOVES: Final[Mapping[tuple[VisitState, str], VisitState]] = {
    (_V.scheduled, "open"): _V.open,
    (_V.scheduled, "cancel"): _V.cancelled,
    (_V.scheduled, "miss"): _V.no_show,
    (_V.open, "begin"): _V.in_progress,
    (_V.open, "end"): _V.ended,
    (_V.open, "cancel"): _V.cancelled,
    (_V.open, "miss"): _V.no_show,
    (_V.in_progress, "end"): _V.ended,
    (_V.no_show, "open"): _V.open,
}

# ``enter`` is how staff come in: they have no lobby. Admitted people may leave or be sent back before they
# are seen in the room; losing their socket leaves them admitted, since there is no call yet to reconnect.
# ``invite``: the visit was moved, and who came for the earlier time is expected at the later one.
# ``rest``: who tested their devices before the lobby opens is done, and did not leave a visit by that.
PARTICIPANT_MOVES: Final[Mapping[tuple[ParticipantState, str], ParticipantState]] = {
    (_P.invited, "open"): _P.opened,
    (_P.invited, "enter"): _P.connected,
    (_P.opened, "check"): _P.checking,
    (_P.opened, "leave"): _P.left,
    (_P.opened, "rest"): _P.invited,
    (_P.checking, "wait"): _P.waiting,
    (_P.checking, "leave"): _P.left,
    (_P.checking, "rest"): _P.invited,
    (_P.waiting, "admit"): _P.admitted,
    (_P.waiting, "decline"): _P.declined,
    (_P.waiting, "leave"): _P.left,
    (_P.admitted, "join"): _P.connected,
    (_P.admitted, "send_back"): _P.waiting,
    (_P.admitted, "leave"): _P.left,
    (_P.connected, "lose"): _P.reconnecting,
    (_P.connected, "hold"): _P.held,
    (_P.connected, "send_back"): _P.waiting,
    (_P.connected, "leave"): _P.left,
    (_P.held, "resume"): _P.connected,
    (_P.held, "leave"): _P.left,
    (_P.reconnecting, "return"): _P.connected,
    (_P.reconnecting, "leave"): _P.left,
    (_P.declined, "wait"): _P.waiting,
    (_P.left, "come_back"): _P.opened,
    (_P.left, "enter"): _P.connected,
    (_P.left, "invite"): _P.invited,
    (_P.declined, "invite"): _P.invited,
}

# In an appointment's place where there is none; no id of FHIR has a colon in it.
INSTANT: Final = "housecall:"
# The same where colleagues meet without a patient.
CONSULT: Final = f"{INSTANT}c_"
OVER: Final = frozenset({_V.ended, _V.cancelled})
LIVE: Final = frozenset({_V.scheduled, _V.open, _V.in_progress})
BEFORE_LOBBY: Final = frozenset({_P.invited, _P.opened, _P.checking, _P.left})
# Called into the room, or in it: they may hear of the others there.
IN_ROOM: Final = frozenset({_P.admitted, _P.connected, _P.held, _P.reconnecting})
# Seen in the room, even if their socket is lost for the moment.
TAKING_PART: Final = frozenset({_P.connected, _P.held, _P.reconnecting})
STAFF: Final = frozenset({ParticipantRole.clinician})
# Invited by the clinic besides the patient, each with a link of their own.
GUESTS: Final = frozenset({ParticipantRole.family, ParticipantRole.interpreter})


def is_instant(appointment_ref: str) -> bool:
    """Whether the visit was begun without an appointment."""
    return appointment_ref.startswith(INSTANT)


def is_consult(appointment_ref: str) -> bool:
    """Whether colleagues meet in it without a patient."""
    return appointment_ref.startswith(CONSULT)


def move_visit(state: str, verb: str) -> VisitState:
    """The visit's state after ``verb``; raises IllegalVisitMove naming both."""
    try:
        return VISIT_MOVES[VisitState(state), verb]
    except KeyError:
        raise IllegalVisitMove(f"A visit that is {_said(state)} cannot {_said(verb)}.") from None


def move_participant(state: str, verb: str) -> ParticipantState:
    """The person's state after ``verb``; raises IllegalParticipantMove naming both."""
    try:
        return PARTICIPANT_MOVES[ParticipantState(state), verb]
    except KeyError:
        raise IllegalParticipantMove(f"A person who is {_said(state)} cannot {_said(verb)}.") from None


def may(state: str, verb: str) -> bool:
    """Whether a person in ``state`` can do ``verb``."""
    return (ParticipantState(state), verb) in PARTICIPANT_MOVES


def _said(word: str) -> str:
    return str(word).replace("_", " ")


@dataclass(frozen=True)
class Window:
    """When the lobby is open: from ``opens_at`` until ``closes_at``, both included."""

    opens_at: datetime
    closes_at: datetime

    def is_early(self, now: datetime) -> bool:
        """Whether the lobby has not opened yet."""
        return now < self.opens_at

    def is_past(self, now: datetime) -> bool:
        """Whether the lobby has closed; the link is dead then."""
        return now > self.closes_at


def window_of(
    starts_at: datetime, ends_at: datetime, *, lobby_opens_min: int, window_closes_min: int
) -> Window:
    """The window of a visit planned from ``starts_at`` to ``ends_at``."""
    return Window(
        opens_at=starts_at - timedelta(minutes=lobby_opens_min),
        closes_at=ends_at + timedelta(minutes=window_closes_min),
    )


def lobby_word(
    *, visit: str, participant: str, revoked_because: str | None, window: Window, now: datetime
) -> LobbyWord | None:
    """What the patient's lobby page shows; None where it shows no word of its own."""
    if revoked_because in (LobbyWord.moved, LobbyWord.cancelled, LobbyWord.withdrawn):
        return LobbyWord(revoked_because)
    if visit == VisitState.cancelled:
        return LobbyWord.cancelled
    if visit == VisitState.ended or (window.is_past(now) and participant not in IN_ROOM):
        return LobbyWord.over
    if participant in (ParticipantState.waiting, ParticipantState.held, ParticipantState.declined):
        return LobbyWord(participant)
    if window.is_early(now) and visit != VisitState.in_progress and participant in BEFORE_LOBBY:
        return LobbyWord.early
    return None


def diagram(moves: Mapping[tuple[StrEnum, str], StrEnum]) -> str:
    """The moves as a Mermaid state diagram, one line a move, in the table's order."""
    lines = [f"    {before} --> {after}: {_said(verb)}" for (before, verb), after in moves.items()]
    return "\n".join(["stateDiagram-v2", *lines]) + "\n"
