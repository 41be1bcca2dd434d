"""When messages leave: quiet hours where the patient is, another choice followed, and any order of events."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from housecall.ehr.base import Appointment
from housecall.kit.errors import Overtaken
from housecall.messaging.model import MessageKind
from housecall.messaging.recipients import Hold, Recipient
from housecall.tenancy.model import Channels
from housecall.tenancy.timing import QuietHours, Timing
from housecall.visits.timing import change_timing, follow
from tests.visits.clinic import OPERATOR
from tests.visits.hospital import Hospital, a_person, outbox_of
from tests.visits.test_recipients import a_visit, change, due, outcome

DAY = 24 * 60


def timing(*reminders: int, channels: Channels = Channels.text, quiet: str = "off") -> Timing:
    return Timing(channels, tuple(sorted(reminders, reverse=True)), QuietHours.read(quiet))


async def choose(hospital: Hospital, chosen: Timing, before: str = "") -> None:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        await change_timing(
            clinic.desk, work, clinic.org_id, clinic.connection.id, chosen, before=before, by=OPERATOR
        )
    await follow(clinic.desk, clinic.database, clinic.org_id, clinic.connection.id)


async def planned_reminders(hospital: Hospital) -> list[tuple[float, str]]:
    """How many minutes before the visit, and by what, each planned reminder leaves."""
    visits = {visit.id: visit for visit in await hospital.visits()}
    return sorted(
        ((visits[one.subject_ref].starts_at - one.due_at) / timedelta(minutes=1), one.channel)
        for one in await hospital.messages("planned")
        if one.kind == MessageKind.reminder
    )


# The clock of the tests stands at 09:00 in Chicago and 16:00 in Copenhagen.
@pytest.mark.parametrize(
    ("quiet", "zone", "is_held"),
    [
        ("off", None, False),
        ("08:00-10:00", None, True),
        ("08:00-10:00", "America/Chicago", True),
        ("08:00-10:00", "Europe/Copenhagen", False),
        ("15:30-17:00", "Europe/Copenhagen", True),
        ("15:30-17:00", None, False),
    ],
)
async def test_quiet_hours_are_those_where_the_patient_is_else_the_clinics(
    hospital: Hospital, quiet: str, zone: str | None, is_held: bool
) -> None:
    visit = await a_visit(hospital, in_minutes=3 * DAY)
    await change(hospital, time_zone="America/Chicago")
    await choose(hospital, timing(DAY, quiet=quiet))
    hospital.ehr.put_person(a_person(time_zone=zone))

    found = await outcome(hospital, due(visit, MessageKind.confirmation))

    assert isinstance(found, Hold if is_held else Recipient)


@pytest.mark.parametrize("kind", [MessageKind.link, MessageKind.ready])
async def test_what_a_person_sends_by_hand_is_never_held_back(hospital: Hospital, kind: MessageKind) -> None:
    visit = await a_visit(hospital, in_minutes=3 * DAY)
    await choose(hospital, timing(DAY, quiet="00:00-23:59"))

    assert isinstance(await outcome(hospital, due(visit, kind)), Recipient)


async def test_a_visit_that_starts_soon_is_told_of_at_any_hour(hospital: Hospital) -> None:
    visit = await a_visit(hospital, in_minutes=11 * 60)
    await choose(hospital, timing(DAY, quiet="00:00-23:59"))

    assert isinstance(await outcome(hospital, due(visit, MessageKind.confirmation)), Recipient)


async def test_the_time_is_said_in_the_patients_zone_and_kept_for_the_links_pages(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    hospital.ehr.put_person(a_person(language="en", time_zone="America/Los_Angeles"))

    found = await outcome(hospital, due(visit))

    assert isinstance(found, Recipient)
    assert found.values["time"].endswith("PST")
    assert (await hospital.clinic.seat(visit)).time_zone == "America/Los_Angeles"


async def test_what_was_held_leaves_when_the_quiet_hours_end_and_was_told_to_nobody_before(
    hospital: Hospital,
) -> None:
    await choose(hospital, timing(quiet="08:00-10:00"))
    await a_visit(hospital, in_minutes=3 * DAY)
    outbox, provider = outbox_of(hospital)

    await outbox.send_due()
    (held,) = await hospital.messages("planned")
    assert (held.queued_at, provider.sent) == (None, [])
    hospital.clinic.later(hours=1)
    await outbox.send_due()

    assert [one.state for one in await hospital.messages()] == ["accepted"]
    assert len(provider.sent) == 1


async def test_other_reminders_are_followed_by_those_planned_already(hospital: Hospital) -> None:
    await a_visit(hospital, in_minutes=3 * DAY)
    assert await planned_reminders(hospital) == [(15, "sms"), (DAY, "sms")]

    await choose(hospital, timing(60, DAY, channels=Channels.both))
    assert await planned_reminders(hospital) == [(60, "email"), (60, "sms"), (DAY, "email"), (DAY, "sms")]
    await choose(hospital, timing(15, channels=Channels.email))
    assert await planned_reminders(hospital) == [(15, "email")]
    await choose(hospital, timing(15, DAY))
    assert await planned_reminders(hospital) == [(15, "sms"), (DAY, "sms")]
    await choose(hospital, timing())
    assert await planned_reminders(hospital) == []


async def test_a_reminder_that_left_is_not_planned_again(hospital: Hospital) -> None:
    await a_visit(hospital, in_minutes=3 * DAY)
    hospital.clinic.later(days=2, hours=1)
    await hospital.have_left()

    await choose(hospital, timing(15, DAY))

    assert await planned_reminders(hospital) == [(15, "sms")]


async def test_two_people_do_not_overwrite_each_others_choice(hospital: Hospital) -> None:
    before = timing(DAY, 15).mark
    await choose(hospital, timing(60), before)

    with pytest.raises(Overtaken):
        await choose(hospital, timing(30), before)

    async with hospital.clinic.database.work() as work:
        said = await work.session.execute(
            text("SELECT detail FROM audit_entry WHERE act = 'tenancy:connection:changed'")
        )
        assert [row.detail for row in said] == [{"timing_before": before, "timing_after": timing(60).mark}]


async def empty(hospital: Hospital) -> None:
    async with hospital.clinic.database.work() as work:
        await work.session.execute(text("TRUNCATE visit, seat, participant, message CASCADE"))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from([-120, 30, 90, 2 * DAY])),
        st.tuples(st.just("cancel"), st.just(0)),
        st.tuples(st.just("book"), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([10, 60, DAY])),
        st.tuples(st.just("choose"), st.sampled_from([0, 1, 2])),
        st.tuples(st.just("poll"), st.just(0)),
    ),
    min_size=2,
    max_size=7,
)
CHOICES = (timing(15, DAY), timing(60, channels=Channels.both), timing(30, 2 * DAY, channels=Channels.email))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_no_order_of_events_leaves_a_stale_reminder_or_a_doubled_one(
    hospital: Hospital, steps: list[tuple[str, int]]
) -> None:
    """Whatever was booked, moved, cancelled and chosen: what is planned is what the visit now needs, once."""
    await empty(hospital)
    await choose(hospital, CHOICES[0])
    hospital.ehr.put_person(a_person(email="anna@mail.example", email_refusal=None))
    # The EHR's versions go on over the examples: the appointment is the same.
    start = hospital.clinic.now + timedelta(days=3)
    booked = hospital.book(in_minutes=3 * DAY, version=f"{start:%s}-0")
    for number, step in enumerate(steps, 1):
        booked = await take(hospital, booked, step, f"{start:%s}-{number}")
    await hospital.poll()

    await check(hospital)


async def take(hospital: Hospital, booked: Appointment, step: tuple[str, int], version: str) -> Appointment:
    match step:
        case ("move", minutes):
            return hospital.move(booked, by=timedelta(minutes=minutes), version=version)
        case ("cancel", _):
            hospital.cancel(booked, version)
        case ("book", _):
            return hospital.move(booked, by=timedelta(), version=version)
        case ("wait", minutes):
            hospital.clinic.later(minutes=minutes)
            await hospital.have_left()
        case ("choose", number):
            await choose(hospital, CHOICES[number])
        case _:
            await hospital.poll()
    return booked


async def check(hospital: Hospital) -> None:
    async with hospital.clinic.database.work() as work:
        row = await work.session.execute(
            text("SELECT reminder_offsets_min AS minutes, channels FROM connection")
        )
        chosen = row.one()
    visits = {visit.id: visit for visit in await hospital.visits()}
    found = await hospital.messages()
    planned = [one for one in found if one.state == "planned" and one.kind == MessageKind.reminder]
    now = hospital.clinic.now
    for one in planned:
        visit = visits[one.subject_ref]
        assert visit.state in ("scheduled", "open")
        assert (visit.starts_at - one.due_at) / timedelta(minutes=1) in chosen.minutes
    doubled = Counter((one.subject_ref, one.due_at, one.channel) for one in planned)
    assert set(doubled.values()) <= {1}
    for visit in visits.values():
        if visit.state != "scheduled":
            continue
        ahead = {visit.starts_at - timedelta(minutes=one) for one in chosen.minutes}
        due_then = {one for one in ahead if one > now}
        has = {
            one.due_at for one in found if one.subject_ref == visit.id and one.kind == MessageKind.reminder
        }
        assert due_then <= has
