"""Clinicians found by name in the EHR, for inviting a colleague; nothing of them is kept."""

from dataclasses import dataclass, field

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.ehr.base import PractitionerRef
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.visits.access import tokens_of
from housecall.visits.desk import Desk
from housecall.visits.tables import Launch


@dataclass(frozen=True)
class Colleague:
    """A clinician as a list shows one."""

    ref: PractitionerRef
    name: str = field(repr=False)


async def find_colleagues(desk: Desk, database: Database, launch: Launch, name: str) -> list[Colleague]:
    """Clinicians whose name begins so, at most 20, without whoever asks; read as the person who launched.

    Fewer than two letters find nobody. Raises an EhrError where the EHR is away or its session over.
    """
    org_id = OrgId(launch.org_id)
    async with database.work() as work:
        connection = await get_connection(work, org_id, launch.connection_id)
    tokens = await tokens_of(desk, database, launch)
    found = await desk.ehr.client(connection).search_clinicians(name.strip(), tokens=tokens)
    others = [Colleague(one.ref, one.display_name) for one in found if one.ref != launch.user_ref]
    by = By(Actor.clinician, launch.user_ref or "")
    async with database.work() as work:
        # What was typed is a name, so only how many were found is written down.
        await record(
            work,
            org_id,
            Act.colleagues_searched,
            by=by,
            subject=launch.id,
            at=desk.clock.now(),
            found=len(others),
        )
    return others
