"""A visit's meeting with another service: made once, moved, removed, given up in time, followed, reported."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.ehr.base import Clinician
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import Attendance, MediaKind, RosterKind, Side, Stay, StreamQuality
from housecall.meetings.errors import MeetingNotReady, MeetingUnavailable, PolicyMissing
from housecall.meetings.memory import MemoryMeetings
from housecall.tenancy.tables import Connection, DirectoryPerson
from housecall.visits import elsewhere, life, lobby, service
from housecall.visits.errors import MeetingIsElsewhere
from housecall.visits.meetings import tend_meeting
from housecall.visits.store_meetings import list_measures
from housecall.visits.ways import ways_of
from tests.visits.clinic import NURSE
from tests.visits.hospital import DOCTOR as PRACTITIONER
from tests.visits.hospital import open_hospital
from tests.visits.meeting_clinic import (
    COLLEAGUE,
    DOCTOR,
    MeetingClinic,
    Services,
    doctor,
    guest,
    open_meeting_clinic,
)

FEED = By(Actor.system, "feed")


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> MeetingClinic:
    return await open_meeting_clinic(database, clock, sealer)


async def test_a_visit_has_its_meeting_before_anybody_comes(clinic: MeetingClinic) -> None:
    visit = await clinic.visit()
    before = (await clinic.view(visit))["meeting"]

    await clinic.tend()

    after = (await clinic.view(visit))["meeting"]
    assert (before["service"], before["is_ready"], after["is_ready"]) == ("memory-meetings", False, True)
    assert (after["can_admit"], after["is_in_page"]) == (False, False)
    [plan] = clinic.twin.plans.values()
    assert (plan.organiser, plan.start, plan.end) == (DOCTOR, visit.starts_at, visit.ends_at)
    assert "visits:meeting:made" in await clinic.acts()


async def test_done_twice_there_is_one_meeting(clinic: MeetingClinic) -> None:
    visit = await clinic.made()

    row = await clinic.row(visit)
    async with clinic.database.work() as work:
        again = await work.session.merge(row)
        again.state, again.ways_sealed = "wanted", None
    await clinic.tend()

    assert len(clinic.twin.plans) == 1


async def test_the_ways_in_are_sealed_in_the_row(clinic: MeetingClinic) -> None:
    row = await clinic.row(await clinic.made())
    made = ways_of(clinic.desk, row)

    assert made is not None
    assert made.guest_url.encode() not in (row.ways_sealed or b"")


async def test_a_moved_visit_moves_its_meeting_and_a_cancelled_one_removes_it(clinic: MeetingClinic) -> None:
    visit = await clinic.made(in_minutes=60)
    later = visit.starts_at + timedelta(hours=2)

    await clinic.act(life.move_visit_time, visit.id, later, later + timedelta(minutes=20), by=FEED)
    await clinic.tend()
    [moved] = clinic.twin.plans.values()
    await clinic.act(life.cancel_visit, visit.id, by=FEED, reason="cancelled")
    await clinic.tend()

    assert moved.start == later
    assert clinic.twin.plans == {}
    assert (await clinic.row(visit)).ways_sealed is None


async def test_another_clinicians_visit_is_another_clinicians_meeting(clinic: MeetingClinic) -> None:
    visit = await clinic.made(in_minutes=60)
    await clinic.choose(organiser=COLLEAGUE)
    async with clinic.database.work() as work:
        row = await work.session.merge(await clinic.row(visit))
        row.clinician_ref, row.look_at = "somebody-else", clinic.now

    await clinic.tend()

    [plan] = clinic.twin.plans.values()
    assert plan.organiser == COLLEAGUE
    assert len(clinic.twin.removed) == 1


@pytest.mark.parametrize("fault", [PolicyMissing(), MeetingUnavailable(retry_after=timedelta(minutes=10))])
async def test_a_meeting_that_cannot_be_made_in_time_gives_way_to_a_room_of_ours(
    clinic: MeetingClinic, fault: Exception
) -> None:
    clinic.twin.fails_with = fault
    visit = await clinic.visit(in_minutes=30)
    seat = await clinic.seat(visit)
    await clinic.tend()
    early = (await clinic.view(visit))["meeting"]

    for _ in range(6):
        clinic.later(minutes=5)
        await clinic.tend()

    late = (await clinic.view(visit))["meeting"]
    assert (early["service"], early["fault"]) == ("memory-meetings", None)
    assert (late["service"], late["is_ready"], late["fault"]) == ("builtin", True, fault.code)  # type: ignore[attr-defined]
    assert (await clinic.seat(visit)).token_hash == seat.token_hash
    await clinic.in_call(visit)


async def test_a_service_that_comes_back_in_time_is_used(clinic: MeetingClinic) -> None:
    clinic.twin.fails_with = MeetingUnavailable()
    visit = await clinic.visit(in_minutes=30)
    await clinic.tend()
    clinic.twin.fails_with = None

    clinic.later(seconds=30)
    await clinic.tend()

    assert (await clinic.view(visit))["meeting"]["is_ready"] is True


async def test_a_meeting_made_too_late_does_not_stay_open(clinic: MeetingClinic) -> None:
    visit = await clinic.made()

    await clinic.staff(elsewhere.hold_here, visit)
    await clinic.tend()

    assert clinic.twin.plans == {}
    assert (await clinic.view(visit))["meeting"]["fault"] == elsewhere.CHOSEN_BY_STAFF


async def test_nobody_learns_the_way_there_before_they_are_let_in(clinic: MeetingClinic) -> None:
    visit = await clinic.made()
    page = await clinic.page(visit)
    await clinic.waiting(visit)
    before = list(page.heard)

    await clinic.staff(service.admit, visit)

    row = await clinic.row(visit)
    made = ways_of(clinic.desk, row)
    assert made is not None
    assert not [message for message in before if message["type"] == "elsewhere"]
    assert page.last("elsewhere") == {
        "type": "elsewhere",
        "service": "memory-meetings",
        "url": made.guest_url,
        "browser_only": True,
    }
    assert page.of("admitted") == []


async def test_nobody_is_let_in_while_the_meeting_is_being_made(clinic: MeetingClinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)

    with pytest.raises(MeetingNotReady):
        await clinic.staff(service.admit, visit)

    assert (await clinic.patient(visit)).state == "waiting"


async def test_what_the_service_cannot_do_is_refused_here(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()

    for act in (service.hold, service.send_back):
        with pytest.raises(MeetingIsElsewhere):
            await clinic.staff(act, visit)
    with pytest.raises(MeetingIsElsewhere):
        await clinic.join(visit)


async def test_the_clinician_gets_both_ways_and_is_there_when_the_service_says_so(
    clinic: MeetingClinic,
) -> None:
    visit = await clinic.made()

    ways = await clinic.act(elsewhere.go_there, visit.id, user_ref="user-1", by=NURSE)
    at_first = ways["visit"]["others"][0]["state"]
    await clinic.told(visit, doctor())

    assert ways["web"].startswith("https://")
    assert ways["app"].startswith("meet://")
    assert at_first == "invited"
    states = {one["user"]: one["state"] for one in (await clinic.view(visit))["others"]}
    assert states[f"directory/{DOCTOR}"] == "connected"


async def test_the_patient_is_in_the_visit_once_the_service_shows_them(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    states, in_lobby = [], []

    for people in ([doctor()], [guest(lobby=True)], [guest()], [guest(gone=True)], [guest()]):
        clinic.later(seconds=1)
        await clinic.told(visit, *people)
        states.append((await clinic.patient(visit)).state)
        in_lobby.append((await clinic.view(visit))["meeting"]["guest_in_lobby"])

    assert states == ["admitted", "admitted", "connected", "left", "connected"]
    assert in_lobby == [False, True, False, False, False]
    assert (await clinic.fresh(visit)).began_at == clinic.now - timedelta(seconds=2)


async def test_a_guest_whom_nobody_let_in_here_is_not_the_patient(clinic: MeetingClinic) -> None:
    visit = await clinic.made()
    await clinic.waiting(visit)

    await clinic.told(visit, guest())

    assert (await clinic.patient(visit)).state == "waiting"


async def test_the_page_that_was_left_for_the_meeting_is_no_sign_of_leaving(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.told(visit, doctor(), guest())

    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")
    clinic.later(minutes=10)
    await clinic.sweep()

    assert (await clinic.patient(visit)).state == "connected"


async def test_a_call_that_ended_empties_the_visit_which_then_ends(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.told(visit, doctor(), guest())

    await clinic.told(visit, kind=RosterKind.ended)
    clinic.later(minutes=6)
    await clinic.sweep()

    assert (await clinic.fresh(visit)).state == "ended"


async def test_where_nothing_is_told_presses_count(clinic: MeetingClinic) -> None:
    async with clinic.database.work() as work:
        visit = await clinic.let_in()
        row = await work.session.merge(await clinic.row(visit))
        row.following_until = None

    await clinic.act(elsewhere.go_there, visit.id, user_ref="user-1", by=NURSE)
    await clinic.act(lobby.patient_joined, (await clinic.seat(visit)).id)

    assert (await clinic.patient(visit)).state == "connected"
    assert (await clinic.fresh(visit)).began_at is not None


async def test_a_meeting_is_followed_from_before_the_lobby_opens_and_renewed(clinic: MeetingClinic) -> None:
    visit = await clinic.made(in_minutes=60)
    early = list(clinic.twin.followed)
    clinic.later(minutes=26)
    await clinic.tend()
    first = await clinic.row(visit)

    async with clinic.database.work() as work:
        row = await work.session.merge(first)
        row.following_until, row.look_at = clinic.now + timedelta(minutes=5), clinic.now
    await clinic.tend()

    again = await clinic.row(visit)
    assert (early, len(clinic.twin.followed)) == ([], 1)
    assert again.following_id == first.following_id
    assert again.following_until is not None
    assert again.following_until > clinic.now + timedelta(hours=1)


async def test_attendance_and_quality_come_into_the_visits_row(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.told(visit, doctor(), guest())
    clinic.later(minutes=12)
    await clinic.staff(service.end_visit, visit)
    row = await clinic.row(visit)
    made = ways_of(clinic.desk, row)
    assert made is not None
    came, began, ended = (clinic.now - timedelta(minutes=each) for each in (12, 10, 1))
    clinic.twin.held[made.id] = [
        Attendance(came, ended, (Stay(DOCTOR, came, ended), Stay(None, began, ended)))
    ]
    clinic.twin.streams[made.id] = [
        StreamQuality(Side.guest, MediaKind.audio, rtt_ms=640.0),
        StreamQuality(Side.staff, MediaKind.audio, rtt_ms=40.0),
    ]

    clinic.later(minutes=1)
    await clinic.tend()
    clinic.later(minutes=3)
    await clinic.tend()

    after = await clinic.fresh(visit)
    assert (after.began_at, after.ended_at) == (began, ended)
    assert (after.attendees_total, after.attendees_peak) == (2, 2)
    async with clinic.database.work() as work:
        measures = await list_measures(work, clinic.org_id, visit.id)
    assert [(one.side, one.verdict) for one in measures] == [("guest", "poor"), ("staff", "good")]
    assert (await clinic.row(visit)).look_at is None


async def test_reports_are_asked_for_until_the_service_has_forgotten_them(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.staff(service.end_visit, visit)

    clinic.later(days=31)
    await clinic.tend()

    assert (await clinic.row(visit)).look_at is None
    assert (await clinic.row(visit)).attendance_at is None


async def test_what_was_missed_is_found_in_the_report(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.told(visit, doctor(), guest())
    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")
    clinic.later(minutes=5)
    made = ways_of(clinic.desk, await clinic.row(visit))
    assert made is not None
    clinic.twin.held[made.id] = [Attendance(clinic.now, clinic.now, (Stay(None, clinic.now, clinic.now),))]

    async with clinic.database.work() as work:
        row = await work.session.merge(await clinic.row(visit))
        row.doubtful_since, row.look_at = clinic.now, clinic.now
    await clinic.tend()

    assert (await clinic.patient(visit)).state == "left"
    assert (await clinic.row(visit)).doubtful_since is None


async def test_a_visit_begun_again_has_a_meeting_of_its_own(clinic: MeetingClinic) -> None:
    visit = await clinic.let_in()
    await clinic.staff(service.end_visit, visit)

    view: dict[str, Any] = await clinic.staff(service.restart_visit, visit)
    await clinic.tend()

    assert view["visit"] != visit.id
    assert len(clinic.twin.plans) == 2


async def test_the_organiser_is_found_by_the_address_that_the_ehr_has_and_the_address_is_kept_nowhere(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    hospital = await open_hospital(database, clock, sealer)
    hospital.ehr.put_clinician(Clinician(PRACTITIONER, "Dr. Ines Marsh", "ines.marsh@clinic.example"))
    twin = MemoryMeetings()
    twin.people["ines.marsh@clinic.example"] = DOCTOR
    desk = replace(hospital.clinic.desk, services=Services(twin))
    async with database.work() as work:
        connection = await work.session.get_one(Connection, hospital.clinic.connection.id)
        connection.meeting_service = MemoryMeetings.name
    hospital.clinic.desk, hospital.clinic.connection = desk, connection
    hospital.book()
    await hospital.poll()
    [visit] = await hospital.visits()

    await tend_meeting(desk, database, hospital.clinic.org_id, visit.id)

    [plan] = twin.plans.values()
    assert plan.organiser == DOCTOR
    async with database.work() as work:
        [person] = (await work.session.scalars(select(DirectoryPerson))).all()
    assert (person.user_ref, person.object_id, person.is_by_hand) == (PRACTITIONER, DOCTOR, False)


async def test_a_clinician_whom_nobody_knows_moves_the_visit_to_a_room_of_ours(clinic: MeetingClinic) -> None:
    await clinic.choose()
    async with clinic.database.work() as work:
        visit = await clinic.visit()
        row = await work.session.merge(await clinic.fresh(visit))
        row.clinician_ref = None
    await clinic.tend()

    clinic.later(minutes=10)
    await clinic.tend()

    assert (await clinic.view(visit))["meeting"]["fault"] == "meetings.organiser_unknown"
