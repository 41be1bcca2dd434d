"""Clocks."""

from datetime import UTC, datetime, timedelta

from housecall.kit.clock import FakeClock, SystemClock


def test_the_machines_time_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta()


def test_a_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock(datetime(2026, 11, 24, tzinfo=UTC))
    before = clock.now()

    clock.advance(timedelta(minutes=5))

    assert clock.now() - before == timedelta(minutes=5)
