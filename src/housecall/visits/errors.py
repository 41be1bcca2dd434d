"""What can be wrong with launches, links and visits.

HousecallError
└── VisitError
    ├── VisitUnknown
    ├── VisitOver
    ├── IllegalVisitMove
    ├── IllegalParticipantMove
    ├── RestartTooLate
    ├── AppointmentWithoutStart
    ├── AppointmentBehind
    ├── WordUnknown
    ├── SeatUnknown
    ├── GuestUnknown
    ├── TooManyGuests
    ├── GuestInvalid
    ├── ColleagueIsOneself
    ├── ColleagueNotAsked
    ├── TransferUnderWay
    ├── ChartMissing
    ├── LinkDead
    ├── LinkLost
    ├── NotAdmitted
    ├── RoomFull
    ├── LaunchUnknown
    ├── LaunchUsed
    ├── LaunchForeign
    ├── LaunchDenied
    ├── AppointmentForeign
    ├── NumberInvalid
    ├── MailAddressInvalid
    ├── AddressMissing
    ├── MessageUnknown
    ├── NotSentAgain
    ├── HandoverDead
    ├── SummaryTooEarly
    ├── SummaryFiled
    ├── SummaryUnderWay
    ├── SummaryUncertain
    └── EncounterMissing
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


class AppointmentBehind(VisitError):
    """The EHR does not show yet what its message told; it is read again."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "visits.appointment_behind"


class WordUnknown(VisitError):
    """There is no such message for people who wait."""

    code: ClassVar[str] = "visits.word_unknown"


class SeatUnknown(VisitError):
    """This link leads nowhere."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.seat_unknown"


class GuestUnknown(VisitError):
    """There is no such interpreter or relative in this visit; the link may have been withdrawn."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.guest_unknown"


class TooManyGuests(VisitError):
    """Six links for interpreters and relatives are enough for one visit. Withdraw one first."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.too_many_guests"


class GuestInvalid(VisitError):
    """A link is for an interpreter or for family, in a language by its code."""

    code: ClassVar[str] = "visits.guest_invalid"


class ColleagueIsOneself(VisitError):
    """You have this visit already. Choose a colleague."""

    code: ClassVar[str] = "visits.colleague_is_oneself"


class ColleagueNotAsked(VisitError):
    """The colleague is not asked any more: it was taken back, declined, or they are there already."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.colleague_not_asked"


class TransferUnderWay(VisitError):
    """The visit is being handed to somebody else. Take that back first."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.transfer_under_way"


class ChartMissing(VisitError):
    """A visit without an appointment is begun from the patient's chart. Open Housecall there."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.chart_missing"


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
    """Four people fit into this call, the patient and a clinician among them. Somebody must leave first."""

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

    def __init__(self, reason: str = "no_code") -> None:
        super().__init__()
        self.reason = reason


class AppointmentForeign(VisitError):
    """The EHR named an appointment of somebody else than the patient who launched."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "visits.appointment_foreign"


class CannotBeTexted(VisitError):
    """This patient cannot be texted."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.cannot_be_texted"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class NotWaiting(VisitError):
    """The patient is not waiting now."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.not_waiting"


class NamesNotShown(VisitError):
    """Names come from the EHR alone, and this visit was opened without it."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "visits.names_not_shown"


class CodeWrong(VisitError):
    """This code is not right, or it is too old. Ask the clinic for a new one."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.code_wrong"


class AnswerInvalid(VisitError):
    """This is not one of the answers."""

    code: ClassVar[str] = "visits.answer_invalid"


class SurveyClosed(VisitError):
    """There is nothing to answer: the visit has not ended, or it was answered already."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.survey_closed"


class NumberInvalid(VisitError):
    """This is not a mobile number that can be texted; write it with its country code, as in +1 555 010 0100."""

    code: ClassVar[str] = "visits.number_invalid"


class MailAddressInvalid(VisitError):
    """This is not an e-mail address that can be written to; it looks like name@example.org."""

    code: ClassVar[str] = "visits.mail_address_invalid"


class AddressMissing(VisitError):
    """Nobody has said where to send this link: type a mobile number or an e-mail address."""

    code: ClassVar[str] = "visits.address_missing"


class MessageUnknown(VisitError):
    """There is no such message of this visit."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.message_unknown"


class NotSentAgain(VisitError):
    """This message cannot be sent again: it arrived, nobody needs it any more, or it went to what was typed in."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.not_sent_again"


class HandoverDead(VisitError):
    """This address works once and for two minutes. Make a new one in the panel."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "visits.handover_dead"


class SummaryTooEarly(VisitError):
    """There is a summary once the visit has ended."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.summary_too_early"


class SummaryFiled(VisitError):
    """The summary is in the chart already."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.summary_filed"


class SummaryUnderWay(VisitError):
    """The summary is being filed at this moment. Look in the chart's documents."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.summary_under_way"


class SummaryUncertain(VisitError):
    """The EHR did not say whether it took the summary. Press again: the chart is looked at first."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "visits.summary_uncertain"


class EncounterMissing(VisitError):
    """The chart was opened without an encounter, so nothing can be filed in it."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.encounter_missing"


class MeetingIsElsewhere(VisitError):
    """This visit is held with another meeting service; do this there."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.meeting_is_elsewhere"


class MeetingIsHere(VisitError):
    """This visit is held in a room of Housecall's own."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "visits.meeting_is_here"
