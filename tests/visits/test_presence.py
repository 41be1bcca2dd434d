"""Who the EHR is told is in a visit: by state, in order, once, and again when it was away."""

import pytest_asyncio

from housecall.db.database import Database
from housecall.ehr.base import AppointmentRef, PractitionerRef, Presence
from housecall.ehr.errors import EhrRefused, EhrUnavailable
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.visits import lobby, room, service
from tests.visits.hospital import open_hospital
from tests.visits.writers import Writers

A1 = AppointmentRef("a-1")
USER = PractitionerRef("user-1")
PATIENT_IN, PATIENT_OUT = Presence(None, is_connected=True), Presence(None, is_connected=False)
CLINICIAN_IN, CLINICIAN_OUT = Presence(USER, is_connected=True), Presence(USER, is_connected=False)


@pytest_asyncio.fixture(loop_scope="session")
async def writers(database: Database, clock: FakeClock, sealer: Sealer) -> Writers:
    made = Writers(await open_hospital(database, clock, sealer))
    await made.switch("presence")
    return made


def told(writers: Writers) -> list[Presence]:
    """What the EHR heard, in its order."""
    assert {ref for ref, _ in writers.ehr.presences} <= {A1}
    return [presence for _, presence in writers.ehr.presences]


async def test_nothing_is_told_unless_the_connection_says_so(writers: Writers) -> None:
    await writers.switch()
    visit = await writers.found(in_minutes=5)

    await writers.clinic.in_call(visit)

    assert (await writers.jobs(), told(writers)) == ([], [])


async def test_a_whole_visit_is_told_as_it_goes(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)

    await clinic.waiting(visit)
    await writers.work_off()
    clinic.later(seconds=1)
    await clinic.join(visit)
    await writers.work_off()
    await clinic.staff(service.admit, visit)
    await writers.work_off()
    await clinic.staff(service.end_visit, visit)
    await writers.work_off()

    assert told(writers)[:2] == [PATIENT_IN, CLINICIAN_IN]
    assert sorted(map(str, told(writers)[2:])) == sorted(map(str, [PATIENT_OUT, CLINICIAN_OUT]))
    assert (await writers.row()).state == "done"


async def test_what_happened_while_no_job_ran_is_told_in_its_order(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    await clinic.join(visit)
    clinic.later(seconds=1)

    await clinic.waiting(visit)
    await writers.work_off()

    assert told(writers) == [CLINICIAN_IN, PATIENT_IN]


async def test_who_came_and_left_before_anything_was_told_is_not_told_at_all(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    seat = await clinic.waiting(visit)

    await clinic.act(lobby.patient_left, seat.id)
    await writers.work_off()

    assert told(writers) == []
    assert (await writers.row()).state == "done"


async def test_the_same_is_never_told_twice(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    seat = await clinic.waiting(visit)
    await writers.work_off()

    await clinic.act(lobby.record_check, seat.id, {"camera": "ok"})
    await clinic.staff(service.acknowledge_arrival, visit)

    assert await writers.jobs() == []
    assert told(writers) == [PATIENT_IN]


async def test_somebody_whose_line_is_lost_for_a_moment_has_not_left(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    await clinic.join(visit)
    await writers.work_off()

    await clinic.act(room.staff_gone, visit.id, user_ref="user-1")
    await writers.work_off()
    lost = list(told(writers))
    clinic.later(minutes=5)
    await clinic.sweep()
    await writers.work_off()

    assert lost == [CLINICIAN_IN]
    assert told(writers) == [CLINICIAN_IN, CLINICIAN_OUT]


async def test_an_ehr_that_is_away_is_told_what_is_so_when_it_is_back(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    writers.ehr.fault = EhrUnavailable()
    seat = await clinic.waiting(visit)
    await writers.work_off()
    waiting = await writers.row()
    await clinic.join(visit)
    await clinic.act(lobby.patient_left, seat.id)
    await writers.work_off()
    writers.ehr.fault = None

    clinic.later(minutes=6)
    await writers.work_off()

    assert (waiting.state, waiting.last_error) == ("wanted", "ehr.unavailable")
    assert told(writers) == [CLINICIAN_IN]
    assert (await writers.row()).state == "done"


async def test_a_fault_with_the_second_does_not_tell_the_first_again(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    await clinic.join(visit)
    clinic.later(seconds=1)
    await clinic.waiting(visit)
    tell = writers.ehr.write_presence

    async def faulty(ref: AppointmentRef, presence: Presence) -> None:
        if presence.user is None and not told(writers)[1:]:
            writers.ehr.write_presence = tell  # type: ignore[method-assign]
            raise EhrUnavailable
        await tell(ref, presence)

    writers.ehr.write_presence = faulty  # type: ignore[method-assign]
    await writers.work_off()
    clinic.later(minutes=6)
    await writers.work_off()

    assert told(writers) == [CLINICIAN_IN, PATIENT_IN]


async def test_what_the_ehr_refuses_stands_in_the_ledger_and_is_told_by_a_replay(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    writers.ehr.fault = EhrRefused()
    await clinic.waiting(visit)
    await writers.work_off()
    refused = await writers.row()
    writers.ehr.fault = None

    jobs = await writers.replay(visit)
    await writers.work_off()

    assert (refused.kind, refused.state, refused.last_error) == ("presence", "failed", "ehr.refused")
    assert jobs == 1
    assert told(writers) == [PATIENT_IN]


async def test_a_replay_tells_again_what_is_so_and_not_who_was_never_there(writers: Writers) -> None:
    clinic, visit = writers.clinic, await writers.found(in_minutes=5)
    await clinic.join(visit)
    await writers.work_off()

    await writers.replay(visit)
    await writers.work_off()

    assert told(writers) == [CLINICIAN_IN, CLINICIAN_IN]
