"""Telling the EHR of a visit: its links, that the patient has arrived, who is there. Off unless a connection says so.

Whatever changes a visit says what is wanted, in its own transaction: a row in the ledger, and a job. The job
reads what is true by then, asks the EHR outside of any transaction, and writes down what came of it.
"""

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import AppointmentRef, AppointmentStatus, RoomLinks
from housecall.ehr.errors import EhrBudgetSpent, EhrConflict, EhrThrottled, EhrUnavailable
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.tenancy.service import is_working
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import presence, store, store_writing
from housecall.visits.desk import Desk
from housecall.visits.links import make_link
from housecall.visits.model import VisitState, WriteKind, WriteState, is_instant
from housecall.visits.presence import Telling
from housecall.visits.tables import Participant, Seat, Visit, WriteBack

log = logging.getLogger(__name__)

WRITE_BACK: Final = "visits.write_back"
WRITE_LATER: Final = "visits.write_back_later"
_WRITER: Final = By(Actor.system, "write-back")
# 1, 2, 4 … seconds, at most five minutes apart: an EHR that is away for two hours is waited for.
_LONGEST_WAIT: Final = timedelta(minutes=5)
_MOST_ATTEMPTS: Final = 30
_NO_LINKS: Final = frozenset({VisitState.ended, VisitState.cancelled})


@dataclass(frozen=True)
class _Task:
    """One write: what was true when its job began."""

    kind: WriteKind
    visit: Visit
    connection: Connection
    seat: Seat | None
    wanted_at: datetime
    attempts: int
    people: tuple[Telling, ...] = ()


@dataclass(frozen=True)
class LedgerRow:
    """What the EHR is told of one visit, and how far that has come."""

    visit: str
    appointment: str
    kind: str
    state: str
    wanted_at: datetime
    done_at: datetime | None
    lag_s: int
    attempts: int
    last_error: str | None


async def want(desk: Desk, work: Work, connection: Connection, visit: Visit, kind: WriteKind) -> bool:
    """The EHR will be told; nothing, and False, where this is not switched on or there is no appointment."""
    if kind.value not in connection.write_back or is_instant(visit.appointment_ref):
        return False
    org_id = OrgId(visit.org_id)
    await work.session.flush()
    await store_writing.put_wanted(work, org_id, visit.id, kind, desk.clock.now())
    await enqueue(work, str(org_id), visit.id, kind.value)
    return True


async def want_presence(
    desk: Desk, work: Work, connection: Connection, visit: Visit, people: Iterable[Participant]
) -> None:
    """The EHR will be told who came and who left, where it does not know it yet."""
    if presence.tellings(people):
        await want(desk, work, connection, visit, WriteKind.presence)


async def stop(work: Work, org_id: OrgId, visit_id: str) -> None:
    """The EHR is told nothing more of this visit."""
    await store_writing.stop_wanted(work, org_id, visit_id)


async def enqueue(work: Work, org_id: str, visit_id: str, kind: str) -> None:
    """A job that writes: one waits at most, and one runs at a time for each visit."""
    await work.enqueue(
        WRITE_BACK,
        queueing_lock=f"write:{visit_id}:{kind}",
        lock=f"write:{visit_id}",
        org_id=org_id,
        visit_id=visit_id,
        kind=kind,
    )


async def write_back(desk: Desk, database: Database, org_id: OrgId, visit_id: str, kind: WriteKind) -> None:
    """One try: the EHR has what is wanted, or the ledger says why not and when it is tried again."""
    task = await _take_up(desk, database, org_id, visit_id, kind)
    if task is None:
        return
    try:
        await _send(desk, database, org_id, task)
    except HousecallError as fault:
        await _note_fault(desk, database, org_id, task, fault)
    else:
        await _note_done(desk, database, org_id, task)


async def replay(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> int:
    """Links, and a status that was wanted before, are written again; answers how many jobs that makes.

    Raises VisitUnknown. What the EHR has already is left alone there, so a replay does no harm.
    """
    visit = await store.get_visit(work, org_id, visit_id)
    connection = await get_connection(work, org_id, visit.connection_id)
    known = {row.kind for row, _ in await store_writing.list_rows(work, org_id, visit_id=visit_id)}
    kinds = [WriteKind.links] if VisitState(visit.state) not in _NO_LINKS else []
    kinds += [WriteKind.status] if WriteKind.status in known and visit.state != VisitState.cancelled else []
    if WriteKind.presence in known:
        await store_writing.forget_told(work, org_id, visit_id)
        kinds.append(WriteKind.presence)
    wanted = [kind for kind in kinds if await want(desk, work, connection, visit, kind)]
    await record(
        work, org_id, Act.write_replayed, by=by, subject=visit_id, at=desk.clock.now(), jobs=len(wanted)
    )
    return len(wanted)


async def replay_connection(desk: Desk, work: Work, org_id: OrgId, connection_id: str, *, by: By) -> int:
    """The same for every visit of the connection that may still come, also those from before it was switched on."""
    await get_connection(work, org_id, connection_id)
    visits = await store_writing.list_live_ids(work, org_id, connection_id)
    return sum([await replay(desk, work, org_id, visit_id, by=by) for visit_id in visits])


async def read_ledger(work: Work, org_id: OrgId, *, by: By, now: datetime) -> list[LedgerRow]:
    """What the EHR was told and is to be told, what is not done first."""
    rows = await store_writing.list_rows(work, org_id)
    await record(work, org_id, Act.report_read, by=by, subject="write_back", at=now, rows=len(rows))
    return [_ledger_row(row, visit, now) for row, visit in rows]


def _ledger_row(row: WriteBack, visit: Visit, now: datetime) -> LedgerRow:
    is_over = row.state in (WriteState.stopped, WriteState.failed) and row.done_at is None
    until = row.wanted_at if is_over else row.done_at or now
    return LedgerRow(
        visit=row.visit_id,
        appointment=visit.appointment_ref,
        kind=row.kind,
        state=row.state,
        wanted_at=row.wanted_at,
        done_at=row.done_at,
        lag_s=max(0, round((until - row.wanted_at).total_seconds())),
        attempts=row.attempts,
        last_error=row.last_error,
    )


async def _take_up(
    desk: Desk, database: Database, org_id: OrgId, visit_id: str, kind: WriteKind
) -> _Task | None:
    async with database.work() as work:
        row = await store_writing.lock_row(work, org_id, visit_id, kind)
        if row is None or row.state != WriteState.wanted:
            return None
        visit = await store.get_visit(work, org_id, visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
        seat = await store.find_patient_seat(work, org_id, connection.id, visit.appointment_ref)
        if not _is_due(connection, visit, seat, kind):
            row.state = WriteState.stopped.value
            return None
        row.attempts += 1
        people = await store.list_people(work, org_id, [visit_id]) if kind is WriteKind.presence else ()
        tellings = tuple(presence.tellings(person for person, _ in people))
        return _Task(kind, visit, connection, seat, row.wanted_at, row.attempts, tellings)


def _is_due(connection: Connection, visit: Visit, seat: Seat | None, kind: WriteKind) -> bool:
    # Switched off, or over, since it was wanted: then the EHR is told nothing.
    if not is_working(connection) or kind.value not in connection.write_back:
        return False
    if kind is WriteKind.links:
        return seat is not None and VisitState(visit.state) not in _NO_LINKS
    # Who left a visit that is off by now has left it all the same.
    return kind is WriteKind.presence or visit.state != VisitState.cancelled


async def _send(desk: Desk, database: Database, org_id: OrgId, task: _Task) -> None:
    client, ref = desk.ehr.client(task.connection), AppointmentRef(task.visit.appointment_ref)
    for telling in task.people:
        await client.write_presence(ref, telling.presence)
        # At once, so that a fault with the next one does not tell this one again.
        async with database.work() as work:
            await presence.note_told(work, org_id, telling)
    if task.kind is WriteKind.presence:
        return
    if task.kind is WriteKind.status:
        await client.write_status(ref, AppointmentStatus.arrived)
        return
    assert task.seat is not None
    links = RoomLinks(
        # No secret: whoever opens it must come with the EHR's own launch.
        clinician_url=f"{desk.public_url}/ehr/launch/{task.connection.id}",
        patient_url=make_link(desk, task.seat),
        start=task.visit.starts_at,
        end=task.visit.ends_at,
    )
    await client.write_links(ref, links)


async def _note_done(desk: Desk, database: Database, org_id: OrgId, task: _Task) -> None:
    now = desk.clock.now()
    async with database.work() as work:
        row = await _same(work, org_id, task)
        if row is None:
            return
        row.state, row.done_at, row.last_error = WriteState.done.value, now, None
        await record(
            work, org_id, Act.write_done, by=_WRITER, subject=task.visit.id, at=now,
            kind=task.kind.value, attempts=task.attempts,
        )  # fmt: skip


async def _note_fault(
    desk: Desk, database: Database, org_id: OrgId, task: _Task, fault: HousecallError
) -> None:
    now = desk.clock.now()
    names = {"visit": task.visit.id, "kind": task.kind.value, "code": fault.code, "attempts": task.attempts}
    log.warning("The EHR could not be told of a visit.", extra=names)
    async with database.work() as work:
        row = await _same(work, org_id, task)
        if row is None:
            return
        row.last_error = fault.code
        if isinstance(fault, EhrBudgetSpent):
            # We held ourselves back: nobody was asked, so it was no try.
            row.attempts -= 1
            await _enqueue_later(work, org_id, task, now + fault.retry_after)
            return
        if may_try_again(fault) and task.attempts < _MOST_ATTEMPTS:
            await _enqueue_later(work, org_id, task, now + wait_after(fault, task.attempts))
            return
        row.state = WriteState.failed.value
        await record(
            work, org_id, Act.write_failed, by=_WRITER, subject=task.visit.id, at=now,
            kind=task.kind.value, code=fault.code,
        )  # fmt: skip


async def _same(work: Work, org_id: OrgId, task: _Task) -> WriteBack | None:
    """The row, unless it was wanted anew meanwhile: then the next job, which waits already, settles it."""
    row = await store_writing.lock_row(work, org_id, task.visit.id, task.kind)
    is_same = row is not None and row.state == WriteState.wanted and row.wanted_at == task.wanted_at
    return row if is_same else None


async def _enqueue_later(work: Work, org_id: OrgId, task: _Task, at: datetime) -> None:
    # Without the visit's lock: a job that waits for its time would hold up every later one under it.
    await work.enqueue(
        WRITE_LATER,
        queueing_lock=f"write-later:{task.visit.id}:{task.kind.value}",
        not_before=at,
        org_id=str(org_id),
        visit_id=task.visit.id,
        kind=task.kind.value,
    )


def may_try_again(fault: HousecallError) -> bool:
    """Whether reading again and writing again may work."""
    return isinstance(fault, EhrConflict | EhrUnavailable) and fault.retryable


def wait_after(fault: HousecallError, attempts: int) -> timedelta:
    """How long to wait: longer each time, never in step with others, and as long as the EHR asked."""
    doubled = timedelta(seconds=min(2.0 ** (attempts - 1), _LONGEST_WAIT.total_seconds()))
    wait = doubled * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
    return max(wait, fault.retry_after) if isinstance(fault, EhrThrottled) else wait
