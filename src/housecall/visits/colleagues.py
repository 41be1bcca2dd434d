"""Clinicians found by name in the EHR, for asking a colleague; their names are kept nowhere."""

import asyncio
from dataclasses import dataclass, field

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.ehr.base import EhrClient, PractitionerRef, Tokens
from housecall.ehr.errors import EhrError
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.visits.access import tokens_of
from housecall.visits.desk import Desk
from housecall.visits.store import get_visit, list_people
from housecall.visits.tables import Launch
from housecall.visits.without_ehr import ACCOUNT


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


async def read_colleagues(desk: Desk, database: Database, launch: Launch, visit_id: str) -> list[Colleague]:
    """The colleagues who are asked to the visit, who asked, and who has it; read as the person who launched.

    Who cannot be read is left out: without a name a colleague is a colleague.
    """
    org_id = OrgId(launch.org_id)
    async with database.work() as work:
        visit = await get_visit(work, org_id, visit_id)
        people = [one for one, _ in await list_people(work, org_id, [visit_id]) if one.asked_at]
        connection = await get_connection(work, org_id, visit.connection_id)
    refs = {visit.handed_to, *(one.user_ref for one in people), *(one.asked_by for one in people)}
    wanted = sorted(ref for ref in refs if ref and ref != launch.user_ref and not ref.startswith(ACCOUNT))
    if not wanted:
        return []
    tokens = await tokens_of(desk, database, launch)
    client = desk.ehr.client(connection)
    found = await asyncio.gather(*(_read(client, PractitionerRef(ref), tokens) for ref in wanted))
    return [one for one in found if one is not None]


async def _read(client: EhrClient, ref: PractitionerRef, tokens: Tokens) -> Colleague | None:
    try:
        found = await client.read_clinician(ref, tokens=tokens)
    except EhrError:
        return None
    return Colleague(ref, found.display_name)
