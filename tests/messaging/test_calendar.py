"""The calendar file, read by a library that is not ours, and by the rules of RFC 5545."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from housecall.messaging.calendar import Event, Wording, calendar_file

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
LINK = f"https://video.lakeside-health.example/v/{'a' * 32}"


def an_event(sequence: int = 1, starts_at: datetime = NOW, ends_at: datetime | None = None) -> Event:
    return Event("u-1@video.example", sequence, starts_at, ends_at or starts_at)


def wording(**other: str) -> Wording:
    said = {
        "title": "Video visit, Lakeside",
        "description": f"Join here: {LINK}",
        "link": LINK,
        "organizer": "visits@lakeside.example",
        "organizer_name": "Lakeside",
        "attendee": "pat@mail.example",
    }
    return Wording(**{**said, **other})


def written(event: Event, said: Wording, *, is_cancelled: bool = False) -> str:
    return calendar_file(event, said, is_cancelled=is_cancelled, now=NOW).text


def the_event(text: str) -> object:
    (found,) = Calendar.from_ical(text).walk("VEVENT")
    return found


def test_it_puts_the_visit_into_a_calendar() -> None:
    start, end = datetime(2026, 11, 30, 9, 0, tzinfo=CHICAGO), datetime(2026, 11, 30, 9, 20, tzinfo=CHICAGO)

    file = calendar_file(an_event(3, start, end), wording(), is_cancelled=False, now=NOW)

    found = Calendar.from_ical(file.text)
    assert (file.method, found["METHOD"], found["VERSION"]) == ("REQUEST", "REQUEST", "2.0")
    (event,) = found.walk("VEVENT")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("u-1@video.example", 3, "CONFIRMED")
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (start, end)
    assert event["SUMMARY"] == "Video visit, Lakeside"
    assert (event["URL"], event["LOCATION"]) == (LINK, LINK)
    assert event["ATTENDEE"] == "mailto:pat@mail.example"
    assert event["ORGANIZER"].params["CN"] == "Lakeside"


def test_a_cancelled_visit_is_taken_out_by_the_same_uid_and_without_its_link() -> None:
    file = calendar_file(an_event(4), wording(link="", description=""), is_cancelled=True, now=NOW)

    (event,) = Calendar.from_ical(file.text).walk("VEVENT")
    assert (file.method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 4)
    assert event["UID"] == "u-1@video.example"
    assert LINK not in file.text.replace("\r\n ", "")


# The hour before and after each change of the clocks, here and there.
@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 8, 1, 30, tzinfo=CHICAGO),
        datetime(2026, 3, 8, 3, 30, tzinfo=CHICAGO),
        datetime(2026, 11, 1, 1, 30, tzinfo=CHICAGO, fold=0),
        datetime(2026, 11, 1, 1, 30, tzinfo=CHICAGO, fold=1),
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Copenhagen"), fold=1),
    ],
)
def test_the_instant_is_right_on_both_sides_of_a_change_of_the_clocks(instant: datetime) -> None:
    (event,) = Calendar.from_ical(written(an_event(starts_at=instant), wording())).walk("VEVENT")

    assert event.decoded("DTSTART").astimezone(UTC) == instant.astimezone(UTC)


@pytest.mark.parametrize(
    "title",
    [
        "Lakeside; Heart, Lung & Co. \\ North",
        "عيادة البحيرة " * 12,
        "Sundhedshuset ærø — " * 9,
        'Quotes " and : colons',
        "👩‍⚕️" * 30,
    ],
)
def test_any_name_comes_back_as_it_was_and_no_line_is_longer_than_75_octets(title: str) -> None:
    text = written(an_event(), wording(title=title, organizer_name=title))

    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["SUMMARY"] == title
    lines = text.encode().split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert all(line.decode() is not None for line in lines)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize("evil", ["a\r\nBEGIN:VALARM", "a\nX-EVIL:1", 'a"\r\n:x', "a\x00b\x85c\u2028d"])
def test_no_value_can_begin_a_line_of_its_own(evil: str) -> None:
    text = written(
        an_event(),
        wording(
            title=evil, description=evil, link=f"https://a.example/{evil}", organizer_name=evil, attendee=evil
        ),
    )

    names = [line.partition(":")[0].partition(";")[0] for line in text.replace("\r\n ", "").split("\r\n")]
    assert "X-EVIL" not in names
    assert names.count("BEGIN") == 2
    assert len(Calendar.from_ical(text).walk("VEVENT")) == 1


def test_every_change_counts_higher() -> None:
    files = [the_event(written(an_event(sequence), wording())) for sequence in (1, 2, 10_001)]

    counted = [int(one["SEQUENCE"]) for one in files]  # type: ignore[index]
    assert all(before < after for before, after in pairwise(counted))
