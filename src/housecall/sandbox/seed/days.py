"""A day at the clinic: video visits around now, whatever the hour, and ordinary ones in opening hours."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.desk import APART, Wish, book, free_patient, usual_place
from housecall.sandbox.options import CLINIC_ZONE
from housecall.sandbox.people import Patient
from housecall.sandbox.seed.roster import LOCATIONS, PRACTITIONERS, seed_patients
from housecall.sandbox.world import World, local_day

_MINUTES: Final = 20
_OPENS: Final = time(8)
_CLOSES: Final = time(18)
# How far ahead a first video visit may be to be found "about ten minutes ahead".
_SOON: Final = (timedelta(minutes=4), timedelta(minutes=11))
_FIRST_IN: Final = timedelta(minutes=10)
_COMING: Final = timedelta(hours=2)


@dataclass(frozen=True)
class _Ordinary:
    """A visit in person, with the oddities of real records."""

    minutes: int  # from now
    patient: int
    clinician: int
    place: int
    service: str
    reason: str
    status: str
    oddities: tuple[str, ...] = ()


_ORDINARY: Final = (
    _Ordinary(-150, 4, 0, 0, "Office Visit", "Blood pressure check", "fulfilled"),
    _Ordinary(-95, 9, 3, 0, "Lab Draw", "Fasting labs", "fulfilled", ("display-only", "empty-comment")),
    _Ordinary(-40, 5, 1, 0, "Office Visit", "Knee pain", "checked-in", ("empty-comment",)),
    _Ordinary(35, 8, 2, 0, "Immunization", "Flu vaccine", "booked", ("display-only",)),
    _Ordinary(75, 10, 4, 2, "Office Visit", "Intake", "booked", ("empty-comment",)),
    _Ordinary(
        110, 11, 3, 0, "Minor Procedure", "Suture removal", "cancelled", ("uncoded-cancel", "empty-comment")
    ),
)
# Minutes from now, language, clinician, reason: one video visit to come in each language.
_VIDEO: Final = (
    (25, "es", 2, "Diabetes follow-up"),
    (45, "da", 1, "Thyroid follow-up"),
    (60, "ar", 3, "Migraine follow-up"),
    (90, "so", 0, "New symptoms"),
)
_MISSED: Final = (-70, 2, 1, "Medication review")


def seed(world: World) -> None:
    """The clinic has its people, and a day that goes on; what a former run left stays."""
    if not world.record.patients:
        for patient in seed_patients():
            world.add_patient(patient)
        world.record.practitioners = {each.id: replace(each) for each in PRACTITIONERS}
        world.record.locations = {each.id: replace(each) for each in LOCATIONS}
    now = world.clock.now()
    _seed_first_visit(world, now)
    _seed_missed(world, now)
    _seed_videos(world, now)
    _seed_ordinary(world, now)


def _standing_videos(world: World, begin: datetime, end: datetime) -> list[Appointment]:
    return [
        each
        for each in world.record.appointments.values()
        if each.is_video and each.status == "booked" and begin <= each.start <= end
    ]


def _seed_first_visit(world: World, now: datetime) -> None:
    """A newcomer finds a video visit about ten minutes ahead, with a patient who reads English texts."""
    soon = _standing_videos(world, now + _SOON[0], now + _SOON[1])
    if any(world.patient(each.patient).is_plain for each in soon):
        return
    start = (now + _FIRST_IN).replace(second=0, microsecond=0)
    wish = _wish(world, start, free_patient(world, start), 0)
    wish.reason = "Blood pressure follow-up"
    book(world, wish)


def _seed_missed(world: World, now: datetime) -> None:
    """The last day had a video visit, if only one that nobody came to."""
    if any(each.is_video and now - APART <= each.start < now for each in world.record.appointments.values()):
        return
    minutes, who, clinician, reason = _MISSED
    wish = _wish(world, _rounded(now, minutes), seed_patients()[who], clinician)
    wish.reason, wish.status = reason, "noshow"
    book(world, wish)


def _seed_videos(world: World, now: datetime) -> None:
    """In the next two hours there is a video visit in each language."""
    spoken = {world.patient(each.patient).language for each in _standing_videos(world, now, now + _COMING)}
    for minutes, language, clinician, reason in _VIDEO:
        if language not in spoken:
            start = _rounded(now, minutes)
            wish = _wish(world, start, _least_busy(world, language, start), clinician)
            wish.reason = reason
            book(world, wish)


def _least_busy(world: World, language: str, start: datetime) -> Patient:
    """Of those who speak the language, the one whose nearest other visit is furthest away."""

    def idle(patient: Patient) -> timedelta:
        near = [abs(each.start - start) for each in world.list_of_patient(patient.id)]
        return min(near, default=timedelta.max)

    speakers = [
        each for each in world.record.patients.values() if each.language == language and each.is_active
    ]
    return max(speakers, key=idle)


def _seed_ordinary(world: World, now: datetime) -> None:
    """The day has visits in person: near now while the clinic is open, else in the hours it was or will be."""
    today = local_day(now)
    if any(not each.is_video for each in world.list_of_day(today)):
        return
    people = seed_patients()
    for place, each in enumerate(_ORDINARY):
        start, is_near = _in_hours(_rounded(now, each.minutes), now, place)
        wish = Wish(
            start,
            _MINUTES,
            people[each.patient].id,
            PRACTITIONERS[each.clinician].id,
            LOCATIONS[each.place].id,
        )
        wish.is_video, wish.service, wish.reason = False, each.service, each.reason
        wish.status = each.status if is_near or each.minutes > 0 else "fulfilled"
        booked = book(world, wish)
        booked.oddities = list(each.oddities)
        booked.cancel_reason = "Scheduled in error" if wish.status == "cancelled" else None


def _in_hours(start: datetime, now: datetime, place: int) -> tuple[datetime, bool]:
    """The start if the clinic is open then; else a time in the last or the next opening hours."""
    local = start.astimezone(CLINIC_ZONE)
    if _OPENS <= local.time() < _CLOSES:
        return start, True
    here = now.astimezone(CLINIC_ZONE)
    step = timedelta(minutes=35 * (place + 1))
    if start < now:
        closed = here.replace(hour=_CLOSES.hour, minute=0, second=0, microsecond=0)
        closed -= timedelta(days=1) if closed > here else timedelta()
        return (closed - step).astimezone(start.tzinfo), False
    opened = here.replace(hour=_OPENS.hour, minute=0, second=0, microsecond=0)
    opened += timedelta(days=1) if opened < here else timedelta()
    return (opened + step).astimezone(start.tzinfo), False


def _rounded(now: datetime, minutes: int) -> datetime:
    start = now + timedelta(minutes=minutes)
    return start.replace(minute=start.minute - start.minute % 5, second=0, microsecond=0)


def _wish(world: World, start: datetime, patient: Patient, clinician: int) -> Wish:
    place = usual_place(world, is_video=True)
    return Wish(start, _MINUTES, patient.id, PRACTITIONERS[clinician].id, place)
