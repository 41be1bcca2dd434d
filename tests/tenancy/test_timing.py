"""Quiet hours and reminders by table, through both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from housecall.tenancy.errors import QuietHoursInvalid, ReminderInvalid
from housecall.tenancy.timing import QuietHours, read_reminder, say_reminder

CHICAGO, COPENHAGEN = ZoneInfo("America/Chicago"), ZoneInfo("Europe/Copenhagen")
NIGHT, NOON = QuietHours.read("21:00-08:00"), QuietHours.read("12:00-13:30")


def at(zone: ZoneInfo, month: int, day: int, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone, fold=fold)


# Now, and when the quiet hours are over; None: it is not quiet.
@pytest.mark.parametrize(
    ("quiet", "zone", "now", "end"),
    [
        (NIGHT, CHICAGO, at(CHICAGO, 6, 10, 20, 59), None),
        (NIGHT, CHICAGO, at(CHICAGO, 6, 10, 21), at(CHICAGO, 6, 11, 8)),
        (NIGHT, CHICAGO, at(CHICAGO, 6, 11, 0), at(CHICAGO, 6, 11, 8)),
        (NIGHT, CHICAGO, at(CHICAGO, 6, 11, 7, 59), at(CHICAGO, 6, 11, 8)),
        (NIGHT, CHICAGO, at(CHICAGO, 6, 11, 8), None),
        (NIGHT, CHICAGO, at(CHICAGO, 12, 31, 23), datetime(2027, 1, 1, 8, tzinfo=CHICAGO)),
        (NOON, CHICAGO, at(CHICAGO, 6, 10, 12), at(CHICAGO, 6, 10, 13, 30)),
        (NOON, CHICAGO, at(CHICAGO, 6, 10, 13, 30), None),
        (QuietHours(), CHICAGO, at(CHICAGO, 6, 10, 3), None),
        # The same instant is night here and day there.
        (NIGHT, COPENHAGEN, at(CHICAGO, 6, 10, 21), at(COPENHAGEN, 6, 11, 8)),
        (NIGHT, COPENHAGEN, at(CHICAGO, 6, 11, 2), None),
        # The night on which an hour is skipped, and the one on which one comes twice.
        (NIGHT, CHICAGO, at(CHICAGO, 3, 7, 22), at(CHICAGO, 3, 8, 8)),
        (NIGHT, CHICAGO, at(CHICAGO, 10, 31, 22), at(CHICAGO, 11, 1, 8)),
        (NIGHT, COPENHAGEN, at(COPENHAGEN, 3, 28, 22), at(COPENHAGEN, 3, 29, 8)),
        (NIGHT, COPENHAGEN, at(COPENHAGEN, 10, 24, 22), at(COPENHAGEN, 10, 25, 8)),
        # Quiet until a time that does not come (02:30 in Chicago on 8 March): an hour later by the clock.
        (QuietHours.read("22:00-02:30"), CHICAGO, at(CHICAGO, 3, 8, 1), at(CHICAGO, 3, 8, 3, 30)),
        # Until 01:30, which comes twice on 1 November: quiet in both hours until then, not between.
        (QuietHours.read("22:00-01:30"), CHICAGO, at(CHICAGO, 11, 1, 1, 10), at(CHICAGO, 11, 1, 1, 30)),
        (QuietHours.read("22:00-01:30"), CHICAGO, at(CHICAGO, 11, 1, 1, 45), None),
        (QuietHours.read("22:00-01:30"), CHICAGO, at(CHICAGO, 11, 1, 1, 10, fold=1), at(CHICAGO, 11, 1, 1, 30, fold=1)),
    ],
)  # fmt: skip
def test_quiet_hours_end_by_the_clock_where_the_patient_is(
    quiet: QuietHours, zone: ZoneInfo, now: datetime, end: datetime | None
) -> None:
    found = quiet.end_after(now.astimezone(UTC), zone)

    assert (found and found.astimezone(UTC)) == (end and end.astimezone(UTC))


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    lengths = []
    for evening in (at(CHICAGO, 3, 7, 21), at(CHICAGO, 6, 10, 21), at(CHICAGO, 10, 31, 21)):
        end = NIGHT.end_after(evening, CHICAGO)
        assert end
        lengths.append(end.astimezone(UTC) - evening.astimezone(UTC))

    assert lengths == [timedelta(hours=10), timedelta(hours=11), timedelta(hours=12)]


@pytest.mark.parametrize(
    ("starts_in_h", "held_for_h"),
    [(11.9, None), (12, None), (12.5, 0.5), (24, 10), (240, 10)],
)
def test_nothing_is_held_back_within_twelve_hours_of_the_visit(
    starts_in_h: float, held_for_h: float | None
) -> None:
    now = at(CHICAGO, 6, 10, 22).astimezone(UTC)

    held = NIGHT.held_until(now, starts_at=now + timedelta(hours=starts_in_h), zone=CHICAGO)

    assert held == (None if held_for_h is None else now + timedelta(hours=held_for_h))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("off", "off"),
        ("", "off"),
        ("21:00-08:00", "21:00-08:00"),
        ("9:05 - 17:00", "09:05-17:00"),
        ("21:00–8:00", "21:00-08:00"),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(written: str, read: str) -> None:
    assert str(QuietHours.read(written)) == read


@pytest.mark.parametrize("written", ["21:00", "21:00-", "25:00-08:00", "21:60-08:00", "night", "08:00-08:00"])
def test_quiet_hours_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(QuietHoursInvalid):
        QuietHours.read(written)


@pytest.mark.parametrize(
    ("written", "minutes", "said"),
    [
        ("15", 15, "15m"),
        ("90m", 90, "90m"),
        ("2h", 120, "2h"),
        ("1d", 1440, "1d"),
        ("24h", 1440, "1d"),
        ("30d", 43200, "30d"),
    ],
)
def test_a_reminder_is_read_and_said_in_its_largest_unit(written: str, minutes: int, said: str) -> None:
    assert read_reminder(written) == minutes
    assert say_reminder(minutes) == said


@pytest.mark.parametrize("written", ["", "0", "31d", "-5m", "1w", "soon", "1.5h"])
def test_a_reminder_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ReminderInvalid):
        read_reminder(written)
