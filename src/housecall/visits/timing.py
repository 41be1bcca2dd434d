"""Another choice of how and when a connection's messages leave, and what is planned already following it."""

from datetime import timedelta
from typing import Final

from housecall.audit.model import By
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.service import set_timing
from housecall.tenancy.store import get_connection
from housecall.tenancy.timing import Timing
from housecall.visits import store
from housecall.visits.desk import Desk
from housecall.visits.model import LIVE
from housecall.visits.texting import follow_timing

FOLLOW_TIMING: Final = "visits.follow_timing"

# Farther than the feed looks ahead.
_AHEAD: Final = timedelta(days=400)


async def change_timing(
    desk: Desk, work: Work, org_id: OrgId, connection_id: str, timing: Timing, *, before: str, by: By
) -> None:
    """The connection's messages leave so from now on, and a job sees to what is planned; raises Overtaken."""
    now = desk.clock.now()
    await set_timing(work, org_id, connection_id, timing, before=before, now=now, by=by)
    await want_timing_followed(work, org_id, connection_id)


async def want_timing_followed(work: Work, org_id: OrgId, connection_id: str) -> None:
    """Reminders planned already will follow the connection's choice."""
    await work.enqueue(FOLLOW_TIMING, org_id=str(org_id), connection_id=connection_id)


async def follow(desk: Desk, database: Database, org_id: OrgId, connection_id: str) -> int:
    """The reminders of every visit that is still to come are those of the connection's choice; how many visits."""
    now = desk.clock.now()
    async with database.work() as work:
        found = await store.list_live_visits(work, org_id, connection_id, now, now + _AHEAD)
        ids = sorted(visit.id for visit in found)
    for visit_id in ids:
        # Each in its own work, and locked: the feed may be moving it at this moment.
        async with database.work() as work:
            visit = await store.lock_visit(work, org_id, visit_id)
            if visit.state in LIVE:
                await follow_timing(desk, work, await get_connection(work, org_id, connection_id), visit)
    return len(ids)
