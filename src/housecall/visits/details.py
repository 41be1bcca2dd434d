"""Who and when, read from the EHR while the panel is open; nothing of it is kept."""

from typing import Any

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.ehr.base import (
    Appointment,
    Clinician,
    EhrClient,
    Person,
    PractitionerRef,
    Tokens,
)
from housecall.ehr.errors import EhrError, PersonGone
from housecall.kit.ids import OrgId
from housecall.messaging.replies import refusal_hash
from housecall.messaging.store import is_refused
from housecall.tenancy.service import may_mail_address, may_text_number
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.terms import may_text_in, may_write_in, terms_of
from housecall.visits.access import tokens_of
from housecall.visits.booking import Reading, read_booking
from housecall.visits.desk import Desk
from housecall.visits.store import get_visit
from housecall.visits.tables import Launch, Visit

Details = dict[str, Any]


async def read_details(desk: Desk, database: Database, launch: Launch, visit_id: str) -> Details:
    """Patient, clinician, service and time as the EHR has them now, read as the person who launched.

    Raises VisitUnknown, or an EhrError where the EHR is away or its session over.
    """
    org_id = OrgId(launch.org_id)
    async with database.work() as work:
        visit = await get_visit(work, org_id, visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
        department = await find_department(work, org_id, visit.department_id)
    tokens = await tokens_of(desk, database, launch)
    client = desk.ehr.client(connection)
    appointment = await read_booking(Reading(desk, database, client, tokens), visit)
    if appointment.patient is None:
        raise PersonGone
    person = await client.read_person(appointment.patient, tokens=tokens)
    clinician = await _clinician(client, appointment, tokens)
    because = await _cannot_text_because(desk, database, connection, department, person)
    no_mail = _cannot_mail_because(desk, connection, department, person)
    by = By(Actor.clinician, launch.user_ref or "")
    async with database.work() as work:
        await record(work, org_id, Act.details_read, by=by, subject=visit_id, at=desk.clock.now())
    drawn = _drawn(visit, appointment, person, clinician, because)
    drawn["patient"] |= {"channels": connection.channels, "cannot_mail_because": no_mail}
    return drawn


async def _clinician(client: EhrClient, appointment: Appointment, tokens: Tokens) -> Clinician | None:
    if not appointment.practitioners:
        return None
    try:
        return await client.read_clinician(PractitionerRef(appointment.practitioners[0]), tokens=tokens)
    except EhrError:
        # A name that is missing is no reason to show none of the rest.
        return None


async def _cannot_text_because(
    desk: Desk, database: Database, connection: Connection, department: Department | None, person: Person
) -> str | None:
    obstacle = may_text_in(connection, department) or person.sms_refusal
    if obstacle is not None:
        return obstacle
    texts_from = terms_of(connection, department).texts_from
    if person.sms_number is None or texts_from is None:
        return "no_mobile"
    if not may_text_number(connection, person.sms_number, desk.sealer):
        return "not_listed"
    hash_ = refusal_hash(desk.sealer, number=person.sms_number, sent_from=texts_from)
    async with database.work() as work:
        return "stopped" if await is_refused(work, OrgId(connection.org_id), hash_) else None


def _cannot_mail_because(
    desk: Desk, connection: Connection, department: Department | None, person: Person
) -> str | None:
    obstacle = may_write_in(connection, department) or person.email_refusal
    if obstacle is not None:
        return obstacle
    if person.email is None:
        return "no_email"
    return None if may_mail_address(connection, person.email, desk.sealer) else "not_listed"


def _drawn(
    visit: Visit,
    appointment: Appointment,
    person: Person,
    clinician: Clinician | None,
    because: str | None,
) -> Details:
    return {
        "patient": {
            "name": person.display_name,
            "birth_date": person.birth_date.isoformat() if person.birth_date else None,
            "language": person.language,
            "needs_interpreter": person.needs_interpreter is True,
            "can_text": because is None,
            "cannot_text_because": because,
        },
        "clinician": {"name": clinician.display_name} if clinician else None,
        "service": appointment.service,
        "location": None,
        "starts_at": (appointment.start or visit.starts_at).isoformat(),
        "ends_at": (appointment.end or visit.ends_at).isoformat(),
    }
