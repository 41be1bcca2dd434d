"""HL7 times: with and without an offset, and on the two days when the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.ehr.hl7.times import read_duration, read_time, write_time
from tests.ehr.hl7_messages import CHICAGO


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("202611251000", "2026-11-25 16:00"),
        ("20261125100030", "2026-11-25 16:00:30"),
        ("20261125100030.1234", "2026-11-25 16:00:30.123400"),
        ("202607011000", "2026-07-01 15:00"),
        ("202611251000+0100", "2026-11-25 09:00"),
        ("20261125100000-0330", "2026-11-25 13:30"),
        (" 202611251000 ", "2026-11-25 16:00"),
    ],
)
def test_a_time_is_read_in_its_own_offset_or_in_the_zone(said: str, moment: str) -> None:
    assert read_time(said, CHICAGO) == utc(moment)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "20261125",
        "2026112510",
        "202613011000",
        "202611252400",
        "2026-11-25T10:00",
        "0001010100",
        "x" * 12,
        "202611251000+9900",
        "202611251000+0",
        "00010101000000+2300",
        "99991231235959-2300",
        "٢٠٢٦١١٢٥١٠٠٠",
    ],
)
def test_what_is_no_moment_is_none(said: str) -> None:
    assert read_time(said, CHICAGO) is None


def test_in_a_skipped_hour_a_time_is_moved_on_by_the_hour() -> None:
    assert read_time("202603080230", CHICAGO) == utc("2026-03-08 08:30")  # 03:30 in summer time


def test_in_a_repeated_hour_a_start_is_the_first_of_the_two() -> None:
    assert read_time("202611010130", CHICAGO) == utc("2026-11-01 06:30")


@pytest.mark.parametrize(
    ("arrived", "moment"),
    [("2026-11-01 06:50", "2026-11-01 06:50"), ("2026-11-01 07:50", "2026-11-01 07:50")],
)
def test_in_a_repeated_hour_a_message_was_made_near_to_its_coming(arrived: str, moment: str) -> None:
    assert read_time("202611010150", CHICAGO, near=utc(arrived)) == utc(moment)


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)),
    st.sampled_from(["America/Chicago", "Europe/Copenhagen", "Australia/Lord_Howe", "UTC"]),
)
def test_a_written_time_is_read_again(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)

    assert read_time(write_time(moment), ZoneInfo(zone)) == moment


@given(st.text(max_size=30))
def test_any_text_is_borne(said: str) -> None:
    read_time(said, CHICAGO)
    read_duration(said, "MIN")
    read_duration("30", said)


@pytest.mark.parametrize(
    ("amount", "unit", "minutes"),
    [("30", "MIN", 30), ("30", "", 30), ("45", "m", 45), ("1.5", "HR", 90), ("900", "S", 15)],
)
def test_a_length_is_read_in_its_unit(amount: str, unit: str, minutes: int) -> None:
    assert read_duration(amount, unit) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("amount", "unit"), [("", "MIN"), ("0", "MIN"), ("-5", "MIN"), ("30", "MOON"), ("99", "H")]
)
def test_what_is_no_length_is_none(amount: str, unit: str) -> None:
    assert read_duration(amount, unit) is None
