"""Departments at work: whose an appointment is when it is met, and what counts for its visit.

A visit's department is found by the first clinician and the first place of its appointment, the two that reports show.
"""

from collections.abc import Collection, Sequence

from housecall.db.work import Work
from housecall.ehr.base import Appointment
from housecall.kit.ids import OrgId
from housecall.tenancy.store_departments import find_department, list_departments
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.terms import Terms, choose_department, is_open, terms_of
from housecall.visits.tables import Visit


def home_of(appointment: Appointment, there: Collection[Department]) -> Department | None:
    """The appointment's department among these, or None."""
    return choose_department(
        there,
        clinician=next(iter(appointment.practitioners), None),
        location=next(iter(appointment.locations), None),
    )


async def find_home(work: Work, connection: Connection, appointment: Appointment) -> Department | None:
    """The appointment's department on this connection, or None."""
    return home_of(appointment, await list_departments(work, OrgId(connection.org_id), connection.id))


async def leave_closed_out(
    work: Work, connection: Connection, found: Sequence[Appointment]
) -> list[Appointment]:
    """Those of the appointments that may become visits: in a pilot those of live departments."""
    if not connection.is_pilot:
        return list(found)
    there = await list_departments(work, OrgId(connection.org_id), connection.id)
    return [one for one in found if is_open(connection, home_of(one, there))]


async def settle_home(work: Work, connection: Connection, visit: Visit) -> None:
    """The visit is in the department that its clinician and place say now."""
    there = await list_departments(work, OrgId(visit.org_id), connection.id)
    home = choose_department(there, clinician=visit.clinician_ref, location=visit.location_ref)
    visit.department_id = home.id if home is not None else None


async def terms_for(work: Work, connection: Connection, visit: Visit) -> Terms:
    """What counts for the visit."""
    return terms_of(connection, await find_department(work, OrgId(visit.org_id), visit.department_id))
