"""What an SIU message says of an appointment; nothing of whom it is for is read.

Source: HL7 version 2.5.1, chapter 10; table 0278 for the filler's status.
"""

import hashlib
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from housecall.ehr.base import AppointmentRef, AppointmentStatus, LocationRef, PractitionerRef
from housecall.ehr.errors import AppointmentUnnamed, MessageNotSiu, MessageUnreadable
from housecall.ehr.fields import Record, record_id
from housecall.ehr.hl7.message import Message, Segment
from housecall.ehr.hl7.times import read_duration, read_time
from housecall.ehr.virtual import is_virtual

log = logging.getLogger(__name__)

_S = AppointmentStatus

# What the event alone says. None: the status is as the message says, or stays as it was.
EVENTS: Final[dict[str, AppointmentStatus | None]] = {
    "S12": _S.booked,
    "S13": _S.booked,
    "S14": None,
    "S15": _S.cancelled,
    "S16": _S.cancelled,
    "S17": _S.entered_in_error,
    "S18": None,
    "S19": None,
    "S20": None,
    "S21": None,
    "S22": None,
    "S23": None,
    "S24": None,
    "S26": _S.noshow,
}
# Blocked and opened slots: no appointment.
IGNORED: Final = frozenset({"S23", "S24"})
# Resources added, changed, taken away: they tell of the resource, not of the whole appointment.
RESOURCE_EVENTS: Final = frozenset({"S18", "S19", "S20", "S21", "S22"})
_SETTLED: Final = frozenset({"S15", "S16", "S17", "S26"})

# Table 0278, in capitals without blanks, and what senders write instead.
STATUSES: Final = {
    "PENDING": _S.pending,
    "WAITLIST": _S.waitlist,
    "BOOKED": _S.booked,
    "SCHEDULED": _S.booked,
    "CONFIRMED": _S.booked,
    "OVERBOOK": _S.booked,
    "STARTED": _S.arrived,
    "ARRIVED": _S.arrived,
    "CHECKEDIN": _S.checked_in,
    "COMPLETE": _S.fulfilled,
    "COMPLETED": _S.fulfilled,
    "CANCELLED": _S.cancelled,
    "CANCELED": _S.cancelled,
    "DC": _S.cancelled,
    "DELETED": _S.entered_in_error,
    "BLOCKED": _S.unknown,
    "NOSHOW": _S.noshow,
}
_MOST_ACTORS: Final = 50


class IdFrom(StrEnum):
    """Which field holds the id that the appointment has in FHIR."""

    filler = "filler"
    placer = "placer"


@dataclass(frozen=True)
class Reading:
    """The connection's rules of reading."""

    zone: ZoneInfo
    id_from: IdFrom = IdFrom.filler
    strip: str = ""
    """What stands before the FHIR id in that field, if anything does."""


@dataclass(frozen=True)
class ScheduleMessage:
    """One SIU message, as far as it is read."""

    key: str
    """Equal for a message and its repetition only."""
    event: str
    at: datetime
    """When it was made (MSH-7): the order of messages about an appointment."""
    ref: AppointmentRef | None
    """None only for blocked and opened slots."""
    status: AppointmentStatus | None
    """None: as it was."""
    start: datetime | None
    end: datetime | None
    practitioners: tuple[PractitionerRef, ...]
    locations: tuple[LocationRef, ...]
    services: Record = field(repr=False)
    """Service and locations in the shape that the rules for video visits look at."""

    def is_virtual(self, rules: tuple[str, ...]) -> bool:
        """Whether it tells of a video visit, by the connection's rules."""
        return is_virtual(self.services, rules)

    def tells_its_kind(self, rules: tuple[str, ...]) -> bool:
        """Whether it says anything that these rules could go by; a partial message may not."""
        by_place = any(rule.startswith("location:") for rule in rules)
        return bool(self.services["serviceType"]) or (by_place and bool(self.locations))


def read_siu(message: Message, reading: Reading, *, now: datetime) -> ScheduleMessage:
    """What the message says; raises MessageNotSiu, MessageUnreadable or AppointmentUnnamed."""
    header = message.header
    if header.kind != "SIU" or header.event not in EVENTS:
        raise MessageNotSiu
    at = read_time(message.first("MSH").part(7), reading.zone, near=now)
    if at is None:
        raise MessageUnreadable
    ref = _appointment_id(message.first("SCH"), reading)
    if ref is None and header.event not in IGNORED:
        raise AppointmentUnnamed
    start, end = _times(message, reading.zone)
    places = tuple(LocationRef(one) for one in _actors(message, "AIL", (1, 4)))
    return ScheduleMessage(
        key=_key(message, ref),
        event=header.event,
        at=at,
        ref=ref,
        status=_status(message.first("SCH"), header.event),
        start=start,
        end=end,
        practitioners=tuple(PractitionerRef(one) for one in _actors(message, "AIP", (1,))),
        locations=places,
        services=_services(message, places),
    )


def _key(message: Message, ref: AppointmentRef | None) -> str:
    """Sending facility and control id, as one hash.

    Event and appointment are in it as well: some senders count their control ids from 1 again each day, and
    another message under a number known must never be taken for a repetition.
    """
    header = message.header
    parts = (header.sender[1], header.control_id, header.event, ref or "")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _appointment_id(sch: Segment, reading: Reading) -> AppointmentRef | None:
    said = sch.part(2 if reading.id_from is IdFrom.filler else 1)
    ref = record_id(said.removeprefix(reading.strip))
    return AppointmentRef(ref) if ref else None


def _status(sch: Segment, event: str) -> AppointmentStatus | None:
    if event in _SETTLED:
        return EVENTS[event]
    said = [re.sub(r"[\W_]", "", sch.part(25, component)).upper() for component in (1, 2)]
    if not any(said):
        return EVENTS[event]
    known = next((STATUSES[word] for word in said if word in STATUSES), None)
    if known is None:
        log.warning("An SIU message has a status that is not in the table.", extra={"hl7_event": event})
    return known or EVENTS[event]


def _times(message: Message, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Start and end: from SCH-11, from TQ1 since version 2.5, or from the first service."""
    sch, timing, service = message.first("SCH"), message.first("TQ1"), message.first("AIS")
    starts = (sch.part(11, 4), timing.part(7), service.part(4))
    start = next((found for said in starts if (found := read_time(said, zone))), None)
    if start is None:
        return None, None
    ends = (sch.part(11, 5), timing.part(8))
    end = next((found for said in ends if (found := read_time(said, zone)) and found > start), None)
    return start, end or _plus(start, _length(sch, service))


def _length(sch: Segment, service: Segment) -> timedelta | None:
    return read_duration(sch.part(9), sch.part(10)) or read_duration(service.part(7), service.part(8))


def _plus(start: datetime, length: timedelta | None) -> datetime | None:
    try:
        return start + length if length else None
    except OverflowError:
        return None


def _actors(message: Message, name: str, components: tuple[int, ...]) -> list[str]:
    """The ids in the third field of each such segment, those left out that are being taken away."""
    found: list[str] = []
    for segment in message.every(name)[:_MOST_ACTORS]:
        said = (record_id(segment.part(3, component)) for component in components)
        ref = next((one for one in said if one), None)
        if ref and ref not in found and segment.part(2) != "D":
            found.append(ref)
    return found


def _services(message: Message, places: tuple[LocationRef, ...]) -> Record:
    """Services and places as a FHIR appointment has them, so that one set of rules holds for both feeds."""
    sch = message.first("SCH")
    concepts = [_concept(sch, 8), *(_concept(one, 3) for one in message.every("AIS") if one.part(2) != "D")]
    return {
        "serviceType": [concept for concept in concepts if concept["coding"]],
        "participant": [{"actor": {"reference": f"Location/{place}"}} for place in places],
    }


def _concept(segment: Segment, number: int) -> Record:
    # Code and text, and the same in another system.
    pairs = [(segment.part(number, at), segment.part(number, at + 1)) for at in (1, 4)]
    return {"coding": [{"code": code, "display": text or code} for code, text in pairs if code or text]}
