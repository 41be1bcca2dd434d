"""The rows of the day's list: which is next, how soon each begins, where now is and where another day begins."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from housecall.sandbox.booking import OVER, Appointment
from housecall.sandbox.options import CLINIC_ZONE
from housecall.sandbox.world import local_day

_HINTED: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Row:
    """One appointment in the list; ``above`` is the line drawn before it."""

    visit: Appointment
    above: str | None
    hint: str
    is_next: bool


def rows_of(visits: list[Appointment], now: datetime, day: date) -> list[Row]:
    """The visits as rows, in their order."""
    following = _find_next(visits, now)
    rows = []
    before: Appointment | None = None
    for visit in visits:
        above = _line(before, visit, now, day)
        rows.append(Row(visit, above, _hint(visit, now), visit is following))
        before = visit
    return rows


def _find_next(visits: list[Appointment], now: datetime) -> Appointment | None:
    """The video visit that begins next, or is going on."""
    coming = (each for each in visits if each.is_video and each.status not in OVER and each.end > now)
    return next(coming, None)


def _line(before: Appointment | None, visit: Appointment, now: datetime, day: date) -> str | None:
    own = local_day(visit.start)
    if own != (local_day(before.start) if before else day):
        return _day_name(own, local_day(now))
    if own == local_day(now) and visit.start > now and (before is None or before.start <= now):
        return f"Now {now.astimezone(CLINIC_ZONE):%I:%M %p}".replace(" 0", " ")
    return None


def _day_name(day: date, today: date) -> str:
    names = {today: "Today", today + timedelta(days=1): "Tomorrow", today - timedelta(days=1): "Yesterday"}
    written = f"{day:%A, %B} {day.day}"
    return f"{names[day]}, {written}" if day in names else written


def _hint(visit: Appointment, now: datetime) -> str:
    """How soon a visit begins, or since when it should have begun; nothing for one that is over or far away."""
    if visit.status in OVER or visit.status == "checked-in":
        return ""
    ahead = visit.start - now
    minutes = int(abs(ahead) / timedelta(minutes=1))
    if timedelta() < ahead <= _HINTED:
        return f"in {minutes} min" if minutes else "now"
    if visit.start <= now < visit.end:
        return f"{minutes} min ago" if minutes else "now"
    return ""
