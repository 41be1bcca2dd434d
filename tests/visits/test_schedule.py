"""The feed: what is booked, moved and cancelled in the EHR becomes visits and planned messages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from housecall.ehr.base import AppointmentStatus
from housecall.ehr.errors import EhrThrottled, EhrUnavailable
from housecall.tenancy.tables import Connection
from housecall.visits import service
from housecall.visits.links import make_link
from tests.visits.hospital import Hospital


async def set_up(hospital: Hospital) -> None:
    """The first poll is behind us: what is booked from now on is new."""
    assert await hospital.poll() == 0


async def test_a_new_booking_is_confirmed_and_reminded(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book(in_minutes=3 * 24 * 60)

    await hospital.poll()

    (visit,) = await hospital.visits()
    assert visit.starts_at == appointment.start
    planned = {one.kind: one.due_at for one in await hospital.messages("planned")}
    assert planned["confirmation"] <= hospital.clinic.now
    due = sorted(visit.starts_at - one.due_at for one in await hospital.messages() if one.kind == "reminder")
    assert due == [timedelta(minutes=15), timedelta(hours=24)]


async def test_what_is_stored_of_a_booking_is_opaque_ids_and_times(hospital: Hospital) -> None:
    await set_up(hospital)
    hospital.book()

    await hospital.poll()

    (visit,) = await hospital.visits()
    assert "anna" not in str(vars(visit)).lower()


async def test_bookings_from_before_the_first_poll_are_reminded_but_not_confirmed(hospital: Hospital) -> None:
    hospital.book("tomorrow", in_minutes=30 * 60)

    await hospital.poll()

    assert await hospital.kinds() == ["reminder", "reminder"]


async def test_an_old_booking_about_to_begin_gets_its_last_reminder_now(hospital: Hospital) -> None:
    hospital.book(in_minutes=8)

    await hospital.poll()

    (message,) = await hospital.messages("planned")
    assert message.kind == "reminder"
    assert message.due_at <= hospital.clinic.now


async def test_old_bookings_are_confirmed_where_the_organisation_chose_so(hospital: Hospital) -> None:
    async with hospital.clinic.database.work() as work:
        (await work.session.get_one(Connection, hospital.clinic.connection.id)).confirm_existing = True
    hospital.book(in_minutes=30 * 60)

    await hospital.poll()

    assert "confirmation" in await hospital.kinds()


async def test_polling_again_changes_nothing(hospital: Hospital) -> None:
    await set_up(hospital)
    hospital.book()
    await hospital.poll()
    (before,) = await hospital.visits()
    planned = await hospital.kinds()

    for _ in range(3):
        await hospital.poll()

    (after,) = await hospital.visits()
    assert after.revision == before.revision
    assert await hospital.kinds() == planned


async def test_an_ehr_without_versions_is_compared_by_its_times(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book(version="")
    await hospital.poll()
    (before,) = await hospital.visits()

    await hospital.poll()
    assert (await hospital.visits())[0].revision == before.revision
    moved = hospital.move(appointment, by=timedelta(hours=1), version="")
    await hospital.poll()

    assert (await hospital.visits())[0].starts_at == moved.start


async def test_what_is_not_a_video_visit_is_left_alone(hospital: Hospital) -> None:
    await set_up(hospital)
    hospital.book(is_virtual=False)
    hospital.book("a-2", status=AppointmentStatus.proposed)

    await hospital.poll()

    assert await hospital.visits() == []


async def test_a_move_reaches_the_plan_and_kills_the_old_link(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book(in_minutes=26 * 60)
    await hospital.poll()
    await hospital.have_left()
    (visit,) = await hospital.visits()
    old_link = make_link(hospital.clinic.desk, await hospital.clinic.seat(visit))

    moved = hospital.move(appointment, by=timedelta(days=2), version="2")
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert visit.starts_at == moved.start
    assert make_link(hospital.clinic.desk, await hospital.clinic.seat(visit)) != old_link
    planned = await hospital.messages("planned")
    assert sorted(one.kind for one in planned) == ["changed", "reminder", "reminder"]
    assert all(
        visit.starts_at - one.due_at < timedelta(hours=25) for one in planned if one.kind == "reminder"
    )


async def test_a_visit_moved_away_and_back_is_told_both_times(hospital: Hospital) -> None:
    await set_up(hospital)
    first = hospital.book(in_minutes=26 * 60)
    await hospital.poll()
    await hospital.have_left()

    hospital.move(first, by=timedelta(days=1), version="2")
    await hospital.poll()
    await hospital.have_left()
    hospital.move(first, by=timedelta(), version="3")
    await hospital.poll()

    changed = [one for one in await hospital.messages() if one.kind == "changed"]
    assert [one.state for one in changed] == ["accepted", "planned"]
    reminders = [one for one in await hospital.messages("planned") if one.kind == "reminder"]
    assert len(reminders) == 2


async def test_a_move_before_anything_was_told_leaves_the_confirmation_to_tell_it(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book(in_minutes=26 * 60)
    await hospital.poll()

    hospital.move(appointment, by=timedelta(hours=2), version="2")
    await hospital.poll()

    assert sorted(await hospital.kinds()) == ["confirmation", "reminder", "reminder"]


async def test_a_cancellation_drops_the_plan_and_is_told(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()
    await hospital.have_left()

    hospital.cancel(appointment)
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert visit.state == "cancelled"
    assert await hospital.kinds() == ["cancelled"]
    assert {one.reason for one in await hospital.messages("suppressed")} == {"visit_cancelled"}


async def test_a_cancellation_before_anything_was_told_is_not_told(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()

    hospital.cancel(appointment)
    await hospital.poll()

    assert await hospital.kinds() == []


async def test_an_appointment_booked_again_after_its_cancellation_is_a_new_visit(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()
    hospital.cancel(appointment)
    await hospital.poll()

    hospital.ehr.put_appointment(replace(appointment, version="12"))
    await hospital.poll()

    assert [(one.ordinal, one.state) for one in await hospital.visits()] == [
        (1, "cancelled"),
        (2, "scheduled"),
    ]
    assert "confirmation" in await hospital.kinds()


async def test_a_no_show_in_the_ehr_stops_what_is_planned(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()

    hospital.ehr.put_appointment(replace(appointment, status=AppointmentStatus.noshow, version="2"))
    await hospital.poll()

    assert (await hospital.visits())[0].state == "no_show"
    assert await hospital.kinds() == []


async def test_a_visit_in_progress_goes_on_when_the_ehr_says_cancelled(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book(in_minutes=5)
    await hospital.poll()
    (visit,) = await hospital.visits()
    await hospital.clinic.waiting(visit)
    await hospital.clinic.join(visit)
    await hospital.clinic.staff(service.admit, visit)

    hospital.cancel(appointment)
    await hospital.poll()

    assert (await hospital.visits())[0].state == "in_progress"


async def test_a_visit_first_seen_by_a_launch_is_confirmed_by_the_feed(hospital: Hospital) -> None:
    await set_up(hospital)
    hospital.book()
    await hospital.launch()
    assert await hospital.kinds() == []

    await hospital.poll()

    assert "confirmation" in await hospital.kinds()
    assert len(await hospital.visits()) == 1


async def test_an_appointment_that_is_gone_takes_its_visit_off(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()

    hospital.ehr.drop_appointment(appointment.ref)
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert (visit.state, visit.end_reason) == ("cancelled", "gone")


async def test_an_appointment_moved_out_of_every_window_is_read_by_its_id(hospital: Hospital) -> None:
    await set_up(hospital)
    appointment = hospital.book()
    await hospital.poll()

    moved = hospital.move(appointment, by=timedelta(days=120), version="2")
    await hospital.poll()

    (visit,) = await hospital.visits()
    assert (visit.state, visit.starts_at) == ("scheduled", moved.start)


async def test_bookings_weeks_ahead_are_found_within_a_few_polls(hospital: Hospital) -> None:
    await set_up(hospital)
    hospital.book(in_minutes=40 * 24 * 60)

    for _ in range(8):
        await hospital.poll()

    assert len(await hospital.visits()) == 1


async def test_a_poll_that_is_not_due_reads_nothing(hospital: Hospital) -> None:
    await set_up(hospital)
    asked = hospital.ehr.requests
    hospital.clinic.later(seconds=-20)

    await hospital.poll()

    assert hospital.ehr.requests == asked


@pytest.mark.parametrize(
    ("fault", "code", "wait"),
    [
        (EhrUnavailable(), "ehr.unavailable", timedelta(seconds=30)),
        (EhrThrottled(timedelta(seconds=90)), "ehr.throttled", timedelta(seconds=90)),
        (EhrThrottled(timedelta(hours=3)), "ehr.throttled", timedelta(minutes=5)),
    ],
)
async def test_an_ehr_that_is_away_is_asked_again_later(
    hospital: Hospital, fault: EhrUnavailable, code: str, wait: timedelta
) -> None:
    hospital.ehr.fault = fault

    await hospital.poll()

    async with hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
    assert connection.feed_fault == code
    assert connection.next_poll_at == hospital.clinic.now + wait
    assert connection.first_polled_at is None
