"""What interpreters and relatives are written, where their numbers are kept meanwhile, and when they are gone."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

from housecall.ehr.base import Appointment
from housecall.messaging.providers.memory import MemoryProvider
from housecall.tenancy.service import name_clinic
from housecall.tenancy.tables import Connection
from housecall.visits import guests, service
from housecall.visits.errors import AddressMissing, GuestUnknown, MailAddressInvalid, NumberInvalid
from housecall.visits.guest_texting import KEPT_AFTER, send_invitation
from housecall.visits.tables import Visit
from housecall.visits.tables_guests import GuestAddress
from tests.visits.clinic import NURSE, OPERATOR
from tests.visits.hospital import Hospital, outbox_of

pytestmark = pytest.mark.usefixtures("tells_guests")

PHONE = "+15550140555"
MAIL = "tolk@example.org"


async def keep_addresses(hospital: Hospital, keeps: bool) -> None:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        await name_clinic(
            work,
            clinic.org_id,
            name=None,
            phone=None,
            keeps_guest_addresses=keeps,
            now=clinic.now,
            by=OPERATOR,
        )


@pytest_asyncio.fixture
async def tells_guests(hospital: Hospital) -> None:
    await keep_addresses(hospital, True)


async def a_visit(hospital: Hospital, **booked: Any) -> tuple[Appointment, Visit]:
    await hospital.poll()
    booked_now = hospital.book(**booked)
    await hospital.poll()
    return booked_now, (await hospital.visits())[-1]


async def invited(
    hospital: Hospital,
    visit: Visit,
    to: str | None = PHONE,
    *,
    role: str = "interpreter",
    language: str = "es",
) -> guests.Invited:
    clinic = hospital.clinic
    made = await clinic.invite(visit, role, language)
    if to:
        await clinic.act(send_invitation, visit.id, who=made.participant, typed=to, by=NURSE)
    return made


async def sent(hospital: Hospital, provider: MemoryProvider, to: str = PHONE) -> list[str]:
    return [one.body for one in provider.sent if one.to == to]


async def kept(hospital: Hospital) -> int:
    async with hospital.clinic.database.work() as work:
        return int(await work.session.scalar(select(func.count()).select_from(GuestAddress)) or 0)


async def test_the_link_goes_to_what_was_typed_in_the_language_of_the_link(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    made = await invited(hospital, visit, "(555) 014-0555")
    outbox, provider = outbox_of(hospital)

    await outbox.send_due()

    (body,) = await sent(hospital, provider)
    assert "le invitan a una visita por video" in body
    assert made.link in body
    shown = (await hospital.clinic.view(visit))["guests"][0]["message"]
    assert (shown["kind"], shown["channel"], shown["state"]) == ("invitation", "sms", "accepted")
    patients = (await hospital.clinic.view(visit))["patient"]["message"]
    assert patients["kind"] != "invitation"


async def test_an_address_is_written_an_e_mail_with_the_visit_for_a_calendar(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    made = await invited(hospital, visit, MAIL, role="family", language="da")
    outbox, provider = outbox_of(hospital)

    await outbox.send_due()

    (mail,) = [one for one in provider.sent if one.to == MAIL]
    assert mail.letter is not None
    assert mail.letter.subject.startswith("Du er inviteret til en videokonsultation")
    assert mail.letter.calendar is not None
    assert made.link in mail.body
    assert "har inviteret dig" in mail.body


async def test_a_move_is_told_and_the_link_is_the_same(hospital: Hospital) -> None:
    appointment, visit = await a_visit(hospital, in_minutes=60)
    made = await invited(hospital, visit)
    untold = await invited(hospital, visit, None)
    outbox, provider = outbox_of(hospital)
    await outbox.send_due()

    hospital.move(appointment, by=timedelta(hours=3), version="2")
    await hospital.poll()
    await outbox.send_due()

    _, moved = await sent(hospital, provider)
    assert "es ahora" in moved
    assert made.link in moved
    assert untold.link not in "".join(one.body for one in provider.sent)


async def test_a_cancellation_is_told_in_their_language_and_their_number_is_gone_a_day_later(
    hospital: Hospital,
) -> None:
    appointment, visit = await a_visit(hospital)
    await invited(hospital, visit)
    outbox, provider = outbox_of(hospital)
    await outbox.send_due()

    hospital.cancel(appointment)
    await hospital.poll()
    await outbox.send_due()

    assert "se ha cancelado" in (await sent(hospital, provider))[-1]
    assert await kept(hospital) == 1
    hospital.clinic.later(seconds=KEPT_AFTER.total_seconds() + 60)
    await hospital.clinic.sweep()
    assert await kept(hospital) == 0
    async with hospital.clinic.database.work() as work:
        assert list(
            await work.session.scalars(text("SELECT language FROM seat WHERE role <> 'patient'"))
        ) == [None]


async def test_the_number_is_gone_at_once_when_the_visit_ends_or_the_link_is_withdrawn(
    hospital: Hospital,
) -> None:
    _, visit = await a_visit(hospital, in_minutes=5)
    first, _ = await invited(hospital, visit), await invited(hospital, visit, MAIL)
    assert await kept(hospital) == 2

    await hospital.clinic.act(guests.withdraw, visit.id, who=first.participant, by=NURSE)
    assert await kept(hospital) == 1
    await hospital.clinic.in_call(visit)
    await hospital.clinic.staff(service.end_visit, visit)

    assert await kept(hospital) == 0


async def test_a_visit_that_nobody_ends_keeps_no_number_for_ever(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital, in_minutes=5)
    await invited(hospital, visit)

    hospital.clinic.later(days=3)
    await hospital.clinic.sweep()

    assert await kept(hospital) == 0


async def test_unless_chosen_otherwise_the_number_goes_with_the_message_and_staff_tell_of_a_move(
    hospital: Hospital,
) -> None:
    await keep_addresses(hospital, False)
    appointment, visit = await a_visit(hospital, in_minutes=60)
    made = await invited(hospital, visit)
    outbox, provider = outbox_of(hospital)

    await outbox.send_due()

    assert made.link in (await sent(hospital, provider))[0]
    async with hospital.clinic.database.work() as work:
        assert list(await work.session.scalars(text("SELECT 1 FROM typed_address"))) == []
    with pytest.raises(AddressMissing):
        await hospital.clinic.act(send_invitation, visit.id, who=made.participant, typed=None, by=NURSE)
    hospital.move(appointment, by=timedelta(hours=3), version="2")
    await hospital.poll()
    await outbox.send_due()
    assert len(await sent(hospital, provider)) == 1
    assert await kept(hospital) == 0


async def test_what_was_kept_is_gone_once_the_organisation_keeps_nothing(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    await invited(hospital, visit)

    await keep_addresses(hospital, False)
    await hospital.clinic.sweep()

    assert await kept(hospital) == 0


async def test_what_is_kept_says_nothing_to_who_reads_the_database(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    await invited(hospital, visit)

    async with hospital.clinic.database.work() as work:
        (row,) = await work.session.scalars(select(GuestAddress))
        assert PHONE.encode() not in row.sealed + row.key_sealed
        everything = await work.session.scalars(text("SELECT to_jsonb(m)::text FROM message AS m"))
        assert PHONE not in "".join(everything)


async def test_withdrawn_before_it_left_it_does_not_leave(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    made = await invited(hospital, visit)
    outbox, provider = outbox_of(hospital)

    await hospital.clinic.act(guests.withdraw, visit.id, who=made.participant, by=NURSE)
    await outbox.send_due()

    assert await sent(hospital, provider) == []
    (message,) = [one for one in await hospital.messages() if one.kind == "invitation"]
    assert (message.state, message.reason) == ("suppressed", "not_wanted")


async def test_sent_again_it_goes_where_the_one_before_went(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    made = await invited(hospital, visit)
    outbox, provider = outbox_of(hospital)

    await hospital.clinic.act(send_invitation, visit.id, who=made.participant, typed=None, by=NURSE)
    await outbox.send_due()

    assert len(await sent(hospital, provider)) == 2


async def test_without_consent_or_listing_nothing_leaves_and_the_panel_says_why(hospital: Hospital) -> None:
    _, visit = await a_visit(hospital)
    await invited(hospital, visit)
    async with hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
        connection.texts_to = []
    outbox, provider = outbox_of(hospital)

    await outbox.send_due()

    assert await sent(hospital, provider) == []
    shown = (await hospital.clinic.view(visit))["guests"][0]["message"]
    assert (shown["state"], shown["reason"]) == ("suppressed", "not_listed")


async def test_quiet_hours_hold_what_leaves_by_itself_and_not_what_a_person_sends(hospital: Hospital) -> None:
    appointment, visit = await a_visit(hospital, in_minutes=3 * 24 * 60)
    async with hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
        connection.quiet_from_min, connection.quiet_until_min = 0, 24 * 60 - 1
    outbox, provider = outbox_of(hospital)
    await invited(hospital, visit)
    await outbox.send_due()
    assert len(await sent(hospital, provider)) == 1

    hospital.move(appointment, by=timedelta(hours=3), version="2")
    await hospital.poll()
    await outbox.send_due()

    assert len(await sent(hospital, provider)) == 1
    assert [one.state for one in await hospital.messages() if one.kind == "invitation_changed"] == ["planned"]


@pytest.mark.parametrize(
    ("typed", "fault"), [("12", NumberInvalid), ("tolk@", MailAddressInvalid), (None, AddressMissing)]
)
async def test_what_cannot_be_written_to_is_refused(
    hospital: Hospital, typed: str | None, fault: type[Exception]
) -> None:
    _, visit = await a_visit(hospital)
    made = await invited(hospital, visit, None)

    with pytest.raises(fault):
        await hospital.clinic.act(send_invitation, visit.id, who=made.participant, typed=typed, by=NURSE)
    with pytest.raises(GuestUnknown):
        await hospital.clinic.act(send_invitation, visit.id, who="p_nobody", typed=PHONE, by=NURSE)
    assert await kept(hospital) == 0
