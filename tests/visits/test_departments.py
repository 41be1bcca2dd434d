"""Departments at work: whose a visit is, what it says otherwise than its connection, and going live one by one."""

from dataclasses import replace
from typing import Any

from housecall.ehr.base import LocationRef
from housecall.meetings.memory import MemoryMeetings
from housecall.messaging.editing import Which, save_template
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.recipients import Recipient, Suppress
from housecall.messaging.templates import Wording
from housecall.tenancy.departments import DepartmentSettings, set_pilot, switch_department
from housecall.tenancy.tables import Connection, Department
from housecall.visits.details import read_details
from housecall.visits.guest_texting import send_invitation
from housecall.visits.tables import Visit
from housecall.visits.timing import archive_department, follow, save_department
from tests.visits.clinic import NURSE, OPERATOR, Clinic
from tests.visits.hospital import Hospital, outbox_of
from tests.visits.test_recipients import due, outcome
from tests.visits.test_timing import planned_reminders

HEART, SKIN = "location-heart", "location-skin"
DAY = 24 * 60


async def department(clinic: Clinic, name: str = "Heart", **said: Any) -> Department:
    """A department of the clinic's connection, with its visits following."""
    wanted = DepartmentSettings(name=name, **({"locations": (HEART,)} | said))
    async with clinic.database.work() as work:
        made = await save_department(
            work, clinic.org_id, clinic.connection.id, wanted, department_id=None, now=clinic.now, by=OPERATOR
        )
    await follow(clinic.desk, clinic.database, clinic.org_id, clinic.connection.id)
    return made


async def change(clinic: Clinic, one: Department, **said: Any) -> None:
    async with clinic.database.work() as work:
        wanted = replace(DepartmentSettings.of(one), **said)
        await save_department(
            work, clinic.org_id, one.connection_id, wanted, department_id=one.id, now=clinic.now, by=OPERATOR
        )
    await follow(clinic.desk, clinic.database, clinic.org_id, clinic.connection.id)


async def switch(clinic: Clinic, one: Department, *, live: bool = True) -> None:
    async with clinic.database.work() as work:
        await switch_department(work, clinic.org_id, one.id, live=live, now=clinic.now, by=OPERATOR)


async def pilot(clinic: Clinic, *, is_on: bool = True) -> None:
    async with clinic.database.work() as work:
        await set_pilot(
            work, clinic.org_id, clinic.connection.id, is_pilot=is_on, now=clinic.now, by=OPERATOR
        )


async def found(hospital: Hospital, ref: str, place: str, **booked: Any) -> Visit | None:
    """What stands on an appointment at that place once it was polled."""
    await hospital.poll()
    hospital.book(ref, locations=(LocationRef(place),), **booked)
    await hospital.poll()
    return next((visit for visit in await hospital.visits() if visit.appointment_ref == ref), None)


async def a_visit_at(hospital: Hospital, place: str = HEART, ref: str = "a-1", **booked: Any) -> Visit:
    visit = await found(hospital, ref, place, **booked)
    assert visit is not None
    return visit


async def test_a_visit_is_its_places_departments_from_the_first_meeting(hospital: Hospital) -> None:
    heart = await department(hospital.clinic)

    assert (await a_visit_at(hospital)).department_id == heart.id
    assert (await a_visit_at(hospital, SKIN, "a-2")).department_id is None


async def test_a_clinicians_department_counts_before_the_places(hospital: Hospital) -> None:
    await department(hospital.clinic)
    team = await department(hospital.clinic, "Team", locations=(), practitioners=("practitioner-1",))

    assert (await a_visit_at(hospital)).department_id == team.id


async def test_visits_to_come_follow_a_change_of_the_department_and_those_that_are_over_do_not(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    coming = await a_visit_at(hospital, in_minutes=120)
    over = await a_visit_at(hospital, ref="a-0", in_minutes=20)
    clinic.later(hours=1)

    heart = await department(clinic)
    assert (await clinic.fresh(coming)).department_id == heart.id
    assert (await clinic.fresh(over)).department_id is None

    async with clinic.database.work() as work:
        await archive_department(work, clinic.org_id, heart.id, now=clinic.now, by=OPERATOR)
    await follow(clinic.desk, clinic.database, clinic.org_id, clinic.connection.id)
    assert (await clinic.fresh(coming)).department_id is None


async def test_an_appointment_that_is_sent_elsewhere_changes_its_department_and_its_reminders(
    hospital: Hospital,
) -> None:
    await department(hospital.clinic, reminders_min=(30,))
    visit = await a_visit_at(hospital, SKIN, in_minutes=120)
    before = await planned_reminders(hospital)

    hospital.ehr.put_appointment(
        replace(
            hospital.book("a-1", in_minutes=119, version="2"),
            start=visit.starts_at,
            end=visit.ends_at,
            locations=(LocationRef(HEART),),
        )
    )
    await hospital.poll()

    assert (before, await planned_reminders(hospital)) == ([(15, "sms")], [(30, "sms")])


async def test_reminders_are_the_departments_where_it_has_its_own(hospital: Hospital) -> None:
    heart = await department(hospital.clinic, reminders_min=(45, 10))

    await a_visit_at(hospital, in_minutes=120)
    assert await planned_reminders(hospital) == [(10, "sms"), (45, "sms")]

    await change(hospital.clinic, heart, reminders_min=())
    assert await planned_reminders(hospital) == []
    await change(hospital.clinic, heart, reminders_min=None)
    assert await planned_reminders(hospital) == [(15, "sms")]


async def test_texts_leave_from_the_departments_number_and_others_from_the_connections(
    hospital: Hospital,
) -> None:
    heart = await department(hospital.clinic, texts_from="+15550100200", texts_backup="+15550100201")

    ours = await outcome(hospital, due(await a_visit_at(hospital)))
    others = await outcome(hospital, due(await a_visit_at(hospital, SKIN, "a-2")))

    assert isinstance(ours, Recipient)
    assert isinstance(others, Recipient)
    assert (ours.texts_from, ours.texts_backup, ours.department) == (
        "+15550100200", "+15550100201", heart.id,
    )  # fmt: skip
    assert (others.texts_from, others.texts_backup, others.department) == ("+15550100100", None, "")


async def test_a_department_with_a_number_texts_though_its_connection_has_none(hospital: Hospital) -> None:
    await department(hospital.clinic, texts_from="+15550100200")
    async with hospital.clinic.database.work() as work:
        (await work.session.get_one(Connection, hospital.clinic.connection.id)).texts_from = None

    ours = await outcome(hospital, due(await a_visit_at(hospital)))
    others = await outcome(hospital, due(await a_visit_at(hospital, SKIN, "a-2")))

    assert isinstance(ours, Recipient)
    assert others == Suppress("no_number")


async def test_visits_are_held_where_the_department_says(hospital: Hospital) -> None:
    heart = await department(hospital.clinic)
    async with hospital.clinic.database.work() as work:
        (await work.session.get_one(Department, heart.id)).meeting_service = MemoryMeetings.name

    ours = await a_visit_at(hospital)
    others = await a_visit_at(hospital, SKIN, "a-2")

    assert (ours.meeting_service, ours.meeting_is_ready) == (MemoryMeetings.name, False)
    assert (others.meeting_service, others.meeting_is_ready) == ("builtin", True)


async def test_in_a_pilot_only_departments_that_are_live_have_visits(hospital: Hospital) -> None:
    clinic = hospital.clinic
    await pilot(clinic)
    heart = await department(clinic)
    await department(clinic, "Skin", locations=(SKIN,))
    await switch(clinic, heart)

    ours = await found(hospital, "a-1", HEART)

    assert ours is not None
    assert await found(hospital, "a-2", SKIN) is None
    assert await found(hospital, "a-3", "location-of-nobody") is None
    assert {message.subject_ref for message in await hospital.messages()} == {ours.id}


async def test_going_live_finds_what_was_booked_before_and_confirms_none_of_it(hospital: Hospital) -> None:
    clinic = hospital.clinic
    await pilot(clinic)
    heart = await department(clinic)
    assert await found(hospital, "a-1", HEART, in_minutes=40 * DAY) is None

    await switch(clinic, heart)
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert visit.department_id == heart.id
    assert set(await hospital.kinds()) == {"reminder"}


async def test_switched_off_again_nothing_leaves_and_nothing_new_is_found(hospital: Hospital) -> None:
    clinic = hospital.clinic
    await pilot(clinic)
    heart = await department(clinic)
    await switch(clinic, heart)
    visit = await a_visit_at(hospital)

    await switch(clinic, heart, live=False)

    for channel in Channel:
        asked = replace(due(visit), channel=channel)
        assert await outcome(hospital, asked) == Suppress("department_not_live")
    assert await found(hospital, "a-2", HEART) is None
    assert (await clinic.fresh(visit)).state == "scheduled"


async def test_after_the_pilot_every_appointment_is_a_visit(hospital: Hospital) -> None:
    clinic = hospital.clinic
    await pilot(clinic)
    assert await found(hospital, "a-1", SKIN, in_minutes=40 * DAY) is None

    await pilot(clinic, is_on=False)
    await hospital.poll()

    assert [visit.appointment_ref for visit in await hospital.visits()] == ["a-1"]


async def test_a_launch_makes_no_visit_where_the_department_is_not_live(hospital: Hospital) -> None:
    await pilot(hospital.clinic)
    await department(hospital.clinic)
    hospital.book("a-1", in_minutes=5, locations=(LocationRef(HEART),))

    launch = await hospital.launch()

    assert launch.visit_ids == []
    assert await hospital.visits() == []


async def test_the_panel_says_that_the_department_is_not_live(hospital: Hospital) -> None:
    clinic = hospital.clinic
    heart = await department(clinic)
    hospital.book("a-1", in_minutes=5, locations=(LocationRef(HEART),))
    launch = await hospital.launch()
    await pilot(clinic)

    told = await read_details(clinic.desk, clinic.database, launch, launch.visit_ids[0])
    assert told["patient"]["cannot_text_because"] == "department_not_live"

    await switch(clinic, heart)
    told = await read_details(clinic.desk, clinic.database, launch, launch.visit_ids[0])
    assert told["patient"]["can_text"] is True


async def test_patients_and_those_invited_are_written_to_from_the_departments_number_in_its_words(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    heart = await department(clinic, texts_from="+15550100200")
    for kind in (MessageKind.confirmation, MessageKind.invitation):
        which = Which(kind, Channel.sms, "da", heart.id)
        async with clinic.database.work() as work:
            await save_template(
                work, clinic.org_id, which, Wording("Hjerte: {link}"), version=0, now=clinic.now, by=OPERATOR
            )
    outbox, provider = outbox_of(hospital)

    visit = await a_visit_at(hospital)
    made = await clinic.invite(visit, "interpreter", "da")
    await clinic.act(send_invitation, visit.id, who=made.participant, typed="+15550140555", by=NURSE)
    await outbox.send_due()

    assert {one.to for one in provider.sent} == {"+15550140001", "+15550140555"}
    assert {(one.sent_from, one.body[:7]) for one in provider.sent} == {("+15550100200", "Hjerte:")}


async def test_a_visit_that_a_launch_makes_gets_what_its_department_has(hospital: Hospital) -> None:
    heart = await department(hospital.clinic, reminders_min=(3,))
    async with hospital.clinic.database.work() as work:
        (await work.session.get_one(Department, heart.id)).meeting_service = MemoryMeetings.name
    await hospital.poll()
    hospital.book("a-1", in_minutes=5, locations=(LocationRef(HEART),))

    launch = await hospital.launch()
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert launch.visit_ids == [visit.id]
    assert (visit.department_id, visit.meeting_service) == (heart.id, MemoryMeetings.name)
    assert await planned_reminders(hospital) == [(3, "sms")]


async def test_in_a_pilot_nobody_who_is_invited_is_written_to_outside_a_live_department(
    hospital: Hospital,
) -> None:
    clinic = hospital.clinic
    visit = await a_visit_at(hospital)
    await hospital.have_left()
    await pilot(clinic)
    outbox, provider = outbox_of(hospital)

    made = await clinic.invite(visit, "interpreter", "da")
    await clinic.act(send_invitation, visit.id, who=made.participant, typed="+15550140555", by=NURSE)
    await outbox.send_due()

    assert provider.sent == []
    assert "department_not_live" in [one.reason for one in await hospital.messages()]
