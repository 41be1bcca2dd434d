"""When messages may leave: quiet hours by the clock where the patient is."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from housecall.tenancy.errors import QuietHoursInvalid, ReminderInvalid
from housecall.tenancy.model import Channels
from housecall.tenancy.tables import Connection

_DAY_MIN: Final = 24 * 60
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

# A visit so near must be told of, whatever the hour.
NEVER_HELD_WITHIN: Final = timedelta(hours=12)


@dataclass(frozen=True)
class QuietHours:
    """From one minute of the day until another, over midnight or not; both None: there are none."""

    from_min: int | None = None
    until_min: int | None = None

    @classmethod
    def of(cls, connection: Connection) -> Self:
        """The connection's."""
        return cls(connection.quiet_from_min, connection.quiet_until_min)

    @classmethod
    def read(cls, written: str) -> Self:
        """As people write it: ``21:00-08:00``, or ``off``; raises QuietHoursInvalid."""
        if written.strip().lower() in ("", "off"):
            return cls()
        begin, _, end = written.replace("–", "-").partition("-")
        from_min, until_min = _minute_of_day(begin), _minute_of_day(end)
        if from_min == until_min:
            raise QuietHoursInvalid
        return cls(from_min, until_min)

    def write(self, connection: Connection) -> None:
        """The connection has these."""
        connection.quiet_from_min, connection.quiet_until_min = self.from_min, self.until_min

    def __str__(self) -> str:
        if self.from_min is None or self.until_min is None:
            return "off"
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (self.from_min, self.until_min))

    def end_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours that ``now`` falls into are over; None if it falls into none.

        By the clock on the wall there: a night on which the clocks change is an hour longer or shorter.
        """
        if self.from_min is None or self.until_min is None:
            return None
        there = now.astimezone(zone)
        minute = there.hour * 60 + there.minute
        length = (self.until_min - self.from_min) % _DAY_MIN
        if (minute - self.from_min) % _DAY_MIN >= length:
            return None
        is_over_midnight = minute >= self.from_min > self.until_min
        day = there.date() + timedelta(days=1 if is_over_midnight else 0)
        return _instant(datetime.combine(day, _time(self.until_min)), zone, after=now)

    def held_until(self, now: datetime, *, starts_at: datetime, zone: ZoneInfo) -> datetime | None:
        """When a message about this visit may leave, if not now; never later than 12 hours before the visit."""
        end = self.end_after(now, zone)
        latest = starts_at - NEVER_HELD_WITHIN
        if end is None or now >= latest:
            return None
        return min(end, latest)


@dataclass(frozen=True)
class Timing:
    """How and when a connection's messages leave."""

    channels: Channels
    reminders_min: tuple[int, ...]
    quiet: QuietHours

    @classmethod
    def of(cls, connection: Connection) -> Self:
        """The connection's, reminders the earliest first."""
        reminders = tuple(sorted(set(connection.reminder_offsets_min), reverse=True))
        return cls(Channels(connection.channels), reminders, QuietHours.of(connection))

    @property
    def mark(self) -> str:
        """All of it in one word: what a form was filled in on, and what the audit log keeps."""
        reminders = "+".join(say_reminder(one) for one in self.reminders_min) or "none"
        return f"{self.channels};{reminders};{self.quiet}"


def read_reminder(written: str) -> int:
    """Minutes before the visit, from ``15``, ``15m``, ``2h`` or ``1d``; raises ReminderInvalid."""
    found = re.fullmatch(r"(\d{1,5})\s*([mhd]?)(in)?", written.strip().lower())
    if found is None:
        raise ReminderInvalid
    minutes = int(found[1]) * {"": 1, "m": 1, "h": 60, "d": _DAY_MIN}[found[2]]
    if not 1 <= minutes <= 30 * _DAY_MIN:
        raise ReminderInvalid
    return minutes


def say_reminder(minutes: int) -> str:
    """As ``read_reminder`` reads it, in the largest unit that fits."""
    for unit, size in (("d", _DAY_MIN), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _minute_of_day(written: str) -> int:
    found = _CLOCK.fullmatch(written.strip())
    if found is None:
        raise QuietHoursInvalid
    return int(found[1]) * 60 + int(found[2])


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _instant(wall: datetime, zone: ZoneInfo, *, after: datetime) -> datetime:
    """The first instant after ``after`` with this time on the wall: in autumn there may be two.

    A time that is skipped in spring counts as the same length after the hour before it.
    """
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return first if first > after else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
