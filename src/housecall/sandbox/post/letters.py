"""What a mail server reads in a message: whether it is well-formed, and what its reader sees."""

import email
import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import default as readable
from typing import Final

from housecall.kit.ids import short_id
from housecall.sandbox.world import Mail

# RFC 5321 section 4.5.3.1.6, without the line break.
_LONGEST_LINE: Final = 998
_ONCE: Final = ("From", "Date", "Message-ID", "Subject", "To")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")


class LetterRefused(Exception):
    """The message is not one that real servers take; the text is an SMTP answer."""


def check(content: bytes) -> EmailMessage:
    """The message read; raises LetterRefused where large providers refuse."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
        raise LetterRefused("550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; lines end with CR LF")
    if any(len(line) > _LONGEST_LINE for line in content.split(b"\r\n")):
        raise LetterRefused("550 5.6.0 Line too long")
    head = content.partition(b"\r\n\r\n")[0]
    if not head.isascii():
        raise LetterRefused("550 5.6.7 Headers must be ASCII; SMTPUTF8 was not asked for")
    message = email.message_from_bytes(content, policy=readable)
    for name in _ONCE:
        if len(message.get_all(name, [])) != 1:
            raise LetterRefused(f"550 5.7.1 Message must have exactly one {name} header")
    if not _MESSAGE_ID.fullmatch(str(message["Message-ID"]).strip()):
        raise LetterRefused("550 5.7.1 Messages missing a valid Message-ID header are not accepted")
    if any(part.defects for part in message.walk()):
        raise LetterRefused("550 5.6.0 Message is not well-formed")
    return message


def letter(message: EmailMessage, *, to: str, at: datetime) -> Mail:
    """The letter as the mailbox keeps it."""
    return Mail(
        id=short_id("m"),
        sender=str(message["From"]),
        to=to,
        subject=str(message["Subject"]),
        body=_part(message, "text/plain").replace("\r\n", "\n"),
        at=at,
        html=_part(message, "text/html").replace("\r\n", "\n"),
        calendar=_part(message, "text/calendar"),
        message_id=str(message["Message-ID"]).strip(),
    )


def _part(message: EmailMessage, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == kind and not part.is_attachment():
            return str(part.get_content())
    return ""
