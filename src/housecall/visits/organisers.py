"""For whom a visit's meeting is made: one account for all, or the visit's own clinician as the directory knows them."""

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import PractitionerRef
from housecall.kit.ids import OrgId
from housecall.meetings.base import Chat, MeetingBackend, MeetingPlan
from housecall.meetings.errors import OrganiserUnknown
from housecall.tenancy.store_people import drop_person, find_object_id, put_person
from housecall.tenancy.tables import Connection, DirectoryPerson
from housecall.visits.desk import Desk
from housecall.visits.tables import Visit


def plan_of(connection: Connection, visit: Visit, external_id: str, organiser: str) -> MeetingPlan:
    """The meeting that the visit wants; the patient is not in it."""
    options = connection.meeting_options
    return MeetingPlan(
        external_id=external_id,
        organiser=organiser,
        start=visit.starts_at,
        end=visit.ends_at,
        chat=Chat(options.get("chat", Chat.limited)),
        may_record=bool(options.get("may_record", False)),
    )


async def find_organiser(
    desk: Desk, database: Database, connection: Connection, visit: Visit, backend: MeetingBackend
) -> str:
    """The directory's object id of the organiser; raises OrganiserUnknown.

    A clinician not seen before is looked up by the address that the EHR has for them; only what came of it is kept.
    """
    account = connection.meeting_options.get("organiser")
    if account:
        return str(account)
    if visit.clinician_ref is None:
        raise OrganiserUnknown
    org_id = OrgId(connection.org_id)
    async with database.work() as work:
        known = await find_object_id(work, org_id, connection.id, visit.clinician_ref)
    if known is not None:
        return known
    clinician = await desk.ehr.client(connection).read_clinician(PractitionerRef(visit.clinician_ref))
    found = await backend.find_person(clinician.email) if clinician.email else None
    if found is None:
        raise OrganiserUnknown
    async with database.work() as work:
        by = By(Actor.system, "meetings")
        await map_person(desk, work, connection, visit.clinician_ref, found, is_by_hand=False, by=by)
    return found


async def map_person(
    desk: Desk, work: Work, connection: Connection, user_ref: str, object_id: str, *, is_by_hand: bool, by: By
) -> None:
    """The directory knows this clinician under that object id."""
    org_id, now = OrgId(connection.org_id), desk.clock.now()
    person = DirectoryPerson(
        connection_id=connection.id,
        user_ref=user_ref,
        org_id=org_id,
        object_id=object_id,
        is_by_hand=is_by_hand,
        created_at=now,
    )
    await put_person(work, org_id, person)
    await record(
        work,
        org_id,
        Act.person_mapped,
        by=by,
        subject=connection.id,
        at=now,
        user=user_ref,
        by_hand=is_by_hand,
    )


async def unmap_person(desk: Desk, work: Work, connection: Connection, user_ref: str, *, by: By) -> None:
    """Who the clinician is in the directory is forgotten: looked up anew for their next visit."""
    org_id = OrgId(connection.org_id)
    if await drop_person(work, org_id, connection.id, user_ref):
        at = desk.clock.now()
        await record(work, org_id, Act.person_unmapped, by=by, subject=connection.id, at=at, user=user_ref)
