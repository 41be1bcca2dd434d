"""Rules for video visits, tried on the schedule of the day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from housecall.ehr.base import Appointment, AppointmentRef, LocationRef, RecordFault, Traits
from housecall.ehr.errors import EhrUnavailable
from housecall.tenancy.errors import ConnectionUnknown, RuleUnknown
from housecall.visits.matching import Trial, try_rules
from tests.visits.clinic import OPERATOR, an_appointment, open_clinic
from tests.visits.hospital import ANNA, Hospital


def book(
    hospital: Hospital, ref: str, start: datetime, traits: Traits, location: str = "room-1"
) -> Appointment:
    made = replace(
        an_appointment(ref, start, start + timedelta(minutes=20)),
        traits=replace(traits, locations=frozenset({location})),
        locations=(LocationRef(location),),
        patient=ANNA,
    )
    hospital.ehr.put_appointment(made)
    return made


async def trial(hospital: Hospital, *rules: str) -> Trial:
    clinic = hospital.clinic
    return await try_rules(
        clinic.desk, clinic.database, clinic.org_id, clinic.connection.id, by=OPERATOR, rules=rules or None
    )


async def test_each_appointment_of_the_day_says_by_which_rule_it_is_a_video_visit(hospital: Hospital) -> None:
    now = hospital.clinic.now
    book(hospital, "a-1", now, Traits(has_words=True, services=("Video visit",)))
    book(hospital, "a-2", now + timedelta(minutes=1), Traits(services=("Surgery",), codes=frozenset({"404"})))
    book(hospital, "a-3", now + timedelta(minutes=2), Traits(has_rooms=True), location="room-2")

    usual, tried = await trial(hospital), await trial(hospital, "service:404", "location:room-2")

    assert [(row.appointment_ref, row.rule) for row in usual.rows] == [
        ("a-1", "words"), ("a-2", None), ("a-3", "rooms"),
    ]  # fmt: skip
    assert [row.rule for row in tried.rows] == [None, "service:404", "location:room-2"]
    assert (usual.rules, usual.matched, usual.matched_by("rooms")) == (("rooms", "words"), 2, 1)
    assert (tried.rows[1].service_type, tried.rows[2].location_ref) == ("Surgery", "room-2")
    assert tried.rows[0].starts_at == now


async def test_the_day_is_the_clinics_own(hospital: Hospital) -> None:
    """Chicago is six hours behind in winter: its 1 December ends at six in the morning of the second."""
    hospital.clinic.clock.advance(datetime(2026, 12, 2, 2, 0, tzinfo=UTC) - hospital.clinic.now)
    for ref, hour in (("before", datetime(2026, 12, 1, 5, 59)), ("first", datetime(2026, 12, 1, 6, 0))):
        book(hospital, ref, hour.replace(tzinfo=UTC), Traits())
    for ref, hour in (("last", datetime(2026, 12, 2, 5, 59)), ("after", datetime(2026, 12, 2, 6, 0))):
        book(hospital, ref, hour.replace(tzinfo=UTC), Traits())

    found = await trial(hospital)

    assert str(found.day) == "2026-12-01"
    assert [row.appointment_ref for row in found.rows] == ["first", "last"]


async def test_nothing_of_a_patient_is_told_and_nothing_is_kept_but_the_act(hospital: Hospital) -> None:
    book(hospital, "a-1", hospital.clinic.now, Traits(has_words=True))
    hospital.ehr.faults = [RecordFault(AppointmentRef("broken"), "no_start")]

    found = await trial(hospital, "words")

    assert ANNA not in repr(found)
    assert not hasattr(found.rows[0], "patient")
    assert found.unreadable == 1
    assert await hospital.visits() == []
    assert (await hospital.clinic.acts())[-1] == "visits:rules:tried"


async def test_what_cannot_be_tried_is_said(hospital: Hospital) -> None:
    with pytest.raises(RuleUnknown):
        await trial(hospital, "virtuel")
    stranger = await open_clinic(
        hospital.clinic.database, hospital.clinic.clock, hospital.clinic.desk.sealer, "another"
    )
    with pytest.raises(ConnectionUnknown):
        await try_rules(
            hospital.clinic.desk,
            stranger.database,
            stranger.org_id,
            hospital.clinic.connection.id,
            by=OPERATOR,
        )
    hospital.ehr.fault = EhrUnavailable()
    with pytest.raises(EhrUnavailable):
        await trial(hospital)
