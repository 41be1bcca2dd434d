"""Twilio's states and error codes in our words: one row a code, and an unknown one is loud.

Source: Twilio's error and warning dictionary; message status values of the Message resource.
"""

import logging
from typing import Final

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import Trouble

log = logging.getLogger(__name__)

STATES: Final = {
    "accepted": MessageState.accepted,
    "scheduled": MessageState.accepted,
    "queued": MessageState.accepted,
    "sending": MessageState.accepted,
    "sent": MessageState.accepted,
    "partially_delivered": MessageState.accepted,
    "delivered": MessageState.delivered,
    "read": MessageState.delivered,
    "undelivered": MessageState.failed,
    "failed": MessageState.failed,
    "canceled": MessageState.failed,
}

# Why one person's text did not go or arrive.
REASONS: Final = {
    21211: FailReason.invalid_number,
    21217: FailReason.invalid_number,
    21401: FailReason.invalid_number,
    21421: FailReason.invalid_number,
    21610: FailReason.opted_out,
    21612: FailReason.unreachable,
    21614: FailReason.landline,
    21635: FailReason.landline,
    30001: FailReason.other,
    30003: FailReason.unreachable,
    30004: FailReason.recipient_blocked,
    30005: FailReason.unknown_number,
    30006: FailReason.landline,
    30007: FailReason.spam_detected,
    30008: FailReason.other,
    30009: FailReason.other,
    30010: FailReason.other,
    30017: FailReason.unreachable,
    30018: FailReason.blocked_number,
    30022: FailReason.other,
    30023: FailReason.other,
    30024: FailReason.unreachable,
    30036: FailReason.unreachable,
    30038: FailReason.spam_detected,
    30044: FailReason.other,
    30410: FailReason.unreachable,
    30440: FailReason.other,
    30450: FailReason.blocked_number,
    30453: FailReason.blocked_number,
    30454: FailReason.spam_detected,
    30485: FailReason.blocked_number,
    30500: FailReason.other,
}

# What only the administrator can mend: the text waits. In a receipt it is too late for that, and it has failed.
TROUBLES: Final = {
    20003: Trouble.key_refused,
    20005: Trouble.key_refused,
    20008: Trouble.key_refused,
    20403: Trouble.key_refused,
    20404: Trouble.address_wrong,
    21212: Trouble.sender_not_ours,
    21408: Trouble.country_not_allowed,
    21603: Trouble.sender_not_ours,
    21606: Trouble.sender_not_ours,
    21659: Trouble.sender_not_ours,
    21660: Trouble.sender_not_ours,
    21705: Trouble.sender_not_ours,
    30002: Trouble.key_refused,
    30032: Trouble.sender_not_verified,
    30034: Trouble.sender_not_verified,
    63038: Trouble.out_of_credit,
}

# Too much at once: the same text later.
WAITS: Final = frozenset({20429, 14107, 21611, 30022})


def read_state(word: str) -> MessageState:
    """Our state for Twilio's word; an unknown one is logged and counts as accepted: Twilio has the text."""
    state = STATES.get(word.strip().lower())
    if state is None:
        log.error("Twilio used a status that is not in our table.")
        return MessageState.accepted
    return state


def read_reason(code: int | None) -> FailReason:
    """Our reason for Twilio's error code; an unknown one is logged and becomes ``other``."""
    reason = REASONS.get(code or 0)
    if reason is None and code in TROUBLES:
        log.error("Twilio did not deliver because of our account.", extra={"code": code})
        return FailReason.other
    if reason is None:
        log.error("Twilio gave an error code that is not in our table.", extra={"code": code})
        return FailReason.other
    return reason
