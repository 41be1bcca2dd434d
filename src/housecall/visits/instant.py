"""Visits without an appointment: begun now for the patient whose chart is open, or by an account for whoever asks.

Nothing is written to the EHR of them: it has no appointment to write to. They stand on lists and in reports
as others do.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus, PatientRef, PractitionerRef
from housecall.kit.ids import OrgId, short_id
from housecall.kit.sealing import seal_apart
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.booking import SERVICE, patient_of, purpose_of
from housecall.visits.desk import Desk
from housecall.visits.errors import ChartMissing
from housecall.visits.life import Plan, create_consult, create_visit
from housecall.visits.model import INSTANT, OVER, is_instant
from housecall.visits.scene import visit_window
from housecall.visits.store_instant import list_instants
from housecall.visits.tables import Launch, Visit
from housecall.visits.tables_instant import InstantVisit

# As an appointment without an end is taken to last.
_LENGTH: Final = timedelta(minutes=30)


def may_begin(launch: Launch, visits: Sequence[Visit]) -> bool:
    """Whether the launch is of a chart whose patient can be seen now, and is not by one of these visits already."""
    return _is_of_chart(launch) and _find_live(visits) is None


def _is_of_chart(launch: Launch) -> bool:
    # A window of one visit is not: it was opened for that one.
    return launch.patient_ref_sealed is not None and launch.handed_over_from is None


def _find_live(visits: Sequence[Visit]) -> Visit | None:
    live = (visit for visit in visits if is_instant(visit.appointment_ref) and visit.state not in OVER)
    return next(live, None)


async def begin(desk: Desk, work: Work, launch: Launch, *, by: By) -> Visit:
    """A visit now with the patient of this chart; pressed twice it is the same one. Raises ChartMissing."""
    org_id = OrgId(launch.org_id)
    kept = await work.session.get_one(Launch, launch.id, with_for_update=True)
    if kept.patient_ref_sealed is None or not _is_of_chart(kept):
        raise ChartMissing
    there = _find_live(await store.list_visits(work, org_id, kept.visit_ids))
    if there is not None:
        return there
    connection = await get_connection(work, org_id, kept.connection_id)
    patient = desk.sealer.open(kept.patient_ref_sealed, purpose=f"patient:{kept.id}")
    visit = await _make(desk, work, connection, clinician=kept.user_ref, by=by)
    sealed, key_sealed = seal_apart(desk.sealer, patient, purpose=purpose_of(visit.appointment_ref))
    work.session.add(
        InstantVisit(
            connection_id=connection.id,
            appointment_ref=visit.appointment_ref,
            org_id=org_id,
            patient_sealed=sealed,
            key_sealed=key_sealed,
            expires_at=visit_window(visit, connection).closes_at,
        )
    )
    kept.visit_ids = [*kept.visit_ids, visit.id]
    await work.session.flush()
    return visit


async def begin_for_anybody(desk: Desk, work: Work, connection: Connection, *, by: By) -> Visit:
    """A visit now with somebody whom only the person who begins it knows: the link goes where they say."""
    return await _make(desk, work, connection, clinician=None, by=by)


async def begin_consult(desk: Desk, work: Work, connection: Connection, *, clinician: str, by: By) -> Visit:
    """A visit between colleagues now: nobody's appointment, and no patient."""
    now = desk.clock.now()
    plan = Plan(
        connection_id=connection.id,
        appointment_ref=f"{INSTANT}{short_id('c')}",
        appointment_version="",
        starts_at=now,
        ends_at=now + _LENGTH,
        clinician_ref=clinician,
        location_ref=None,
        department_id=None,
    )
    return await create_consult(desk, work, OrgId(connection.org_id), plan, by=by)


async def find_of_patient(
    desk: Desk, work: Work, connection: Connection, patient: PatientRef | None
) -> list[str]:
    """The visits without an appointment that go on with this patient, the newest of each."""
    org_id, now = OrgId(connection.org_id), desk.clock.now()
    kept = await list_instants(work, org_id, connection.id, now) if patient else []
    refs = [one.appointment_ref for one in kept if patient_of(desk.sealer, one) == patient]
    found = await store.list_visits_of_appointments(work, org_id, connection.id, refs)
    return [visit.id for visit in found.values()]


async def _make(desk: Desk, work: Work, connection: Connection, *, clinician: str | None, by: By) -> Visit:
    org_id, now = OrgId(connection.org_id), desk.clock.now()
    wanted = Appointment(
        ref=AppointmentRef(f"{INSTANT}{short_id('a')}"),
        version="",
        status=AppointmentStatus.booked,
        start=now,
        end=now + _LENGTH,
        patient=None,
        practitioners=(PractitionerRef(clinician),) if clinician else (),
        locations=(),
        is_virtual=True,
        service=SERVICE,
    )
    visit = await create_visit(desk, work, org_id, connection, wanted)
    await record(work, org_id, Act.visit_begun_now, by=by, subject=visit.id, at=now)
    return visit
