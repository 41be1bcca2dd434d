"""Enhanced status codes of mail servers in our words: one row a code, and an unknown one is loud.

Source: RFC 3463 and the IANA registry of enhanced status codes; what Exchange Online and Gmail mean by theirs.
"""

import logging
from collections.abc import Mapping
from typing import Final

from housecall.messaging.model import FailReason

log = logging.getLogger(__name__)

# By subject and detail: a 4 before it says that it may pass, a 5 that it will not.
REASONS: Final[Mapping[str, FailReason]] = {
    "0.0": FailReason.other,
    "1.0": FailReason.unknown_number,
    "1.1": FailReason.unknown_number,
    "1.2": FailReason.unknown_number,
    "1.3": FailReason.invalid_number,
    "1.6": FailReason.unknown_number,
    "1.8": FailReason.blocked_number,
    "1.10": FailReason.unknown_number,
    "2.0": FailReason.unreachable,
    "2.1": FailReason.unreachable,
    "2.2": FailReason.unreachable,
    "2.3": FailReason.other,
    "3.0": FailReason.unreachable,
    "3.2": FailReason.unreachable,
    "3.4": FailReason.other,
    "4.0": FailReason.unreachable,
    "4.1": FailReason.unreachable,
    "4.2": FailReason.unreachable,
    "4.4": FailReason.unknown_number,
    "4.6": FailReason.other,
    "4.7": FailReason.unreachable,
    "5.0": FailReason.other,
    "6.0": FailReason.other,
    "7.0": FailReason.spam_detected,
    "7.1": FailReason.spam_detected,
    "7.7": FailReason.blocked_number,
    "7.9": FailReason.blocked_number,
    "7.23": FailReason.blocked_number,
    "7.25": FailReason.blocked_number,
    "7.26": FailReason.blocked_number,
    "7.27": FailReason.blocked_number,
    "7.509": FailReason.blocked_number,
    "7.606": FailReason.blocked_number,
}


def read_reason(code: str) -> FailReason:
    """Our reason for a code like 5.1.1; an unknown one is logged and becomes ``other``."""
    _, _, rest = code.partition(".")
    if rest not in REASONS:
        log.warning("A mail server gave a code that is not in our table.", extra={"enhanced": code})
    return REASONS.get(rest, FailReason.other)
