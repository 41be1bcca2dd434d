"""The query on what departments can be made of."""

from datetime import datetime

from sqlalchemy import select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.tables import Visit


async def list_met(
    work: Work, org_id: OrgId, connection_id: str, *, since: datetime
) -> tuple[set[str], set[str]]:
    """Location ids and practitioner ids of the connection's visits that start later than ``since``."""
    found = await work.session.execute(
        select(Visit.location_ref, Visit.clinician_ref)
        .where(Visit.org_id == org_id, Visit.connection_id == connection_id, Visit.starts_at >= since)
        .distinct()
    )
    met = found.all()
    return {place for place, _ in met if place}, {person for _, person in met if person}
