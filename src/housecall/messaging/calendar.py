"""The calendar file of an e-mail: one event, in iCalendar.

Times are written in UTC: a visit is one instant, and every calendar shows it in its own owner's zone, right on
both sides of a change of the clocks.

Source: RFC 5545 (sections 3.1 folding, 3.3.11 escaping, 3.6.1 events), RFC 5546 (methods REQUEST and CANCEL).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from housecall.messaging.providers.base import CalendarFile

# RFC 5545 section 3.1: no line is longer than 75 octets, without its line break.
_LONGEST_LINE: Final = 75


@dataclass(frozen=True)
class Event:
    """A visit as calendars know it: ``uid`` never changes, ``sequence`` grows with every change."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Wording:
    """What the event says, and who invites whom; ``link`` is empty where there is none any more."""

    title: str
    description: str
    link: str
    organizer: str
    organizer_name: str
    attendee: str


def calendar_file(event: Event, wording: Wording, *, is_cancelled: bool, now: datetime) -> CalendarFile:
    """The event as a file that puts it into the reader's calendar, moves it there, or takes it out."""
    method = "CANCEL" if is_cancelled else "REQUEST"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Housecall//Video visits//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{_text(event.uid)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(event.starts_at)}",
        f"DTEND:{_utc(event.ends_at)}",
        f"SUMMARY:{_text(wording.title)}",
        f"DESCRIPTION:{_text(wording.description)}",
        f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
        f"ORGANIZER;CN={_parameter(wording.organizer_name)}:mailto:{_address(wording.organizer)}",
        # Nobody reads an answer to this: the patient's own calendar is all that it is for.
        f"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE:mailto:{_address(wording.attendee)}",
        "CLASS:PRIVATE",
        *([f"LOCATION:{_text(wording.link)}", f"URL:{_uri(wording.link)}"] if wording.link else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return CalendarFile(method, "".join(f"{_folded(line)}\r\n" for line in lines))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """A TEXT value: backslash, semicolon, comma and line breaks are escaped, other controls are left out."""
    kept = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(sign for sign in kept if sign == "\n" or not _is_control(sign))
    for sign, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        kept = kept.replace(sign, escaped)
    return kept


def _parameter(value: str) -> str:
    """A quoted parameter: it may hold anything but quotes and controls."""
    return '"' + "".join("'" if sign == '"' else sign for sign in value if not _is_control(sign)) + '"'


def _uri(value: str) -> str:
    return "".join(sign for sign in value if not _is_control(sign) and sign != " ")


def _address(value: str) -> str:
    return "".join(sign for sign in value if not _is_control(sign) and sign not in ' <>",;')


def _is_control(sign: str) -> bool:
    return ord(sign) < 0x20 or 0x7F <= ord(sign) <= 0x9F


def _folded(line: str) -> str:
    """The line cut into pieces of at most 75 octets; those after the first begin with a space.

    Never within a character: a reader that puts octets together may be more careless than one that does not.
    """
    pieces, piece, room = [], "", _LONGEST_LINE
    for sign in line:
        size = len(sign.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", _LONGEST_LINE - 1
        piece, room = piece + sign, room - size
    return "\r\n ".join([*pieces, piece])
