"""Which visits a launch is about: those the EHR names, else the patient's video appointments around now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentStatus, LaunchContext, PatientRef
from housecall.ehr.errors import AppointmentGone
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.departments import leave_closed_out
from housecall.visits.desk import Desk
from housecall.visits.errors import AppointmentForeign, LaunchDenied
from housecall.visits.life import create_visit

# Today's visits, whatever the hour: what began this morning may be looked at again, and tonight's is near.
_BEFORE: Final = timedelta(hours=12)
_AFTER: Final = timedelta(hours=12)
# Where there is none today, the next one is what the clinician means.
_LOOK_AHEAD: Final = timedelta(days=7)

_S = AppointmentStatus
_BOOKED: Final = frozenset({_S.booked, _S.arrived, _S.checked_in})
# Over in the EHR's eyes: only of interest where a visit of ours stands on it.
_PAST: Final = frozenset({_S.fulfilled, _S.noshow})


async def find_candidates(desk: Desk, connection: Connection, context: LaunchContext) -> list[Appointment]:
    """The appointments the launch may be about, earliest first; reads the EHR as the person who launched."""
    client = desk.ehr.client(connection)
    named = []
    for ref in context.appointments:
        try:
            named.append(await client.read_appointment(ref, tokens=context.tokens))
        except AppointmentGone:
            continue
    named = [one for one in named if _is_of(one, context) and _is_wanted(one)]
    if named or context.patient is None:
        return named
    now = desk.clock.now()
    found = await client.find_appointments_of_patient(
        context.patient, start=now - _BEFORE, end=now + _LOOK_AHEAD, tokens=context.tokens
    )
    return nearest([one for one in found if one.is_virtual and _is_wanted(one)], now)


def nearest(found: Sequence[Appointment], now: datetime) -> list[Appointment]:
    """Those of today, or else the first one that is still to come."""
    today = [one for one in found if one.start is not None and one.start < now + _AFTER]
    return today or list(found[:1])


async def find_own(desk: Desk, connection: Connection, context: LaunchContext) -> list[Appointment]:
    """The video appointments of the patient who launched, earliest first; raises AppointmentForeign or LaunchDenied.

    The EHR says whom the launch is about, and each record says whose it is: both must agree, so that an EHR that
    mixes people up, or was made to, opens nobody's visit to another.
    """
    own = context.patient or (PatientRef(context.user) if context.user_type == "Patient" else None)
    if own is None:
        raise LaunchDenied("no_patient")
    client, now = desk.ehr.client_of(connection, "patient"), desk.clock.now()
    named = []
    for ref in context.appointments:
        try:
            named.append(await client.read_appointment(ref, tokens=context.tokens))
        except AppointmentGone:
            continue
    if any(one.patient != own for one in named):
        raise AppointmentForeign
    named = [one for one in named if _is_coming(one, connection, now)]
    if named:
        return named
    found = await client.find_appointments_of_patient(
        own, start=now - _BEFORE, end=now + _LOOK_AHEAD, tokens=context.tokens
    )
    return nearest(
        [one for one in found if one.is_virtual and one.patient == own and _is_coming(one, connection, now)],
        now,
    )


async def take_candidates(
    desk: Desk, work: Work, connection: Connection, appointments: Sequence[Appointment]
) -> list[str]:
    """Visits stand on the appointments, made where the feed has not found them yet; their ids.

    In a pilot, none is made outside the departments that are live.
    """
    org_id = OrgId(connection.org_id)
    refs = [one.ref for one in appointments]
    known = await store.list_visits_of_appointments(work, org_id, connection.id, refs)
    may_be_made = {one.ref for one in await leave_closed_out(work, connection, appointments)}
    ids = []
    for one in appointments:
        visit = known.get(one.ref)
        if visit is None and one.ref in may_be_made and one.status in _BOOKED and one.start is not None:
            visit = await create_visit(desk, work, org_id, connection, one)
            # The feed has not seen it: what it plans for a new visit is still to be planned.
            visit.appointment_version = ""
        if visit is not None:
            ids.append(visit.id)
    return ids


def _is_of(appointment: Appointment, context: LaunchContext) -> bool:
    # An appointment of somebody else in a patient's chart would show one patient's visit to another's.
    return context.patient is None or appointment.patient in (None, context.patient)


def _is_wanted(appointment: Appointment) -> bool:
    return appointment.start is not None and appointment.status in _BOOKED | _PAST


def _is_coming(appointment: Appointment, connection: Connection, now: datetime) -> bool:
    end = appointment.end or appointment.start
    is_over = end is None or end + timedelta(minutes=connection.window_closes_min) < now
    return appointment.status in _BOOKED and appointment.start is not None and not is_over
