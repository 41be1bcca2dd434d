"""The front desk: booking, moving, cancelling, whoever asks (a page, a program, the seed)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.sandbox.booking import STATUSES, Appointment
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.people import Patient
from housecall.sandbox.seed.newcomers import make_patient
from housecall.sandbox.world import World

# Wider than a day in any time zone: whoever reads a patient's day, or the hours around a visit, finds one.
APART: Final = timedelta(hours=24)
FURTHEST_YEARS: Final = 2


@dataclass
class Wish:
    """What is asked for when booking."""

    start: datetime
    minutes: int
    patient: str
    practitioner: str
    location: str
    is_video: bool = True
    service: str | None = None
    reason: str = "Follow-up"
    status: str = "booked"
    is_sensitive: bool = False


def book(world: World, wish: Wish) -> Appointment:
    """The appointment stands in the book, with an encounter of its own."""
    world.patient(wish.patient), world.practitioner(wish.practitioner), world.location(wish.location)
    if wish.status not in STATUSES:
        raise RequestRefused(f"A status is one of {', '.join(STATUSES)}.")
    if not 1 <= wish.minutes <= 24 * 60:
        raise RequestRefused("An appointment lasts from 1 minute to a day.")
    appointment = Appointment(
        id=world.new_id(),
        encounter=world.new_id(),
        patient=wish.patient,
        practitioner=wish.practitioner,
        location=wish.location,
        start=wish.start,
        minutes=wish.minutes,
        changed=world.clock.now(),
        is_video=wish.is_video,
        is_sensitive=wish.is_sensitive,
        service=wish.service or ("Video Visit" if wish.is_video else "Office Visit"),
        reason=wish.reason,
        status=wish.status,
    )
    world.add_appointment(appointment)
    world.tell(appointment, "booked")
    return appointment


def move(world: World, appointment: Appointment, start: datetime) -> None:
    """The appointment is at another time, as a new version."""
    appointment.start = start
    appointment.change(world.clock.now())
    world.touch()
    world.tell(appointment, "moved")


def set_status(world: World, appointment: Appointment, status: str, *, why: str | None = None) -> None:
    """The appointment has the status, as a new version; the desk may do what a PATCH may not."""
    if status not in STATUSES:
        raise RequestRefused(f"A status is one of {', '.join(STATUSES)}.")
    appointment.status = status
    appointment.cancel_reason = why if status == "cancelled" else None
    appointment.change(world.clock.now())
    world.touch()
    world.tell(appointment, "changed")


def usual_place(world: World, *, is_video: bool) -> str:
    """Where a visit is booked unless somebody says: virtual care, or the main clinic."""
    return list(world.record.locations)[1 if is_video else 0]


def free_patient(world: World, start: datetime) -> Patient:
    """A patient whom a text in English reaches and who has no other visit that day; made new if need be."""
    for patient in world.record.patients.values():
        if not _is_expected(world, patient.id, start) and patient.is_plain:
            return patient
    return make_patient(world)


def _is_expected(world: World, patient_id: str, start: datetime) -> bool:
    """Whether the patient has a visit within a day of ``start`` that stands or has stood."""
    return any(
        abs(each.start - start) <= APART and each.status not in ("cancelled", "entered-in-error")
        for each in world.visits_of(patient_id)
    )
