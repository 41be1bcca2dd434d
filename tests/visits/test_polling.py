"""Which stretches of the schedule a poll reads."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from housecall.visits.polling import spans_of

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)
BEHIND, WEEK, END = NOW - timedelta(hours=6), NOW + timedelta(days=8), NOW + timedelta(days=64)


def covered(a_day: int, *, polls: int) -> list[tuple[datetime, datetime]]:
    """What so many polls in a row read, one after the other, as seen from the first."""
    found = []
    for number in range(polls):
        shift = number * EVERY
        found += [
            (start - shift, end - shift)
            for start, end in spans_of(NOW + shift, EVERY, is_first=False, a_day=a_day)
        ]
    return sorted(set(found))


def test_the_first_poll_reads_everything_in_stretches():
    spans = spans_of(NOW, EVERY, is_first=True)

    assert spans[0] == (BEHIND, WEEK)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert spans[-1][1] == END


@pytest.mark.parametrize("a_day", [0, 10, 1_800, 5_000, 10_000, 40_000])
def test_in_turns_all_of_the_two_months_is_read(a_day):
    reached = BEHIND
    for start, end in covered(a_day, polls=300):
        assert start <= reached, "a hole"
        reached = max(reached, end)

    assert reached == END


def test_a_small_clinic_has_its_whole_week_read_at_every_poll():
    for turn in range(9):
        near, far = spans_of(NOW + turn * EVERY, EVERY, is_first=False, a_day=400)

        assert near[1] - near[0] == timedelta(days=8, hours=6)
        assert far[1] - far[0] == timedelta(days=7)


def test_a_large_one_never_reads_more_than_its_share_at_a_poll_and_today_at_every_one():
    for turn in range(200):
        spans = spans_of(NOW + turn * EVERY, EVERY, is_first=False, a_day=10_000)
        days = sum((end - start for start, end in spans), timedelta()) / timedelta(days=1)

        assert spans[0][1] >= NOW + turn * EVERY + timedelta(days=1)
        assert days * 10_000 <= 34_000
