"""Azure Communication Services' reports in our words: one row a code, and an unknown one is loud.

Source: Azure Communication Services, SMS error codes (the report's ``deliveryStatusDetails``).
"""

import logging
import re
from typing import Final

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import Trouble

log = logging.getLogger(__name__)

STATES: Final = {
    "delivered": MessageState.delivered,
    "sent": MessageState.accepted,
    "accepted": MessageState.accepted,
    "queued": MessageState.accepted,
    "failed": MessageState.failed,
    "expired": MessageState.failed,
    "rejected": MessageState.failed,
}

REASONS: Final = {
    4000: FailReason.spam_detected,
    4001: FailReason.other,
    4002: FailReason.invalid_number,
    4003: FailReason.invalid_number,
    4004: FailReason.unknown_number,
    4005: FailReason.blocked_number,
    4006: FailReason.unreachable,
    4007: FailReason.opted_out,
    4008: FailReason.other,
    4009: FailReason.spam_detected,
    4010: FailReason.other,
    4020: FailReason.spam_detected,
    5000: FailReason.other,
    5001: FailReason.other,
    9999: FailReason.other,
}

# The carrier does not report: the text is most likely there, and we say no more than that it was taken.
NOT_TOLD: Final = frozenset({5002})

# What a result for one recipient says, by its HTTP status.
RESULTS: Final = {
    400: FailReason.invalid_number,
    409: FailReason.opted_out,
}

TROUBLES: Final = {
    401: Trouble.key_refused,
    402: Trouble.out_of_credit,
    403: Trouble.sender_not_ours,
    404: Trouble.sender_not_ours,
}

_CODE: Final = re.compile(r"\b([2459]\d{3})\b")


def read_report(status: str, details: str) -> tuple[MessageState, FailReason | None]:
    """Our state and reason for a delivery report; what is unknown in it is logged.

    An unknown status counts as accepted, since the service has the text; an unknown code becomes ``other``.
    """
    state = STATES.get(status.strip().lower())
    if state is None:
        log.error("Azure used a delivery status that is not in our table.")
        return MessageState.accepted, None
    if state is not MessageState.failed:
        return state, None
    found = _CODE.search(details)
    code = int(found.group(1)) if found else 0
    if code in NOT_TOLD:
        return MessageState.accepted, None
    if code not in REASONS:
        log.error("Azure gave an error code that is not in our table.", extra={"code": code})
    return state, REASONS.get(code, FailReason.other)
