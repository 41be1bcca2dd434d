"""What can be wrong with launches, links and visits.

HousecallError
└── VisitError
    ├── VisitUnknown
    ├── VisitOver
    ├── IllegalVisitMove
    ├── IllegalParticipantMove
    ├── RestartTooLate
    ├── AppointmentWithoutStart
    ├── WordUnknown
    ├── SeatUnknown
    ├── LinkDead
    ├── LinkLost
    ├── NotAdmitted
    ├── RoomFull
    ├── LaunchUnknown
    ├── LaunchUsed
    ├── LaunchForeign
    ├── LaunchDenied
    ├── NumberInvalid
    └── HandoverDead
"""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class VisitError(HousecallError):
    """Root of what can be wrong with visits."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "visits.invalid"


class VisitUnknown(VisitError):
    """There is no such visit here."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.visit_unknown"


class VisitOver(VisitError):
    """This visit is over."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.visit_over"


class IllegalVisitMove(VisitError):
    """The visit cannot do this in its present state."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.illegal_visit_move"


class IllegalParticipantMove(VisitError):
    """The person cannot do this, or have this done, where they are now."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.illegal_participant_move"


class RestartTooLate(VisitError):
    """This visit can no longer be started again; its time is past."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.restart_too_late"


class AppointmentWithoutStart(VisitError):
    """This appointment has no start; there can be no visit on it."""

    code: ClassVar[str] = "visits.appointment_without_start"


class WordUnknown(VisitError):
    """There is no such message for people who wait."""

    code: ClassVar[str] = "visits.word_unknown"


class SeatUnknown(VisitError):
    """This link leads nowhere."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.seat_unknown"


class LinkDead(VisitError):
    """This link is no longer good: the visit was moved, cancelled or is over."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.link_dead"


class LinkLost(VisitError):
    """This link was made under a master key that is no longer listed; it cannot be made again."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "visits.link_lost"


class NotAdmitted(VisitError):
    """Only those who were admitted can enter the room."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "visits.not_admitted"


class RoomFull(VisitError):
    """No more people fit into this room."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.room_full"


class LaunchUnknown(VisitError):
    """This launch is not known here or took over ten minutes. Open Housecall from the chart again."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "visits.launch_unknown"


class LaunchUsed(VisitError):
    """This launch was used already. Open Housecall from the chart again."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.launch_used"


class LaunchForeign(VisitError):
    """This launch was begun in another browser. Open Housecall from the chart again."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "visits.launch_foreign"


class LaunchDenied(VisitError):
    """The EHR did not allow this launch."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "visits.launch_denied"


class NumberInvalid(VisitError):
    """This is not a mobile number that can be texted; write it with its country code, as in +1 555 010 0100."""

    code: ClassVar[str] = "visits.number_invalid"


class HandoverDead(VisitError):
    """This address works once and for two minutes. Make a new one in the panel."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.handover_dead"
