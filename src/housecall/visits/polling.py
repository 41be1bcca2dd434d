"""The feed by polling: appointments are found without anybody launching, in windows that slide."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from housecall.db.database import Database
from housecall.ehr.base import Appointment, AppointmentRef, LocationRef, PractitionerRef, Vendor
from housecall.ehr.errors import EhrError, EhrThrottled
from housecall.ehr.registry import PROFILES
from housecall.kit.ids import OrgId
from housecall.tenancy.service import is_working
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.departments import leave_closed_out
from housecall.visits.desk import Desk
from housecall.visits.model import is_instant
from housecall.visits.schedule import drop_missing, take_in
from housecall.visits.tables import Visit

log = logging.getLogger(__name__)

# What is near is read at every poll; the weeks behind it one after the other, and all of it at the first.
_BEHIND: Final = timedelta(hours=6)
_NEAR: Final = timedelta(days=8)
_SLICE: Final = timedelta(days=7)
_AHEAD: Final = timedelta(days=64)
# Where a day holds so many appointments that this would be a poll's reading, stretches become shorter: half of it
# for what is near, half for what is behind. 150 pages of a hundred each, read in some five seconds.
_MOST_A_STRETCH: Final = 15_000
_SHORTEST: Final = timedelta(days=1)
# So many are compared with what we know in one query.
_CHUNK: Final = 500
# Each visit costs a request where nobody lists: a day's at most, and ten minutes apart at the usual interval.
_SOON: Final = timedelta(hours=24)
_SELDOM: Final = 20
_LONGEST_WAIT: Final = timedelta(minutes=5)

Span = tuple[datetime, datetime]


async def poll_connection(
    desk: Desk, database: Database, connection_id: str, *, feed_every: timedelta
) -> int:
    """One poll of a connection that is due; answers how many appointments were read. Others do nothing."""
    connection = await _claim(desk, database, connection_id, feed_every)
    if connection is None:
        return 0
    if not PROFILES[Vendor(connection.vendor)].lists_appointments:
        return await _read_again(desk, database, connection, feed_every)
    is_first = connection.first_polled_at is None
    read, a_day = 0, connection.feed_a_day
    try:
        for number, span in enumerate(spans_of(desk.clock.now(), feed_every, is_first=is_first, a_day=a_day)):
            # One stretch at a time: what a large hospital has planned for two months does not fit in memory.
            found = await _read(desk, connection, span)
            await _take_all_in(desk, database, connection, found, confirm=not is_first)
            await _look_for_missing(desk, database, connection, found, span)
            read += len(found)
            if number == 0:
                a_day = round(len(found) / ((span[1] - span[0]) / timedelta(days=1)))
    except EhrError as fault:
        await _note_fault(desk, database, connection, fault, feed_every)
        return 0
    await _note_done(desk, database, connection, a_day)
    return read


async def _read_again(desk: Desk, database: Database, connection: Connection, feed_every: timedelta) -> int:
    """Where nobody lists a clinic, messages tell of it; what they told of is read again, in case one was lost."""
    now = desk.clock.now()
    try:
        await _look_for_missing(desk, database, connection, [], (now, now + _SOON))
    except EhrError as fault:
        await _note_fault(desk, database, connection, fault, feed_every)
        return 0
    await _note_done(desk, database, connection, 0, next_poll_at=now + _SELDOM * feed_every)
    return 0


def spans_of(now: datetime, feed_every: timedelta, *, is_first: bool, a_day: int = 0) -> list[Span]:
    """The windows to read, the near one first: behind it one stretch by turns, and at the first poll all of them.

    ``a_day``: how many appointments a day has. Where they are many, what is near is less than a week, and the
    rest of the week has every second turn.
    """
    most = timedelta(days=_MOST_A_STRETCH / a_day) if a_day else _NEAR
    near_end = now + min(_NEAR, max(most, _SHORTEST))
    far = _slices(now + _NEAR, now + _AHEAD, min(_SLICE, max(most, _SHORTEST)))
    if is_first:
        return [(now - _BEHIND, now + _NEAR), *far]
    turn = int(now.timestamp() // feed_every.total_seconds())
    soon = _slices(near_end, now + _NEAR, near_end - now)
    if soon:
        far, turn = (soon, turn // 2) if turn % 2 else (far, turn // 2)
    return [(now - _BEHIND, near_end), far[turn % len(far)]]


def _slices(start: datetime, end: datetime, length: timedelta) -> list[Span]:
    """The stretch cut into pieces of that length, the last one perhaps shorter."""
    return [
        (start + n * length, min(start + (n + 1) * length, end)) for n in range(-((start - end) // length))
    ]


async def _claim(
    desk: Desk, database: Database, connection_id: str, feed_every: timedelta
) -> Connection | None:
    now = desk.clock.now()
    async with database.work() as work:
        found = await work.session.scalars(
            select(Connection).where(Connection.id == connection_id).with_for_update(skip_locked=True)
        )
        connection = found.one_or_none()
        if connection is None or not is_working(connection):
            return None
        if connection.next_poll_at is not None and connection.next_poll_at > now:
            return None
        connection.next_poll_at = now + feed_every
        return connection


async def _read(desk: Desk, connection: Connection, span: Span) -> list[Appointment]:
    page = await desk.ehr.client(connection).list_appointments(
        practitioners=[PractitionerRef(one) for one in connection.practitioners],
        locations=[LocationRef(one) for one in connection.locations],
        start=span[0],
        end=span[1],
    )
    for fault in page.faults:
        log.warning(
            "An appointment could not be read.",
            extra={"connection": connection.id, "code": fault.reason_code},
        )
    return page.appointments


async def _take_all_in(
    desk: Desk, database: Database, connection: Connection, found: Sequence[Appointment], *, confirm: bool
) -> None:
    for at in range(0, len(found), _CHUNK):
        # One broken appointment costs its own transaction only.
        for appointment in await _news_in(database, connection, found[at : at + _CHUNK]):
            await _take_one_in(desk, database, connection, appointment, confirm=confirm)


async def _news_in(
    database: Database, connection: Connection, chunk: Sequence[Appointment]
) -> list[Appointment]:
    """What in the chunk is new to us: most polls find nothing, at the cost of one query a chunk."""
    async with database.work() as work:
        known = await store.list_visits_of_appointments(
            work, OrgId(connection.org_id), connection.id, [one.ref for one in chunk]
        )
        unknown = [one for one in chunk if one.ref not in known and one.is_virtual]
        new = {one.ref for one in await leave_closed_out(work, connection, unknown)}
    return [one for one in chunk if one.ref in new or (one.ref in known and _is_news(one, known[one.ref]))]


def _is_news(appointment: Appointment, visit: Visit | None) -> bool:
    if visit is None:
        return appointment.is_virtual
    return not appointment.version or visit.appointment_version != appointment.version


async def _take_one_in(
    desk: Desk, database: Database, connection: Connection, appointment: Appointment, *, confirm: bool
) -> None:
    org_id = OrgId(connection.org_id)
    try:
        async with database.work() as work:
            await store.lock_appointment(work, org_id, connection.id, appointment.ref)
            newest = await store.find_newest_visit(work, org_id, connection.id, appointment.ref)
            if not _is_news(appointment, newest):
                return
            confirm_new = confirm or connection.confirm_existing
            await take_in(desk, work, connection, appointment, newest, confirm_new=confirm_new)
    except Exception:
        # One appointment that breaks our own rules must not hold up the clinic's others.
        log.exception("An appointment could not be taken in.", extra={"connection": connection.id})


async def _look_for_missing(
    desk: Desk,
    database: Database,
    connection: Connection,
    found: Sequence[Appointment],
    span: Span,
) -> None:
    """Visits whose appointment was not in its window any more: moved away, or gone; each is read by its id."""
    org_id, seen = OrgId(connection.org_id), {one.ref for one in found}
    now = desk.clock.now()
    async with database.work() as work:
        live = [
            visit
            for visit in await store.list_live_visits(work, org_id, connection.id, max(span[0], now), span[1])
            if visit.appointment_ref not in seen and not is_instant(visit.appointment_ref)
        ]
    if not live:
        return
    read = await desk.ehr.client(connection).read_appointments(
        [AppointmentRef(visit.appointment_ref) for visit in live]
    )
    for appointment in read.values():
        await _take_one_in(desk, database, connection, appointment, confirm=True)
    for visit in live:
        if AppointmentRef(visit.appointment_ref) not in read:
            async with database.work() as work:
                await drop_missing(desk, work, connection, await store.get_visit(work, org_id, visit.id))


async def _note_done(
    desk: Desk,
    database: Database,
    connection: Connection,
    a_day: int,
    *,
    next_poll_at: datetime | None = None,
) -> None:
    now = desk.clock.now()
    async with database.work() as work:
        kept = await work.session.get_one(Connection, connection.id)
        kept.first_polled_at = kept.first_polled_at or now
        kept.last_polled_at, kept.feed_fault, kept.feed_a_day = now, None, a_day
        kept.next_poll_at = next_poll_at or kept.next_poll_at


async def _note_fault(
    desk: Desk, database: Database, connection: Connection, fault: EhrError, feed_every: timedelta
) -> None:
    log.warning("A feed could not be read.", extra={"connection": connection.id, "code": fault.code})
    wait = feed_every
    if isinstance(fault, EhrThrottled):
        wait = max(feed_every, min(fault.retry_after, _LONGEST_WAIT))
    async with database.work() as work:
        kept = await work.session.get_one(Connection, connection.id)
        kept.feed_fault, kept.next_poll_at = fault.code, desk.clock.now() + wait
