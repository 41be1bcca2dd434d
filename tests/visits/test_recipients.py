"""Whom a message goes to is read from the EHR when it is sent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from housecall.ehr.base import AppointmentStatus, PatientRef
from housecall.ehr.errors import EhrThrottled, EhrUnavailable
from housecall.kit.ids import OrgId, new_uuid
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.recipients import Due, Later, Outcome, Recipient, Suppress
from housecall.tenancy.service import number_hash
from housecall.tenancy.tables import Connection
from housecall.visits import service
from housecall.visits.recipients import VisitRecipients
from housecall.visits.tables import Visit
from tests.visits.hospital import Hospital, a_person


async def a_visit(hospital: Hospital, **booked: Any) -> Visit:
    await hospital.poll()
    hospital.book(**booked)
    await hospital.poll()
    return (await hospital.visits())[0]


def due(visit: Visit, kind: MessageKind = MessageKind.reminder, typed: str | None = None) -> Due:
    return Due(
        id=new_uuid(),
        org_id=OrgId(visit.org_id),
        connection_id=visit.connection_id,
        subject_ref=visit.id,
        kind=kind,
        instant="1",
        channel=Channel.sms,
        typed_address=typed,
    )


async def outcome(hospital: Hospital, asked: Due) -> Outcome:
    resolver = VisitRecipients(hospital.clinic.desk, hospital.clinic.database)
    return (await resolver.resolve([asked]))[asked.id]


async def change(hospital: Hospital, **values: Any) -> None:
    async with hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
        for name, value in values.items():
            setattr(connection, name, value)


async def test_number_language_and_link_are_those_of_now(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(sms_number="+15550140777", language="es"))

    found = await outcome(hospital, due(visit))

    assert isinstance(found, Recipient)
    assert (found.number, found.language, found.texts_from) == ("+15550140777", "es", "+15550100100")
    assert found.values["link"].startswith("http://localhost:8000/v/")
    assert "+15550140777" not in repr(found)


async def test_the_language_is_kept_on_the_seat_while_the_visit_lasts(hospital: Hospital) -> None:
    visit = await a_visit(hospital, in_minutes=5)

    await outcome(hospital, due(visit))
    assert (await hospital.clinic.seat(visit)).language == "da"
    await hospital.clinic.waiting(visit)
    await hospital.clinic.staff(service.end_visit, visit)

    assert (await hospital.clinic.seat(visit)).language is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sms_number": None, "sms_refusal": "no_mobile"}, "no_mobile"),
        ({"sms_number": None, "sms_refusal": "opted_out"}, "opted_out"),
        ({"sms_number": None, "sms_refusal": "invalid_number"}, "invalid_number"),
        ({"sms_number": None, "sms_refusal": "deceased", "is_deceased": True}, "deceased"),
    ],
)
async def test_who_cannot_be_texted_is_not(hospital: Hospital, changed: dict[str, Any], reason: str) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**changed))

    assert await outcome(hospital, due(visit)) == Suppress(reason)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"consent_send_at": None}, "no_consent"),
        ({"consent_attendees_at": None}, "no_consent"),
        ({"texts_from": None}, "no_number"),
        ({"state": "draft"}, "connection_not_working"),
        ({"texts_to": []}, "not_listed"),
    ],
)
async def test_consent_number_and_list_are_read_when_sending(
    hospital: Hospital, changed: dict[str, Any], reason: str
) -> None:
    visit = await a_visit(hospital)
    await change(hospital, **changed)

    assert await outcome(hospital, due(visit)) == Suppress(reason)


async def test_a_listed_number_may_be_texted_on_a_test_connection(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    await change(hospital, texts_to=[number_hash(hospital.clinic.desk.sealer, "+1 555 014 0001")])

    assert isinstance(await outcome(hospital, due(visit)), Recipient)


async def test_a_merged_patient_is_followed_to_who_replaced_them(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    other = PatientRef("patient-anna-2")
    merged = a_person(sms_number=None, sms_refusal="merged", is_active=False, replaced_by=other)
    hospital.ehr.put_person(merged)
    hospital.ehr.put_person(a_person(other, sms_number="+15550140009"))

    found = await outcome(hospital, due(visit))

    assert isinstance(found, Recipient)
    assert found.number == "+15550140009"


async def test_a_typed_number_is_used_and_nobodys_record_is_read(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    asked = hospital.ehr.requests

    found = await outcome(hospital, due(visit, MessageKind.link, typed="+15550140555"))

    assert isinstance(found, Recipient)
    assert found.number == "+15550140555"
    assert hospital.ehr.requests == asked


async def test_what_was_cancelled_a_moment_ago_is_not_reminded(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    booked = (await hospital.ehr.read_appointments([visit.appointment_ref]))[visit.appointment_ref]  # type: ignore[list-item,index]

    hospital.ehr.put_appointment(replace(booked, status=AppointmentStatus.cancelled))
    assert await outcome(hospital, due(visit)) == Suppress("visit_cancelled")
    hospital.move(booked, by=timedelta(hours=1), version="7")
    assert await outcome(hospital, due(visit)) == Suppress("visit_moved")


async def test_a_reminder_after_the_start_is_too_late_but_a_link_is_not(hospital: Hospital) -> None:
    visit = await a_visit(hospital, in_minutes=5)
    hospital.clinic.later(minutes=6)

    assert await outcome(hospital, due(visit)) == Suppress("too_late")
    assert isinstance(await outcome(hospital, due(visit, MessageKind.link)), Recipient)
    hospital.clinic.later(hours=5)
    assert await outcome(hospital, due(visit, MessageKind.link)) == Suppress("visit_over")


@pytest.mark.parametrize(
    ("fault", "wait"), [(EhrUnavailable(), 30), (EhrThrottled(timedelta(seconds=75)), 75)]
)
async def test_an_ehr_that_is_away_delays_and_loses_nothing(
    hospital: Hospital, fault: EhrUnavailable, wait: int
) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.fault = fault

    assert await outcome(hospital, due(visit)) == Later(hospital.clinic.now + timedelta(seconds=wait))


async def test_a_hundred_messages_cost_two_reads(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    asked = hospital.ehr.requests
    resolver = VisitRecipients(hospital.clinic.desk, hospital.clinic.database)

    found = await resolver.resolve([due(visit) for _ in range(100)])

    assert len(found) == 100
    assert hospital.ehr.requests - asked == 2
