"""What an appointment means for its visit: one idempotent step for every feed and every order of events."""

from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import Actor, By
from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentStatus
from housecall.kit.ids import OrgId
from housecall.messaging.model import SuppressReason
from housecall.tenancy.tables import Connection
from housecall.visits import life, texting
from housecall.visits.departments import leave_closed_out, settle_home
from housecall.visits.desk import Desk
from housecall.visits.meetings import look_again
from housecall.visits.model import LIVE, VisitState
from housecall.visits.tables import Visit
from housecall.visits.views import publish_visit

FEED: Final = By(Actor.system, "feed")
_USUAL_LENGTH: Final = timedelta(minutes=30)

_S = AppointmentStatus
_BOOKED: Final = frozenset({_S.booked, _S.arrived, _S.checked_in})
_OFF: Final = frozenset({_S.cancelled, _S.entered_in_error})


async def take_in(
    desk: Desk,
    work: Work,
    connection: Connection,
    appointment: Appointment,
    newest: Visit | None,
    *,
    confirm_new: bool,
) -> Visit | None:
    """The visit on the appointment stands as the EHR says; taking in the same twice changes nothing.

    ``newest`` is the newest visit on it, if any; ``confirm_new`` whether a visit found now is confirmed by text.
    """
    if newest is not None and _is_known(newest, appointment):
        return newest
    if appointment.status in _OFF or not appointment.is_virtual:
        return await _take_off(desk, work, connection, appointment, newest)
    if appointment.status is _S.noshow:
        return await _miss(desk, work, appointment, newest)
    if appointment.status not in _BOOKED or appointment.start is None:
        return newest
    if newest is None or newest.state == VisitState.cancelled:
        return await _found(desk, work, connection, appointment, confirm_new=confirm_new)
    return await _changed(desk, work, connection, appointment, newest, confirm_new=confirm_new)


def _is_known(visit: Visit, appointment: Appointment) -> bool:
    # Some EHRs give no version: then times and status are compared each time.
    return bool(appointment.version) and visit.appointment_version == appointment.version


async def _found(
    desk: Desk, work: Work, connection: Connection, appointment: Appointment, *, confirm_new: bool
) -> Visit | None:
    now = desk.clock.now()
    _, end = _times(appointment)
    if end + timedelta(minutes=connection.window_closes_min) <= now:
        return None
    if not await leave_closed_out(work, connection, [appointment]):
        return None
    visit = await life.create_visit(desk, work, OrgId(connection.org_id), connection, appointment)
    await texting.plan_for_new(desk, work, connection, visit, confirm=confirm_new and end > now)
    return await _shown(desk, work, visit)


async def _changed(
    desk: Desk,
    work: Work,
    connection: Connection,
    appointment: Appointment,
    visit: Visit,
    *,
    confirm_new: bool,
) -> Visit:
    org_id = OrgId(connection.org_id)
    is_first_sight = visit.appointment_version == "" and bool(appointment.version)
    start, end = _times(appointment)
    was = visit.starts_at
    if (visit.starts_at, visit.ends_at) != (start, end) and visit.state != VisitState.ended:
        visit = await life.move_visit_time(desk, work, org_id, visit.id, start, end, by=FEED)
    had, home = visit.clinician_ref, visit.department_id
    _note(visit, appointment)
    await settle_home(work, connection, visit)
    if visit.clinician_ref != had:
        # Its meeting is that clinician's.
        await look_again(desk, work, visit)
    if is_first_sight and visit.state in LIVE:
        # A launch made this visit before the feed saw it.
        await texting.plan_for_new(desk, work, connection, visit, confirm=confirm_new)
    elif was != start and visit.state in LIVE:
        await texting.plan_for_moved(desk, work, connection, visit)
    elif visit.department_id != home and visit.state in LIVE:
        await texting.follow_timing(desk, work, connection, visit)
    else:
        return visit
    return await _shown(desk, work, visit)


async def _take_off(
    desk: Desk, work: Work, connection: Connection, appointment: Appointment, visit: Visit | None
) -> Visit | None:
    if visit is None or visit.state not in (VisitState.scheduled, VisitState.open):
        return visit
    org_id = OrgId(connection.org_id)
    reason = "cancelled" if appointment.status in _OFF else "not_virtual"
    visit = await life.cancel_visit(desk, work, org_id, visit.id, by=FEED, reason=reason)
    _note(visit, appointment)
    await texting.plan_for_cancelled(desk, work, connection, visit)
    return await _shown(desk, work, visit)


async def _miss(desk: Desk, work: Work, appointment: Appointment, visit: Visit | None) -> Visit | None:
    if visit is None or visit.state not in LIVE:
        return visit
    visit = await life.mark_no_show(desk, work, OrgId(visit.org_id), visit.id, by=FEED)
    _note(visit, appointment)
    if visit.state == VisitState.no_show:
        await texting.drop_planned(desk, work, visit, SuppressReason.visit_over)
    return visit


async def drop_missing(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """The EHR no longer has the appointment at all: its visit is off."""
    if visit.state in (VisitState.scheduled, VisitState.open):
        org_id = OrgId(connection.org_id)
        visit = await life.cancel_visit(desk, work, org_id, visit.id, by=FEED, reason="gone")
        await texting.plan_for_cancelled(desk, work, connection, visit)
        await _shown(desk, work, visit)


def _note(visit: Visit, appointment: Appointment) -> None:
    visit.appointment_version = appointment.version
    if appointment.practitioners:
        if visit.clinician_ref != appointment.practitioners[0]:
            # The clinic booked it anew: what colleagues agreed on was about the old booking.
            visit.handed_to = None
        visit.clinician_ref = appointment.practitioners[0]
    if appointment.locations:
        visit.location_ref = appointment.locations[0]


def _times(appointment: Appointment) -> tuple[datetime, datetime]:
    assert appointment.start is not None
    return appointment.start, appointment.end or appointment.start + _USUAL_LENGTH


async def _shown(desk: Desk, work: Work, visit: Visit) -> Visit:
    # The panel's snapshot holds the newest message, which was planned after the visit changed.
    visit.revision += 1
    await publish_visit(desk, work, OrgId(visit.org_id), visit)
    return visit
