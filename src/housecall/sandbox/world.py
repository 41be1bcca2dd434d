"""Everything the make-believe hospital remembers, and how it survives a restart."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter

from housecall.kit.clock import Clock
from housecall.sandbox.booking import OVER, Appointment
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.keeping import Notebook
from housecall.sandbox.options import CLINIC_ZONE
from housecall.sandbox.people import Location, Patient, Practitioner

# Ids begin from the clock, a hundred for each second, so that none repeats even if a snapshot is lost.
_IDS_SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)
_FILE: Final = "sandbox.json"
T = TypeVar("T")


@dataclass
class Text:
    """One text: sent by the gateway to a phone, or written on a phone as a reply."""

    id: str
    sender: str
    to: str
    body: str
    at: datetime
    reference: str | None = None
    is_reply: bool = False
    status: str = "accepted"  # accepted, delivered, failed
    reason: str | None = None
    posts: int = 1  # how many times the gateway was asked to send it; it is sent once
    is_told: bool = False  # whether Housecall took the receipt, or no receipt is to come


@dataclass
class Mail:
    """One letter in the mailbox."""

    id: str
    sender: str
    to: str
    subject: str
    body: str
    at: datetime
    html: str = ""
    calendar: str = ""
    message_id: str = ""


@dataclass
class Number:
    """A number asked of the provider."""

    id: str
    ready_at: datetime
    number: str
    will_fail: bool = False
    is_released: bool = False
    reference: str = ""


@dataclass
class Note:
    """A document written to the chart."""

    id: str
    patient: str
    author: str | None
    encounter: str
    title: str
    media: str
    body: str
    at: datetime
    resource: dict[str, object] = field(default_factory=dict)


@dataclass
class Record:
    """What is written to disk."""

    next_id: int = 0
    patients: dict[str, Patient] = field(default_factory=dict)
    practitioners: dict[str, Practitioner] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    appointments: dict[str, Appointment] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    numbers: dict[str, Number] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)


_RECORD: Final = TypeAdapter(Record)


class World:
    """Owns the record; gives out ids that never repeat; writes itself down when told."""

    def __init__(self, clock: Clock, data_dir: Path | None = None) -> None:
        self.clock = clock
        self._notebook = Notebook(data_dir, _FILE, _RECORD)
        self.record = self._notebook.read() or Record()
        since_start = (clock.now() - _IDS_SINCE) / timedelta(seconds=1)
        self.record.next_id = max(self.record.next_id + 1000, int(since_start * 100))
        self.changed = asyncio.Event()
        # Who wishes to hear what the desk does: an appointment, and booked, moved or changed.
        self.tell: Callable[[Appointment, str], None] = lambda visit, deed: None
        # Found by reading the record once, so that booking thousands is no crawl.
        self.numbers: set[str] = set()
        self._by_patient: dict[str, list[Appointment]] = {}
        for patient in self.record.patients.values():
            self.numbers |= {phone.number for phone in patient.phones}
        for appointment in self.record.appointments.values():
            self._by_patient.setdefault(appointment.patient, []).append(appointment)

    def new_id(self) -> str:
        """A number never given before."""
        self.record.next_id += 1
        self.touch()
        return str(self.record.next_id)

    def add_patient(self, patient: Patient) -> None:
        """The patient is registered."""
        self.record.patients[patient.id] = patient
        self.numbers |= {phone.number for phone in patient.phones}
        self.touch()

    def add_appointment(self, appointment: Appointment) -> None:
        """The appointment stands in the book."""
        self.record.appointments[appointment.id] = appointment
        self._by_patient.setdefault(appointment.patient, []).append(appointment)
        self.touch()

    def touch(self) -> None:
        """Something changed: the next save has work."""
        self.changed.set()

    def save(self) -> None:
        """The record on disk is what it is in memory."""
        self.changed.clear()
        self._notebook.write(self.record)

    def patient(self, patient_id: str) -> Patient:
        """The patient; raises RequestRefused if there is none."""
        return _found(self.record.patients, patient_id, "patient")

    def practitioner(self, practitioner_id: str) -> Practitioner:
        """The clinician; raises RequestRefused if there is none."""
        return _found(self.record.practitioners, practitioner_id, "practitioner")

    def appointment(self, appointment_id: str) -> Appointment:
        """The appointment; raises RequestRefused if there is none."""
        return _found(self.record.appointments, appointment_id, "appointment")

    def location(self, location_id: str) -> Location:
        """The location; raises RequestRefused if there is none."""
        return _found(self.record.locations, location_id, "location")

    def visits_of(self, patient_id: str) -> Sequence[Appointment]:
        """A patient's appointments, in the order of their booking."""
        return self._by_patient.get(patient_id, ())

    def list_of_patient(self, patient_id: str) -> list[Appointment]:
        """A patient's appointments, earliest first."""
        return sorted(self.visits_of(patient_id), key=lambda each: each.start)

    def list_of_day(self, day: date) -> list[Appointment]:
        """Appointments on a day of the clinic, earliest first."""
        begin, end = day_bounds(day)
        found = [each for each in self.record.appointments.values() if begin <= each.start < end]
        return sorted(found, key=lambda each: (each.start, each.id))

    def find_next_of_patient(self, patient_id: str) -> Appointment | None:
        """The patient's appointment nearest to now that still stands, else the last one."""
        own = self.list_of_patient(patient_id)
        standing = [each for each in own if each.status not in OVER]
        now = self.clock.now()
        return min(standing or own, key=lambda each: abs(each.start - now), default=None)


def local_day(moment: datetime) -> date:
    """The day it is at the clinic."""
    return moment.astimezone(CLINIC_ZONE).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of the clinic's day and of the next, in UTC."""
    begin = datetime.combine(day, time(), tzinfo=CLINIC_ZONE)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=CLINIC_ZONE)
    return begin.astimezone(UTC), end.astimezone(UTC)


def _found(shelf: dict[str, T], key: str, kind: str) -> T:
    try:
        return shelf[key]
    except KeyError:
        raise RequestRefused(f"There is no such {kind}.", status=404) from None
