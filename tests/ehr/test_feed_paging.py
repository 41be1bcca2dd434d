"""However a schedule comes apart into pages: repeats, holes, records that moved between pages while it was read."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.ehr.feed import Feed
from housecall.ehr.registry import PROFILES, Vendor
from housecall.kit.clock import FakeClock
from tests.ehr.small_ehr import appointment

START = datetime(2026, 12, 1, tzinfo=UTC)
HOLES: list[Any] = [
    None,
    {},
    {"resource": None},
    {"resource": {"resourceType": "OperationOutcome"}},
    {"resource": {"resourceType": "Appointment"}},
    {"resource": appointment("no-start", "")},
    {"resource": {"resourceType": "Patient", "id": "9001"}, "search": {"mode": "include"}},
    "text",
]


class Pages:
    """A FHIR server whose one search has these pages."""

    def __init__(self, pages: list[list[Any]]) -> None:
        self._pages = pages

    async def search(self, kind: str, params: Any, *, tokens: Any) -> dict[str, Any]:
        return self._bundle(0)

    async def next_page(self, bundle: dict[str, Any], *, tokens: Any) -> dict[str, Any] | None:
        number = bundle["number"] + 1
        return self._bundle(number) if number < len(self._pages) else None

    def _bundle(self, number: int) -> dict[str, Any]:
        entries = self._pages[number] if self._pages else []
        # As servers do it: no entry at all where a page is empty.
        return {"number": number} | ({"entry": entries} if entries else {})


def entry(number: int, version: int, hour: int) -> dict[str, Any]:
    start = (START + timedelta(hours=hour)).isoformat()
    return {"resource": appointment(f"a{number}", start, meta={"versionId": str(version)})}


entries = st.builds(entry, st.integers(0, 12), st.integers(1, 5), st.integers(0, 100)) | st.sampled_from(
    HOLES
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(entries, max_size=8), max_size=6))
def test_every_appointment_is_read_once_in_its_newest_version_whatever_lies_between(
    pages: list[list[Any]],
) -> None:
    clock, zone = FakeClock(START), ZoneInfo("UTC")
    feed = Feed(Pages(pages), PROFILES[Vendor.generic], clock, rules=(), zone=zone)  # type: ignore[arg-type]

    read = asyncio.run(
        feed.list_appointments(practitioners=(), locations=(), start=START, end=START + timedelta(days=7))
    )

    newest: dict[str, int] = {}
    for one in (one for page in pages for one in page if one not in HOLES):
        ref, version = one["resource"]["id"], int(one["resource"]["meta"]["versionId"])
        newest[ref] = max(newest.get(ref, 0), version)
    assert {found.ref: int(found.version) for found in read.appointments} == newest
    assert [found.start for found in read.appointments] == sorted(
        found.start for found in read.appointments if found.start
    )
    assert read.requests == max(1, len(pages))
