"""A schedule is read whole, whatever single records do to whole answers."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from housecall.ehr.base import RecordFault, Vendor
from housecall.ehr.errors import (
    AddressRefused,
    EhrFaulted,
    EhrThrottled,
    FeedUnsupported,
    SearchUnbounded,
    SystemAccountMissing,
)
from tests.ehr.small_ehr import appointment

START = datetime(2026, 12, 1, tzinfo=UTC)
WEEK = {"practitioners": ["501"], "start": START, "end": START + timedelta(days=7)}


def queries(ehr):
    return [parse_qs(urlsplit(seen[1]).query) for seen in ehr.asked("/Appointment")]


def at(hour: float) -> str:
    return (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def breaks_on(ehr, *refs):
    """Any search whose window holds one of these records answers 500."""

    def fails(request):
        edges = request.query_params.getlist("date")
        if not edges:
            return False
        actors = (request.query_params.get("practitioner") or "501").split(",")
        lower, upper = (datetime.fromisoformat(edge[2:]) for edge in edges)
        starts = [datetime.fromisoformat(ehr.appointments[ref]["start"]) for ref in refs]
        return "501" in actors and any(lower <= start < upper for start in starts)

    ehr.fails = fails


async def test_one_search_names_the_actors_once_and_the_window_with_times_and_offset(ehr):
    page = await ehr.client(vendor=Vendor.millennium).list_appointments(
        practitioners=["502", "501"], start=START, end=START + timedelta(days=1)
    )

    (query,) = queries(ehr)
    assert query["practitioner"] == ["501,502"]
    assert query["date"] == ["ge2026-12-01T00:00:00.000Z", "lt2026-12-02T00:00:00.000Z"]
    assert [found.ref for found in page.appointments] == ["70001"]
    assert (page.faults, page.requests) == ([], 1)


async def test_practitioners_and_locations_are_separate_searches_and_one_result(ehr):
    page = await ehr.client().list_appointments(locations=["3001"], **WEEK)

    assert [set(query) & {"practitioner", "location"} for query in queries(ehr)] == [
        {"practitioner"},
        {"location"},
    ]
    assert [found.ref for found in page.appointments] == ["70001"]


async def test_pages_are_followed_to_the_letter_and_the_newest_version_of_a_repeat_is_kept(ehr):
    for number in range(5):
        ehr.appointments[f"a{number}"] = appointment(f"a{number}", at(number))
    ehr.page_size = 2
    ehr.repeat_on_later_page = appointment("a0", at(9), meta={"versionId": "2"}, status="cancelled")

    page = await ehr.client().list_appointments(**WEEK)

    assert [found.ref for found in page.appointments] == ["a1", "a2", "a3", "a4", "a0", "70001"]
    assert page.appointments[4].version == "2"
    assert page.requests == 3


@pytest.mark.parametrize(
    ("first", "later", "kept"),
    [
        ({"versionId": "9"}, {"versionId": "10"}, "10"),
        ({"versionId": "10"}, {"versionId": "9"}, "10"),
        (
            {"versionId": "2", "lastUpdated": "2026-11-02T00:00:00Z"},
            {"versionId": "9", "lastUpdated": "2026-11-01T00:00:00Z"},
            "2",
        ),
        ({"versionId": "2-1"}, {"versionId": "2-2"}, "2-2"),
    ],
)
async def test_the_newer_of_two_versions_is(ehr, first, later, kept):
    ehr.appointments = {
        "a": appointment("a", at(1), meta=first),
        "b": appointment("b", at(2)),
    }
    ehr.page_size = 1
    ehr.repeat_on_later_page = appointment("a", at(1), meta=later)

    page = await ehr.client().list_appointments(**WEEK)

    assert page.appointments[0].version == kept


async def test_a_next_page_on_another_server_is_not_followed(ehr, monkeypatch):
    """Our token must not be sent where a page happens to point."""
    monkeypatch.setattr(
        "housecall.ehr.fhir.next_link", lambda bundle: "https://evil.test/r4/t1/Appointment?p=2"
    )

    with pytest.raises(AddressRefused):
        await ehr.client().list_appointments(**WEEK)
    assert not [seen for seen in ehr.requests if "evil" in seen[1]]


async def test_an_unreadable_record_is_a_fault_and_the_rest_is_there(ehr):
    ehr.appointments["bad"] = appointment("bad", at(1)) | {"start": None}
    del ehr.appointments["bad"]["start"]

    page = await ehr.client().list_appointments(**WEEK)

    assert [found.ref for found in page.appointments] == ["70001"]
    assert page.faults == [RecordFault("bad", "no_start")]


async def test_a_record_that_breaks_the_search_is_isolated_to_its_minute(ehr):
    for number in range(48):
        ehr.appointments[f"a{number}"] = appointment(f"a{number}", at(number / 2))
    breaks_on(ehr, "a20")

    page = await ehr.client().list_appointments(**WEEK)

    assert {found.ref for found in page.appointments} == set(ehr.appointments) - {"a20"}
    assert page.faults == [RecordFault(None, "window_unreadable")]
    assert page.requests < 40


async def test_a_broken_stretch_is_left_out_for_ten_minutes_and_then_tried_again(ehr, now):
    ehr.appointments["a1"] = appointment("a1", at(1))
    breaks_on(ehr, "a1")
    client = ehr.client()
    await client.list_appointments(**WEEK)

    second = await client.list_appointments(**WEEK)
    assert second.requests == 2, "before and after the stretch"
    assert second.faults == [RecordFault(None, "window_unreadable")]
    assert [found.ref for found in second.appointments] == ["70001"]

    ehr.fails = lambda request: False
    now.advance(timedelta(minutes=11))
    third = await client.list_appointments(**WEEK)
    assert [found.ref for found in third.appointments] == ["a1", "70001"]
    assert (third.faults, third.requests) == ([], 1)


async def test_a_broken_record_of_one_clinician_hides_nothing_of_another(ehr):
    ehr.appointments["a1"] = appointment("a1", at(1))
    other = [{"actor": {"reference": "Practitioner/502"}}]
    ehr.appointments["b1"] = appointment("b1", at(1), participant=other)
    breaks_on(ehr, "a1")
    client = ehr.client()

    for _ in range(2):
        page = await client.list_appointments(
            practitioners=["501", "502"], start=START, end=START + timedelta(days=2)
        )
        assert [found.ref for found in page.appointments] == ["b1", "70001"]


async def test_several_broken_records_are_all_isolated(ehr):
    for number in range(24):
        ehr.appointments[f"a{number}"] = appointment(f"a{number}", at(number))
    breaks_on(ehr, "a0", "a1", "a12", "a23")

    page = await ehr.client().list_appointments(**WEEK)

    assert {found.ref for found in page.appointments} == set(ehr.appointments) - {"a0", "a1", "a12", "a23"}
    assert len(page.faults) == 4


async def test_an_ehr_that_is_down_altogether_is_not_asked_a_thousand_times(ehr):
    ehr.fails = lambda request: True

    with pytest.raises(EhrFaulted):
        await ehr.client().list_appointments(**WEEK)
    assert len(ehr.asked("/Appointment")) <= 15


async def test_throttling_stops_the_reading_and_says_how_long(ehr):
    ehr.throttled = 90

    with pytest.raises(EhrThrottled) as caught:
        await ehr.client().list_appointments(**WEEK)
    assert caught.value.retry_after == timedelta(seconds=90)
    assert len(ehr.asked("/Appointment")) == 1


async def test_millennium_must_be_asked_about_somebody(ehr):
    with pytest.raises(SearchUnbounded):
        await ehr.client(vendor=Vendor.millennium).list_appointments(
            start=START, end=START + timedelta(days=1)
        )


async def test_a_standard_ehr_may_be_asked_about_everybody(ehr):
    page = await ehr.client().list_appointments(start=START, end=START + timedelta(days=1))

    assert [found.ref for found in page.appointments] == ["70001"]


async def test_epic_says_that_it_cannot_instead_of_an_empty_day(ehr):
    with pytest.raises(FeedUnsupported):
        await ehr.client(vendor=Vendor.epic).list_appointments(**WEEK)


async def test_without_a_system_account_there_is_no_feed(ehr):
    with pytest.raises(SystemAccountMissing):
        await ehr.client(system_client_id=None).list_appointments(**WEEK)


async def test_a_patients_appointments_are_found_in_order(ehr):
    ehr.appointments["a1"] = appointment("a1", at(20))
    client = ehr.client()

    found = await client.find_appointments_of_patient(
        "9001", start=START, end=START + timedelta(days=1), tokens=None
    )

    assert [one.ref for one in found] == ["70001", "a1"]
