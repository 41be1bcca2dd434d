"""Values and states of a message: words and pure rules, no input or output."""

from enum import StrEnum
from typing import Final

from housecall.messaging.errors import IllegalMessageMove


class MessageState(StrEnum):
    """How far a message has come."""

    planned = "planned"
    queued = "queued"
    unknown = "unknown"
    accepted = "accepted"
    delivered = "delivered"
    failed = "failed"
    suppressed = "suppressed"


class MessageKind(StrEnum):
    """What a message is for."""

    confirmation = "confirmation"
    reminder = "reminder"
    changed = "changed"
    cancelled = "cancelled"
    link = "link"
    ready = "ready"
    # To interpreters and relatives.
    invitation = "invitation"
    invitation_changed = "invitation_changed"
    invitation_cancelled = "invitation_cancelled"
    help = "help"


class Channel(StrEnum):
    """What carries a message."""

    sms = "sms"
    email = "email"


class SuppressReason(StrEnum):
    """Why a message was not sent, decided by us."""

    no_consent = "no_consent"
    no_number = "no_number"
    no_mobile = "no_mobile"
    no_email = "no_email"
    goes_by_text = "goes_by_text"
    invalid_number = "invalid_number"
    merged = "merged"
    connection_not_working = "connection_not_working"
    department_not_live = "department_not_live"
    not_listed = "not_listed"
    opted_out = "opted_out"
    stopped = "stopped"
    deceased = "deceased"
    visit_over = "visit_over"
    visit_cancelled = "visit_cancelled"
    visit_moved = "visit_moved"
    too_late = "too_late"
    not_wanted = "not_wanted"
    address_expired = "address_expired"
    no_provider = "no_provider"


# To people besides the patient, of whom no EHR knows.
TO_GUESTS: Final = frozenset(
    {MessageKind.invitation, MessageKind.invitation_changed, MessageKind.invitation_cancelled}
)
# That the visit is off: the link in an earlier message is dead.
CANCELLATIONS: Final = frozenset({MessageKind.cancelled, MessageKind.invitation_cancelled})

# Not sent because it was not needed any more: nobody has to do anything.
NOT_NEEDED: Final = frozenset(
    {
        SuppressReason.visit_over,
        SuppressReason.visit_cancelled,
        SuppressReason.visit_moved,
        SuppressReason.too_late,
        SuppressReason.not_wanted,
        SuppressReason.goes_by_text,
    }
)


class FailReason(StrEnum):
    """Why a message did not reach the handset: nine reasons told by providers, and our own last one."""

    opted_out = "opted_out"
    invalid_number = "invalid_number"
    unknown_number = "unknown_number"
    blocked_number = "blocked_number"
    unreachable = "unreachable"
    spam_detected = "spam_detected"
    recipient_blocked = "recipient_blocked"
    landline = "landline"
    other = "other"
    provider_unavailable = "provider_unavailable"


_S = MessageState

# ``plan`` from suppressed: called off before it was ever claimed, and wanted again.
# ``hold``: as if it had not been taken up yet, because it is too early or the patient's quiet hours.
# ``deliver`` from queued or unknown: a receipt may come before the provider's answer is written.
# ``deliver`` from failed: the handset has it, so the order of receipts is no matter.
MOVES: Final = {
    (_S.planned, "queue"): _S.queued,
    (_S.planned, "suppress"): _S.suppressed,
    (_S.suppressed, "plan"): _S.planned,
    (_S.queued, "accept"): _S.accepted,
    (_S.queued, "fail"): _S.failed,
    (_S.queued, "suppress"): _S.suppressed,
    (_S.queued, "release"): _S.planned,
    (_S.queued, "hold"): _S.planned,
    (_S.queued, "lose_sight"): _S.unknown,
    (_S.queued, "deliver"): _S.delivered,
    (_S.unknown, "accept"): _S.accepted,
    (_S.unknown, "queue"): _S.queued,
    (_S.unknown, "fail"): _S.failed,
    (_S.unknown, "deliver"): _S.delivered,
    (_S.accepted, "deliver"): _S.delivered,
    (_S.accepted, "fail"): _S.failed,
    (_S.failed, "deliver"): _S.delivered,
}


def move(state: MessageState, verb: str) -> MessageState:
    """The state after ``verb``; raises IllegalMessageMove naming both."""
    try:
        return MOVES[state, verb]
    except KeyError:
        raise IllegalMessageMove(f"A message that is {state} cannot {verb.replace('_', ' ')}.") from None
