"""Records as EHRs really send them are read; what cannot be read is named."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from housecall.ehr.base import AppointmentStatus, RecordFault
from housecall.ehr.fhir import resources_in
from housecall.ehr.readers import (
    RecordUnreadable,
    read_appointment,
    read_clinician,
    read_listed_appointment,
    read_person,
    zone_of,
)
from tests.ehr.small_ehr import appointment, fixture

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def test_a_video_visit_is_read_with_its_people_and_without_its_rooms():
    found = read_appointment(fixture("appointment_video"))

    assert (found.ref, found.version, found.status) == ("70001", "2-1", AppointmentStatus.booked)
    assert found.start == datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    assert found.end == datetime(2026, 12, 1, 15, 15, tzinfo=UTC)
    assert (found.patient, found.practitioners, found.locations) == ("9001", ("501",), ("3001",))
    assert found.is_virtual
    assert found.service == "Follow-up on screen"


def test_an_ordinary_appointment_with_an_empty_comment_and_a_nameless_participant_is_read():
    found = read_appointment(fixture("appointment_plain"))

    assert found.status == AppointmentStatus.cancelled
    assert found.patient == "9001", "an absolute reference with a version"
    assert found.practitioners == ()
    assert not found.is_virtual


def test_a_bundle_without_total_and_modes_gives_its_records():
    assert [found["id"] for found in resources_in(fixture("appointment_bundle"))] == ["70002"]


def test_an_outcome_in_a_bundle_is_no_appointment():
    bundle = {"entry": [{"resource": {"resourceType": "OperationOutcome"}}, {"search": {}}, "odd", None]}

    assert resources_in(bundle) == []


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("checked-in", AppointmentStatus.checked_in),
        ("entered-in-error", AppointmentStatus.entered_in_error),
        ("noshow", AppointmentStatus.noshow),
        ("teleported", AppointmentStatus.unknown),
        (None, AppointmentStatus.unknown),
        (7, AppointmentStatus.unknown),
    ],
)
def test_a_status_is_one_of_ours_or_unknown(written, status):
    assert read_appointment(appointment("1", "2026-12-01T15:00:00Z", status=written)).status == status


def test_a_time_without_an_offset_is_the_sites_time():
    found = read_appointment(appointment("1", "2026-12-01T09:00:00"), zone=ZoneInfo("America/Chicago"))

    assert found.start == datetime(2026, 12, 1, 15, 0, tzinfo=UTC)


def test_a_bare_day_is_no_start():
    assert read_appointment(appointment("1", "2026-12-01")).start is None


def test_an_unknown_time_zone_is_utc():
    assert zone_of("Mars/Olympus").key == "UTC"


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ({"resourceType": "Slot", "id": "5"}, RecordFault("5", "not_an_appointment")),
        ({"resourceType": "Appointment"}, RecordFault(None, "no_id")),
        ({"resourceType": "Appointment", "id": "../x"}, RecordFault(None, "no_id")),
        ({"resourceType": "Appointment", "id": "5", "status": "booked"}, RecordFault("5", "no_start")),
    ],
)
def test_an_unreadable_record_names_its_fault(resource, fault):
    with pytest.raises(RecordUnreadable) as caught:
        read_listed_appointment(resource, rules=(), zone=ZoneInfo("UTC"))

    assert caught.value.fault == fault


@pytest.mark.parametrize(
    "odd",
    [
        {"participant": "none", "meta": [], "text": "plain", "contained": {}, "serviceType": 3},
        {"participant": [None, {"actor": None}, {"actor": {"reference": 5}}], "meta": {"versionId": 3}},
        {"start": {"value": 1}, "end": ["x"], "serviceType": [{"coding": "x", "text": ["y"]}]},
    ],
)
def test_fields_of_the_wrong_shape_are_absent_fields(odd):
    found = read_appointment({"resourceType": "Appointment", "id": "1", "status": "booked", **odd})

    assert (found.patient, found.start, found.is_virtual) == (None, None, False)


def test_a_person_is_read_with_the_open_name_the_preferred_language_and_the_mobile_number():
    found = read_person(fixture("patient_full"), region="US", now=NOW)

    assert found is not None
    assert (found.display_name, found.language, found.birth_date) == ("DOE, ADA", "es", date(1976, 4, 29))
    assert (found.sms_number, found.sms_refusal) == ("+18165550102", None)
    assert (found.email, found.email_refusal) == (None, "opted_out"), "the record asks for texts"
    assert found.is_active
    assert not found.is_deceased


def test_a_merged_person_names_who_replaced_them_and_gets_no_text():
    found = read_person(fixture("patient_merged"), region="US", now=NOW)

    assert found is not None
    assert (found.display_name, found.replaced_by, found.is_active) == ("", "9001", False)
    assert (found.sms_number, found.sms_refusal, found.email_refusal) == (None, "merged", "merged")


@pytest.mark.parametrize("death", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-01-01"}])
def test_the_dead_get_no_text(death):
    found = read_person(fixture("patient_full") | death, region="US", now=NOW)

    assert found is not None
    assert (found.is_deceased, found.sms_number, found.sms_refusal) == (True, None, "deceased")


def test_a_clinician_is_read():
    found = read_clinician(fixture("practitioner"), now=NOW)

    assert found is not None
    assert (found.ref, found.display_name, found.email) == ("501", "Hale MD, Robin", "robin@example.test")


def test_nothing_that_says_who_somebody_is_shows_in_a_trace():
    person = read_person(fixture("patient_full"), region="US", now=NOW)
    visit = read_appointment(fixture("appointment_video"))

    shown = repr(person) + repr(visit)

    assert not [secret for secret in ("DOE", "9001", "8165550102", "1976", "ada@") if secret in shown]
