"""What the EHR is told by itself: links and arrivals, in the causing transaction's wake, and what the ledger says."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.ehr.base import AppointmentRef, AppointmentStatus
from housecall.ehr.errors import EhrBudgetSpent, EhrThrottled, EhrUnavailable
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.visits import life, lobby, writing
from housecall.visits.errors import VisitUnknown
from tests.visits.hospital import open_hospital
from tests.visits.writers import ADMINISTRATOR, Writers

A1 = AppointmentRef("a-1")


@pytest_asyncio.fixture(loop_scope="session")
async def writers(database: Database, clock: FakeClock, sealer: Sealer) -> Writers:
    made = Writers(await open_hospital(database, clock, sealer))
    await made.switch("links", "status")
    return made


async def test_nothing_is_written_unless_the_connection_says_so(writers: Writers) -> None:
    await writers.switch()
    visit = await writers.found(in_minutes=5)

    await writers.clinic.waiting(visit)

    assert (await writers.jobs(), await writers.ledger()) == ([], [])
    assert writers.ehr.links == {}


async def test_a_visit_that_is_found_has_its_links_written_each_in_its_role(writers: Writers) -> None:
    visit = await writers.found()

    await writers.work_off()

    links = writers.ehr.links[A1]
    connection = writers.clinic.connection.id
    assert links.patient_url == await writers.link(visit)
    assert links.clinician_url == f"http://localhost:8000/ehr/launch/{connection}"
    assert (links.start, links.end) == (visit.starts_at, visit.ends_at)
    row = await writers.row()
    assert (row.kind, row.state, row.attempts) == ("links", "done", 1)


async def test_the_queue_knows_opaque_ids_only_and_one_job_at_a_time_for_a_visit(writers: Writers) -> None:
    visit = await writers.found()

    (job,) = await writers.jobs()

    names = {"org_id": str(writers.clinic.org_id), "visit_id": visit.id, "kind": "links"}
    assert job["args"] == names
    assert (job["lock"], job["queueing_lock"]) == (f"write:{visit.id}", f"write:{visit.id}:links")


async def test_two_causes_in_a_row_make_one_job(writers: Writers) -> None:
    visit = await writers.found()
    await writers.replay(visit)

    assert await writers.work_off() == 1


async def test_a_conflict_is_tried_again_later_by_reading_again(writers: Writers) -> None:
    visit = await writers.found()
    writers.ehr.conflicts = 2

    await writers.work_off()
    first = await writers.row()
    at_once = await writers.work_off()
    for _ in range(2):
        writers.clinic.later(seconds=5)
        await writers.work_off()

    assert (first.state, first.last_error, at_once) == ("wanted", "ehr.conflict", 0)
    row = await writers.row()
    assert (row.state, row.last_error, row.attempts) == ("done", None, 3)
    assert writers.ehr.links[A1].patient_url == await writers.link(visit)


async def test_a_budget_that_is_used_up_delays_and_counts_as_no_try(writers: Writers) -> None:
    visit = await writers.found()
    writers.ehr.fault = EhrBudgetSpent(timedelta(seconds=20))
    for _ in range(40):
        await writers.work_off()
        writers.clinic.later(seconds=30)
    held_back = await writers.row()
    writers.ehr.fault = None

    await writers.work_off()

    assert (held_back.state, held_back.last_error, held_back.attempts) == ("wanted", "ehr.budget_spent", 0)
    assert (await writers.row()).state == "done"
    assert writers.ehr.links[A1].patient_url == await writers.link(visit)


async def test_an_ehr_that_is_away_is_waited_for_and_the_lag_grows(writers: Writers) -> None:
    await writers.found()
    writers.ehr.fault = EhrUnavailable()
    await writers.work_off()
    writers.clinic.later(minutes=10)
    lag = (await writers.row()).lag_s
    writers.ehr.fault = None

    await writers.work_off()

    row = await writers.row()
    assert lag == 600
    assert (row.state, row.lag_s) == ("done", 600)


async def test_an_ehr_that_asks_for_a_wait_gets_it(writers: Writers) -> None:
    await writers.found()
    writers.ehr.fault = EhrThrottled(timedelta(minutes=3))
    await writers.work_off()
    writers.ehr.fault = None

    writers.clinic.later(minutes=2)
    early = await writers.work_off()
    writers.clinic.later(minutes=1)

    assert early == 0
    assert await writers.work_off() == 1


async def test_what_the_ehrs_rules_refuse_stops_and_is_shown(writers: Writers) -> None:
    visit = await writers.found(in_minutes=5)
    await writers.work_off()
    await writers.clinic.waiting(visit)
    writers.hospital.cancel(await writers.ehr.read_appointment(A1))

    await writers.work_off()
    writers.clinic.later(minutes=30)
    again = await writers.work_off()

    (first, _) = await writers.ledger()
    assert (first.kind, first.state, first.last_error) == ("status", "failed", "ehr.write_refused")
    assert again == 0


async def test_a_replay_writes_what_was_refused_once_it_can_be(writers: Writers) -> None:
    visit = await writers.found()
    booked = await writers.ehr.read_appointment(A1)
    writers.ehr.drop_appointment(A1)
    await writers.work_off()
    refused = await writers.row()
    writers.ehr.put_appointment(booked)

    jobs = await writers.replay(visit)
    await writers.work_off()

    assert (refused.state, refused.last_error) == ("failed", "ehr.appointment_gone")
    assert jobs == 1
    assert (await writers.row()).state == "done"
    assert A1 in writers.ehr.links


async def test_a_moved_visit_has_its_new_link_and_time_written(writers: Writers) -> None:
    visit = await writers.found()
    await writers.work_off()
    old = writers.ehr.links[A1]

    writers.hospital.move(await writers.ehr.read_appointment(A1), by=timedelta(hours=2), version="7")
    await writers.hospital.poll()
    await writers.work_off()

    new = writers.ehr.links[A1]
    assert new.patient_url == await writers.link(visit)
    assert new.patient_url != old.patient_url
    assert new.start == old.start + timedelta(hours=2)


async def test_our_own_write_makes_no_further_one(writers: Writers) -> None:
    await writers.found()
    await writers.work_off()

    await writers.hospital.poll()

    assert await writers.work_off() == 0
    assert writers.ehr.writings == 1


async def test_a_cancelled_visit_is_not_written_any_more(writers: Writers) -> None:
    await writers.found()
    writers.hospital.cancel(await writers.ehr.read_appointment(A1))
    await writers.hospital.poll()

    row = await writers.row()
    await writers.work_off()

    assert row.state == "stopped"
    assert writers.ehr.links == {}


async def test_what_was_switched_off_since_is_not_written(writers: Writers) -> None:
    await writers.found()
    await writers.switch("status")

    await writers.work_off()

    assert writers.ehr.links == {}
    assert (await writers.row()).state == "stopped"


async def test_a_patient_in_the_lobby_has_arrived_in_the_ehr_told_once(writers: Writers) -> None:
    visit = await writers.found(in_minutes=5)
    await writers.work_off()
    seat = await writers.clinic.waiting(visit)
    await writers.work_off()
    arrived = (await writers.ehr.read_appointment(A1)).status

    await writers.clinic.act(lobby.patient_left, seat.id)
    await writers.clinic.act(lobby.enter_lobby, seat.id)

    assert arrived is AppointmentStatus.arrived
    assert await writers.work_off() == 0


async def test_links_alone_leave_the_status_as_it_is(writers: Writers) -> None:
    await writers.switch("links")
    visit = await writers.found(in_minutes=5)

    await writers.clinic.waiting(visit)
    await writers.work_off()

    assert (await writers.ehr.read_appointment(A1)).status is AppointmentStatus.booked
    assert A1 in writers.ehr.links


async def test_a_visit_moved_while_it_is_written_is_written_again(
    writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await writers.found()
    really = writers.ehr.write_links

    async def slowly(ref: Any, links: Any) -> None:
        monkeypatch.undo()
        writers.clinic.later(seconds=1)
        start = visit.starts_at + timedelta(hours=1)
        await writers.clinic.act(
            life.move_visit_time, visit.id, start, start + timedelta(minutes=30), by=ADMINISTRATOR
        )
        await really(ref, links)

    monkeypatch.setattr(writers.ehr, "write_links", slowly)
    await writers.work_off()

    assert writers.ehr.links[A1].patient_url == await writers.link(visit)
    assert (await writers.row()).state == "done"


async def test_a_replay_of_a_connection_writes_what_was_found_before_it_was_switched_on(
    writers: Writers,
) -> None:
    await writers.switch()
    await writers.found()
    await writers.found(ref="a-2", in_minutes=90)
    await writers.switch("links")

    jobs = await writers.clinic.act(writing.replay_connection, writers.clinic.connection.id, by=ADMINISTRATOR)
    await writers.work_off()

    assert jobs == 2
    assert set(writers.ehr.links) == {"a-1", "a-2"}
    assert "visits:write_back:replayed" in await writers.clinic.acts()


async def test_nobody_replays_another_organisations_visit(writers: Writers) -> None:
    visit = await writers.found()

    async with writers.clinic.database.work() as work:
        with pytest.raises(VisitUnknown):
            await writing.replay(writers.clinic.desk, work, OrgId(uuid.uuid4()), visit.id, by=ADMINISTRATOR)


@pytest.mark.parametrize("attempts", [1, 5, 29])
def test_waits_grow_to_five_minutes_and_are_never_in_step(attempts: int) -> None:
    waits = {writing.wait_after(EhrUnavailable(), attempts) for _ in range(20)}

    usual = min(2 ** (attempts - 1), 300)
    assert len(waits) > 1
    assert all(0.7 * usual < wait.total_seconds() < 1.3 * usual for wait in waits)
