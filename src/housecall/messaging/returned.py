"""Returned mail: what a delivery status notification says of an e-mail of ours, and the address it comes back to.

The address holds our message's id and nothing of the patient. Anybody may write to it, so nothing is believed but
that id and a status code, and no part of a notification is kept or logged.

Source: RFC 3464 (notifications), RFC 3461 (envelope ids), RFC 3463 (status codes).
"""

import email
import logging
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mail
from typing import Final

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.mail_words import read_reason

log = logging.getLogger(__name__)

# A notification with the returned headers has a few kilobytes; what is longer is cut off there and read no further.
LARGEST: Final = 256 * 1024
# With the plus, the id and the domain an address stays within what RFC 5321 allows before the @: 64 octets.
LONGEST_LOCAL: Final = 31

_ID: Final = r"([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})"
_WHOLE_ID: Final = re.compile(_ID, re.IGNORECASE)
_RETURNED_ID: Final = re.compile(rf"^message-id:\s*<{_ID}@", re.IGNORECASE | re.MULTILINE)
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
# Where servers write whom the envelope was for.
_ENVELOPE: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_MOST_RECIPIENTS: Final = 10


@dataclass(frozen=True)
class Returned:
    """Our message's id, and how far it came: failed, still tried (accepted, with a reason), or delivered."""

    reference: str
    state: MessageState
    reason: FailReason | None = None


def return_address(returns_to: str, reference: str) -> str:
    """Where a notification on this message comes back to: the address, with the message's id after a plus."""
    local, _, domain = returns_to.rpartition("@")
    return f"{local}+{reference.replace('-', '')}@{domain}"


def read_returned(content: bytes, *, returns_to: str) -> Returned | None:
    """What the notification says of a message of ours, None when it is none or says nothing."""
    try:
        return _read(email.message_from_bytes(content[:LARGEST]), returns_to)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # The library's reader gives up on some malformed mail in these ways.
        log.warning("A returned mail could not be read.")
        return None


def _read(mail: Mail, returns_to: str) -> Returned | None:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    parts = [part for part in mail.get_payload() if isinstance(part, Mail)]
    report = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    blocks = report.get_payload() if report is not None else None
    if not isinstance(blocks, list):
        return None
    fields = [block for block in blocks if isinstance(block, Mail)][: _MOST_RECIPIENTS + 1]
    reference = next(_references(mail, parts, fields, returns_to), None)
    if reference is None:
        return None
    verdicts = [verdict for block in fields if (verdict := _verdict(block)) is not None]
    if not verdicts:
        log.error("A returned mail of ours has an action that is not in our table.")
        return None
    # Ours go to one person each; where that one's server passed it on, the worst is what counts.
    state, reason = next((one for one in verdicts if one[0] is MessageState.failed), verdicts[0])
    return Returned(reference, state, reason)


def _references(mail: Mail, parts: list[Mail], fields: list[Mail], returns_to: str) -> Iterator[str]:
    """Ids it may be about, the surest first: the envelope's, the address's, the returned headers'."""
    for block in fields:
        if found := _WHOLE_ID.fullmatch(_word(block, "Original-Envelope-Id")):
            yield _canonical(found[1])
    local, _, domain = returns_to.rpartition("@")
    address = re.compile(
        rf"(?<![\w.+-]){re.escape(local)}\+{_ID}@{re.escape(domain)}(?![\w.-])", re.IGNORECASE
    )
    for name in _ENVELOPE:
        for value in mail.get_all(name) or []:
            if found := address.search(str(value)):
                yield _canonical(found[1])
    for part in parts:
        if found := _RETURNED_ID.search(_returned_headers(part)):
            yield _canonical(found[1])


def _returned_headers(part: Mail) -> str:
    payload = part.get_payload()
    match part.get_content_type():
        case "message/rfc822" if isinstance(payload, list) and payload and isinstance(payload[0], Mail):
            return f"Message-ID: {_word(payload[0], 'Message-ID')}"
        case "text/rfc822-headers" if isinstance(payload, str):
            return payload
        case _:
            return ""


def _verdict(block: Mail) -> tuple[MessageState, FailReason | None] | None:
    status = _status(block)
    match _word(block, "Action").lower():
        case "failed":
            return MessageState.failed, read_reason(status)
        case "delayed":
            return MessageState.accepted, read_reason(status)
        case "delivered":
            return MessageState.delivered, None
        case "relayed" | "expanded":
            # A server that tells nothing more has taken it.
            return MessageState.accepted, None
        case _:
            return None


def _status(block: Mail) -> str:
    """The most exact code: the field's own, or the one in what the other server said where that one is vague."""
    told = _STATUS.match(_word(block, "Status"))
    said = _STATUS.search(_word(block, "Diagnostic-Code"))
    if said and (told is None or told[0].endswith(".0")):
        return said[0]
    return told[0] if told else ""


def _word(block: Mail, name: str) -> str:
    return str(block.get(name) or "").strip()


def _canonical(found: str) -> str:
    return str(uuid.UUID(found))
