"""Who gets a text, who an e-mail, and why somebody gets neither: by the connection and the patient's record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.recipients import Outcome, Recipient, Suppress
from housecall.tenancy.model import Channels
from housecall.tenancy.service import listed_hash
from housecall.visits.errors import MailAddressInvalid, NumberInvalid
from housecall.visits.tables import Visit
from housecall.visits.texting import send_link
from tests.visits.clinic import NURSE
from tests.visits.hospital import Hospital, a_person
from tests.visits.test_recipients import a_visit, change, due, outcome

MOBILE = {"sms_number": "+15550140001", "sms_refusal": None}
NO_MOBILE = {"sms_number": None, "sms_refusal": "no_mobile"}
NOT_BY_TEXT = {"sms_number": None, "sms_refusal": "opted_out"}
MAIL = {"email": "anna@mail.example", "email_refusal": None}
NO_MAIL = {"email": None, "email_refusal": "no_email"}
NOT_BY_MAIL = {"email": None, "email_refusal": "opted_out"}


def told(found: Outcome) -> str:
    return found.number if isinstance(found, Recipient) else getattr(found, "reason", "later")


async def both_outcomes(hospital: Hospital, visit: Visit, instant: str = "1") -> tuple[str, str]:
    text = replace(due(visit), instant=instant)
    mail = replace(due(visit), channel=Channel.email, instant=instant)
    return told(await outcome(hospital, text)), told(await outcome(hospital, mail))


# What the patient's record says, and what becomes of the text and of the e-mail where both are planned.
@pytest.mark.parametrize(
    ("channels", "record", "text", "mail"),
    [
        (Channels.both, MOBILE | MAIL, "+15550140001", "anna@mail.example"),
        (Channels.both, MOBILE | NO_MAIL, "+15550140001", "no_email"),
        (Channels.both, NO_MOBILE | MAIL, "no_mobile", "anna@mail.example"),
        (Channels.both, NOT_BY_TEXT | MAIL, "opted_out", "anna@mail.example"),
        (Channels.both, MOBILE | NOT_BY_MAIL, "+15550140001", "opted_out"),
        (Channels.text_else_email, MOBILE | MAIL, "+15550140001", "goes_by_text"),
        (Channels.text_else_email, NO_MOBILE | MAIL, "no_mobile", "anna@mail.example"),
        (Channels.text_else_email, NOT_BY_TEXT | MAIL, "opted_out", "anna@mail.example"),
        (Channels.text_else_email, NO_MOBILE | NO_MAIL, "no_mobile", "no_email"),
    ],
)
async def test_the_connection_and_the_record_decide(
    hospital: Hospital, channels: Channels, record: dict[str, Any], text: str, mail: str
) -> None:
    await change(hospital, channels=channels.value)
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**record))

    assert await both_outcomes(hospital, visit) == (text, mail)


async def test_without_a_number_to_text_from_the_fallback_is_sent(hospital: Hospital) -> None:
    await change(hospital, channels=Channels.text_else_email.value, texts_from=None)
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**MOBILE, **MAIL))

    assert await both_outcomes(hospital, visit) == ("no_number", "anna@mail.example")


async def test_an_e_mail_wished_by_hand_goes_also_to_who_could_be_texted(hospital: Hospital) -> None:
    await change(hospital, channels=Channels.text_else_email.value)
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**MOBILE, **MAIL))

    assert (await both_outcomes(hospital, visit, "now.1"))[1] == "anna@mail.example"
    assert (await both_outcomes(hospital, visit, "else.1"))[1] == "goes_by_text"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"consent_send_at": None}, "no_consent"),
        ({"state": "draft"}, "connection_not_working"),
        ({"texts_to": []}, "not_listed"),
    ],
)
async def test_consent_and_list_hold_for_e_mails_too(
    hospital: Hospital, changed: dict[str, Any], reason: str
) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**MAIL))
    await change(hospital, **changed)

    assert await outcome(hospital, replace(due(visit), channel=Channel.email)) == Suppress(reason)


async def test_a_listed_address_may_be_written_to_in_any_case(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(**MAIL))
    await change(hospital, texts_to=[listed_hash(hospital.clinic.desk.sealer, "ANNA@mail.example")])

    assert isinstance(await outcome(hospital, replace(due(visit), channel=Channel.email)), Recipient)


@pytest.mark.parametrize(
    ("channels", "planned"),
    [
        (Channels.text, {"sms"}),
        (Channels.email, {"email"}),
        (Channels.both, {"sms", "email"}),
        (Channels.text_else_email, {"sms", "email"}),
    ],
)
async def test_what_is_planned_for_a_booking_follows_the_connection(
    hospital: Hospital, channels: Channels, planned: set[str]
) -> None:
    await change(hospital, channels=channels.value)
    await a_visit(hospital)

    found = await hospital.messages()

    by_kind = {
        kind: {one.channel for one in found if one.kind == kind} for kind in ("confirmation", "reminder")
    }
    assert by_kind == {"confirmation": planned, "reminder": planned}


async def test_the_event_keeps_its_uid_and_counts_on_over_moves_and_a_visit_begun_anew(
    hospital: Hospital,
) -> None:
    await hospital.poll()
    booked = hospital.book()
    await hospital.poll()
    hospital.ehr.put_person(a_person(**MAIL))
    events = [await event_of(hospital, (await hospital.visits())[-1])]

    moved = hospital.move(booked, by=timedelta(hours=1), version="2")
    await hospital.poll()
    events.append(await event_of(hospital, (await hospital.visits())[-1]))
    hospital.cancel(moved, "3")
    await hospital.poll()
    events.append(await event_of(hospital, (await hospital.visits())[-1], MessageKind.cancelled))
    hospital.ehr.put_appointment(replace(moved, version="4"))
    await hospital.poll()
    events.append(await event_of(hospital, (await hospital.visits())[-1]))

    assert len({event.uid for event in events}) == 1
    assert events[1].starts_at > events[0].starts_at
    sequences = [event.sequence for event in events]
    assert sequences == sorted(set(sequences))


async def event_of(hospital: Hospital, visit: Visit, kind: MessageKind = MessageKind.confirmation) -> Any:
    found = await outcome(hospital, replace(due(visit, kind), channel=Channel.email))
    assert isinstance(found, Recipient), found
    return found.event


@pytest.mark.parametrize(
    ("typed", "channel", "expected"),
    [
        (None, None, {"sms"}),
        (None, Channel.email, {"email"}),
        ("+1 555 014 0999", None, {"sms"}),
        ("son@mail.example", None, {"email"}),
    ],
)
async def test_a_link_by_hand_goes_the_way_the_clinician_chose(
    hospital: Hospital, typed: str | None, channel: Channel | None, expected: set[str]
) -> None:
    visit = await a_visit(hospital, in_minutes=60)
    clinic = hospital.clinic

    await send_link(
        clinic.desk, clinic.database, clinic.org_id, visit.id, typed=typed, channel=channel, by=NURSE
    )

    sent = [one for one in await hospital.messages() if one.kind == "link"]
    assert {one.channel for one in sent} == expected
    assert all(one.is_typed == (typed is not None) for one in sent)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [("son@mail", MailAddressInvalid), ("a@b.example\nBcc: c@d.example", MailAddressInvalid), ("123", NumberInvalid)],
)  # fmt: skip
async def test_what_cannot_be_written_to_is_refused_at_once(
    hospital: Hospital, typed: str, fault: type[Exception]
) -> None:
    visit = await a_visit(hospital, in_minutes=60)
    clinic = hospital.clinic

    with pytest.raises(fault):
        await send_link(clinic.desk, clinic.database, clinic.org_id, visit.id, typed=typed, by=NURSE)

    assert [one for one in await hospital.messages() if one.kind == "link"] == []
