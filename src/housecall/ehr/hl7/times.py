"""HL7 times. One without an offset is the sender's wall clock, which skips an hour once a year and repeats one.

The rule. An hour that does not exist is moved on by what was skipped: 02:30 is 03:30. In the hour that comes
twice a start is the first of the two, so that nobody is invited too late; the time of a message itself is the
one nearest to when it came, so that messages keep their order through the change.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

_TIME: Final = re.compile(
    r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?(?:([+-])(\d{2})(\d{2}))?", re.ASCII
)


def read_time(said: str, zone: tzinfo, *, near: datetime | None = None) -> datetime | None:
    """A moment in UTC; None for a day without an hour and minute, and for what is no time.

    ``near``: of the two moments in a repeated hour take the one nearest to this, instead of the first.
    """
    match = _TIME.fullmatch(said.strip())
    if match is None:
        return None
    try:
        wall = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
        wall = wall.replace(microsecond=int((match[7] or "").ljust(6, "0")))
        if match[8]:
            away = timedelta(hours=int(match[9]), minutes=int(match[10]))
            return wall.replace(tzinfo=timezone(-away if match[8] == "-" else away)).astimezone(UTC)
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        return None
    # In a skipped hour the second reading is the earlier one: no repetition.
    if near is None or second <= first:
        return first
    return min(first, second, key=lambda moment: abs(moment - near))


def write_time(moment: datetime) -> str:
    """The moment as HL7 writes it, in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}+0000"


_DURATIONS: Final = {
    "S": timedelta(seconds=1),
    "SEC": timedelta(seconds=1),
    "M": timedelta(minutes=1),
    "MIN": timedelta(minutes=1),
    "MINUTE": timedelta(minutes=1),
    "MINUTES": timedelta(minutes=1),
    "H": timedelta(hours=1),
    "HR": timedelta(hours=1),
    "HOUR": timedelta(hours=1),
    "HOURS": timedelta(hours=1),
}
_LONGEST: Final = timedelta(days=2)


def read_duration(amount: str, unit: str) -> timedelta | None:
    """How long an appointment lasts; minutes where no unit is said, None for what is no length of a visit."""
    each = _DURATIONS.get(unit.strip().upper() or "MIN")
    if each is None or not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", amount.strip(), re.ASCII):
        return None
    length = float(amount) * each
    return length if timedelta() < length <= _LONGEST else None
