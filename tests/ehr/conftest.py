"""A small EHR and a clock that stands still."""

from datetime import UTC, datetime

import pytest

from housecall.kit.clock import FakeClock
from tests.ehr.small_ehr import SmallEhr, fixture

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def ehr(now: FakeClock) -> SmallEhr:
    """The small EHR with one patient, one clinician and a video visit."""
    small = SmallEhr(now)
    small.appointments["70001"] = fixture("appointment_video")
    small.patients["9001"] = fixture("patient_full")
    small.practitioners["501"] = fixture("practitioner")
    return small
