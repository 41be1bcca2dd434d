"""A patient's launch from the EHR's patient portal: finished once, it leads to that patient's own seats.

Nothing that says who the patient is is kept, and no access to the EHR either: the tokens find the appointments and
are dropped. What stays is which visits this browser may choose from, for some hours.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import Appointment, LaunchContext
from housecall.ehr.errors import EhrError
from housecall.kit.ids import OrgId, hash_token
from housecall.tenancy.errors import ConnectionNotWorking
from housecall.tenancy.service import is_working
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.candidates import find_own, take_candidates
from housecall.visits.desk import Desk
from housecall.visits.errors import AppointmentForeign, LaunchDenied
from housecall.visits.launches import CookieOf, exchange, note, refuse, take_up
from housecall.visits.tables import Launch, Seat, Visit

# A long wait and a long visit: loading the page again in the middle of one must not send anybody back to the portal.
PATIENT_SESSION_LIFE: Final = timedelta(hours=4)


async def finish_patient_launch(
    desk: Desk,
    database: Database,
    *,
    state: str | None,
    code: str | None,
    error: str | None,
    cookie_of: CookieOf,
) -> Launch:
    """This browser may choose from the patient's own visits, which may be none.

    Raises LaunchUnknown, LaunchUsed, LaunchForeign, LaunchDenied, AppointmentForeign, an EhrError, or
    ConnectionNotWorking.
    """
    launch, connection = await take_up(desk, database, state, cookie_of, persona="patient")
    try:
        context = await exchange(desk, connection, launch, code=code, error=error)
        appointments = await find_own(desk, connection, context)
        language = await _language_of(desk, connection, context)
        # Looked at anew: it may have been switched off since the launch began.
        async with database.work() as work:
            connection = await get_connection(work, OrgId(launch.org_id), launch.connection_id)
        if not is_working(connection):
            raise ConnectionNotWorking
    except (EhrError, LaunchDenied, AppointmentForeign, ConnectionNotWorking) as fault:
        await refuse(desk, database, launch, fault)
        raise
    async with database.work() as work:
        launch = await work.session.get_one(Launch, launch.id)
        launch.visit_ids = await take_candidates(desk, work, connection, appointments)
        await _keep_language(work, connection, appointments, language)
        now = desk.clock.now()
        launch.state, launch.expires_at = "active", now + PATIENT_SESSION_LIFE
        launch.nonce = launch.verifier_sealed = None
        # A patient's id is not ours to write down, not even in the log of acts.
        await note(work, connection, Act.launch_finished, launch.id, By(Actor.patient, "launch"), now)
    return launch


async def find_owner(work: Work, state: str | None) -> OrgId | None:
    """Whose launch came back, so that a page that says no can say whom to call; opens nothing."""
    if not state:
        return None
    found = await work.session.scalars(
        select(Launch.org_id).where(Launch.state_hash == hash_token(state), Launch.persona == "patient")
    )
    org_id = found.one_or_none()
    return OrgId(org_id) if org_id is not None else None


async def list_own(work: Work, launch: Launch) -> list[tuple[Visit, Seat]]:
    """The launch's visits with the patient's seat on each, earliest first; one begun again is its newest."""
    org_id = OrgId(launch.org_id)
    ids = await store.list_with_successors(work, org_id, launch.visit_ids)
    newest = {visit.appointment_ref: visit for visit in await store.list_visits(work, org_id, ids)}
    seats = await store.find_newest_seats(work, org_id, launch.connection_id, list(newest))
    return [(visit, seats[ref]) for ref, visit in newest.items() if ref in seats]


async def _language_of(desk: Desk, connection: Connection, context: LaunchContext) -> str | None:
    """What the EHR's record says; an EHR that will not tell stops nobody on the way to a visit."""
    if context.patient is None:
        return None
    try:
        person = await desk.ehr.client_of(connection, "patient").read_person(
            context.patient, tokens=context.tokens
        )
    except EhrError:
        return None
    return person.language


async def _keep_language(
    work: Work, connection: Connection, appointments: Sequence[Appointment], language: str | None
) -> None:
    if not language:
        return
    org_id, refs = OrgId(connection.org_id), [one.ref for one in appointments]
    for seat in (await store.find_newest_seats(work, org_id, connection.id, refs)).values():
        await store.keep_language(work, org_id, seat.id, language)
