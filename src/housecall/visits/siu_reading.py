"""What a message told is confirmed by reading the appointment; the EHR's FHIR side may be seconds behind."""

import logging
from typing import Final

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentRef
from housecall.ehr.errors import AppointmentGone, EhrError
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.tenancy.service import is_working
from housecall.tenancy.store import find_connection_anywhere
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.desk import Desk
from housecall.visits.errors import AppointmentBehind
from housecall.visits.schedule import drop_missing, take_in
from housecall.visits.siu import is_followed
from housecall.visits.tables import Visit

log = logging.getLogger(__name__)

# Two seconds, four, eight …: a FHIR side that shows nothing new after four minutes has nothing new to show.
LAST_LOOK: Final = 7
_LONGEST_WAIT_S: Final = 300
# An EHR that is away is asked for a day.
_MOST_ATTEMPTS: Final = 300


async def read_told_appointment(
    desk: Desk,
    database: Database,
    connection_id: str,
    name: str,
    *,
    confirm: bool,
    is_last_look: bool,
) -> None:
    """The visit stands as the EHR says now; raises AppointmentBehind where it shows nothing new yet.

    ``name`` is what the message called the appointment.
    """
    ref = await _find(desk, database, connection_id, name)
    if ref is None:
        if not is_last_look:
            raise AppointmentBehind
        # Every message ending so: the id's rule does not fit (docs/how-to/connect-siu.md).
        log.warning(
            "The EHR has no appointment of the id in an SIU message.", extra={"connection": connection_id}
        )
        return
    await _read(desk, database, connection_id, ref, confirm=confirm, is_last_look=is_last_look)


async def _read(
    desk: Desk,
    database: Database,
    connection_id: str,
    ref: AppointmentRef,
    *,
    confirm: bool,
    is_last_look: bool,
) -> None:
    while True:
        async with database.work() as work:
            connection = await find_connection_anywhere(work, connection_id)
            if connection is None or not is_working(connection):
                return
            seen = await _version_of(work, connection, ref)
        try:
            appointment = await desk.ehr.client(connection).read_appointment(ref)
        except AppointmentGone:
            appointment = None
        async with database.work() as work:
            org_id = OrgId(connection.org_id)
            await store.lock_appointment(work, org_id, connection.id, ref)
            # Somebody took a newer reading in while this one was on its way: it may be out of date.
            if await _version_of(work, connection, ref) != seen:
                continue
            newest = await store.find_newest_visit(work, org_id, connection.id, ref)
            if not is_last_look and _is_behind(appointment, newest):
                raise AppointmentBehind
            await _settle(desk, work, connection, appointment, newest, confirm=confirm)
            return


async def _find(desk: Desk, database: Database, connection_id: str, name: str) -> AppointmentRef | None:
    async with database.work() as work:
        connection = await find_connection_anywhere(work, connection_id)
    if connection is None or not is_working(connection):
        # Nothing is asked; whoever reads next finds the same.
        return AppointmentRef(name)
    return await desk.ehr.client(connection).find_told(name)


async def _version_of(work: Work, connection: Connection, ref: AppointmentRef) -> tuple[str, int] | None:
    newest = await store.find_newest_visit(work, OrgId(connection.org_id), connection.id, ref)
    return None if newest is None else (newest.appointment_version, newest.ordinal)


def _is_behind(appointment: Appointment | None, newest: Visit | None) -> bool:
    if appointment is None:
        return True
    # Without versions nobody can tell; then what was read counts.
    return newest is not None and newest.appointment_version == appointment.version != ""


async def _settle(
    desk: Desk,
    work: Work,
    connection: Connection,
    appointment: Appointment | None,
    newest: Visit | None,
    *,
    confirm: bool,
) -> None:
    if appointment is not None:
        if newest is not None or is_followed(connection, appointment):
            await take_in(desk, work, connection, appointment, newest, confirm_new=confirm)
    elif newest is not None:
        await drop_missing(desk, work, connection, newest)
    else:
        # Every message ending so: the id's rule does not fit (docs/how-to/connect-siu.md).
        log.warning(
            "The EHR has no appointment of the id in an SIU message.", extra={"connection": connection.id}
        )


class Patience(BaseRetryStrategy):
    """Reads again where the EHR is behind or away; what it refuses is not asked again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        may_help = not isinstance(exception, HousecallError) or isinstance(exception, AppointmentBehind)
        may_help = may_help or (isinstance(exception, EhrError) and exception.retryable)
        if not may_help or job.attempts >= _MOST_ATTEMPTS:
            return None
        wait_s = min(2 ** min(job.attempts + 1, 16), _LONGEST_WAIT_S)
        return RetryDecision(retry_in={"seconds": wait_s})
