"""A small EHR, a strict authorization server that writes down what it is asked, and a clock that stands still."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from housecall.kit.clock import FakeClock
from tests.ehr.inferno import Judge, judge
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


@pytest.fixture
async def server(now: FakeClock) -> AsyncIterator[Judge]:
    """The sandbox over real HTTP, strict as the real ones, and its notebook."""
    async with judge(now) as made:
        yield made
