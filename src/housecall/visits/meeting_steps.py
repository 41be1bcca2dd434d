"""What is to be done for a visit's meeting with another service, and when to look again; no input or output."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from housecall.visits.model import LIVE, VisitState, Window

# A meeting that is not there five minutes before the start will be missed by somebody.
BEFORE_START: Final = timedelta(minutes=5)
# For a visit that starts at once: three tries of a service that is well take two seconds.
AT_LEAST: Final = timedelta(seconds=20)
# Followed from a little before anybody may come, and long enough for a visit that runs over.
_BEFORE_OPENING: Final = timedelta(minutes=5)
FOLLOW_AFTER_WINDOW: Final = timedelta(hours=2)
# A promise is renewed before it ends; Graph's lasts three days at most.
_RENEW_BEFORE: Final = timedelta(minutes=30)
LONGEST_FOLLOW: Final = timedelta(days=2, hours=23)
# Source: Graph's page on call records: they are gone after thirty days.
KEPT_FOR: Final = timedelta(days=30)
_SOON: Final = timedelta(minutes=1)
_REPORT_SOON: Final = timedelta(seconds=10)
_REPORT_EVERY: Final = (
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(days=1), timedelta(minutes=30)),
)
_REPORT_LATER: Final = timedelta(hours=12)
_LONGEST_WAIT: Final = timedelta(minutes=5)


class MeetingState(StrEnum):
    """How far a visit's meeting has come."""

    wanted = "wanted"
    made = "made"
    gone = "gone"


class Step(StrEnum):
    """One thing to do."""

    make = "make"
    change = "change"
    remove = "remove"
    give_up = "give_up"
    follow = "follow"
    renew = "renew"
    recover = "recover"
    attendance = "attendance"
    quality = "quality"
    rest = "rest"


@dataclass(frozen=True)
class Standing:
    """What decides about the next step: the visit as it is planned, and its meeting as it stands."""

    visit_state: VisitState
    # Whether the visit is still held with this service.
    is_held_there: bool
    window: Window
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    clinician_ref: str | None
    state: MeetingState
    is_made: bool
    told: tuple[datetime | None, datetime | None, str | None]
    deadline_at: datetime
    attempts: int
    can_follow: bool
    following_until: datetime | None
    is_doubtful: bool
    attendance_read: bool
    quality_read: bool


def deadline_of(starts_at: datetime, now: datetime) -> datetime:
    """By when a meeting must be there, wanted now."""
    return max(starts_at - BEFORE_START, now + AT_LEAST)


def next_step(stands: Standing, now: datetime) -> Step:
    """What to do now."""
    if not stands.is_held_there or stands.visit_state is VisitState.cancelled:
        return Step.remove if stands.is_made and stands.state is not MeetingState.gone else Step.rest
    if stands.visit_state is VisitState.ended:
        return _afterwards(stands, now)
    if stands.state is MeetingState.wanted:
        return Step.give_up if stands.attempts and now >= stands.deadline_at else Step.make
    if stands.visit_state not in LIVE:
        return Step.rest
    if stands.told != (stands.starts_at, stands.ends_at, stands.clinician_ref):
        return Step.change
    return _live(stands, now)


def _live(stands: Standing, now: datetime) -> Step:
    if not stands.can_follow or not _follow_from(stands) <= now <= _follow_until(stands):
        return Step.rest
    if stands.following_until is None or stands.following_until <= now:
        return Step.follow
    if stands.following_until - now <= _RENEW_BEFORE and stands.following_until < _follow_until(stands):
        return Step.renew
    return Step.recover if stands.is_doubtful else Step.rest


def _afterwards(stands: Standing, now: datetime) -> Step:
    if stands.ended_at is None or not stands.is_made or now >= stands.ended_at + KEPT_FOR:
        return Step.rest
    if now < stands.ended_at + _REPORT_SOON:
        return Step.rest
    if not stands.attendance_read:
        return Step.attendance
    return Step.rest if stands.quality_read else Step.quality


def next_look(stands: Standing, now: datetime) -> datetime | None:
    """When there may be something to do again; None where nothing will be by itself."""
    if not stands.is_held_there or stands.visit_state is VisitState.cancelled:
        return None
    if stands.visit_state is VisitState.ended:
        return _look_for_reports(stands, now)
    if stands.state is MeetingState.wanted:
        return min(max(stands.deadline_at, now), now + wait_after(max(stands.attempts, 1)))
    if not stands.can_follow or now > _follow_until(stands):
        return None
    if now < _follow_from(stands):
        return _follow_from(stands)
    soon = now + _SOON
    if stands.following_until is None or stands.is_doubtful:
        # What was missed is in the report, which is there once the call is over.
        return soon
    return max(stands.following_until - _RENEW_BEFORE, soon)


def _look_for_reports(stands: Standing, now: datetime) -> datetime | None:
    if stands.ended_at is None or not stands.is_made or stands.quality_read:
        return None
    age = now - stands.ended_at
    if age < _REPORT_SOON:
        return stands.ended_at + _REPORT_SOON
    if age >= KEPT_FOR:
        return None
    every = next((every for limit, every in _REPORT_EVERY if age < limit), _REPORT_LATER)
    return now + every


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many tries in vain: 1, 2, 4 … seconds, five minutes at most."""
    return min(timedelta(seconds=2.0 ** min(attempts - 1, 12)), _LONGEST_WAIT)


def follow_until(stands: Standing, now: datetime) -> datetime:
    """Until when to be told, as far as the service promises."""
    return min(_follow_until(stands), now + LONGEST_FOLLOW)


def _follow_from(stands: Standing) -> datetime:
    return stands.window.opens_at - _BEFORE_OPENING


def _follow_until(stands: Standing) -> datetime:
    return stands.window.closes_at + FOLLOW_AFTER_WINDOW
