"""Another choice for a connection's or a department's visits, and those that are there already following it."""

from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import By
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy import departments
from housecall.tenancy.departments import DepartmentSettings
from housecall.tenancy.service import set_timing
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Department
from housecall.tenancy.timing import Timing
from housecall.visits import store
from housecall.visits.departments import settle_home
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


async def save_department(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    wanted: DepartmentSettings,
    *,
    department_id: str | None,
    version: int | None = None,
    now: datetime,
    by: By,
) -> Department:
    """The department stands so, added without an id, and visits still to come follow within moments.

    Raises DepartmentUnknown, DepartmentRefused, or Overtaken where it is not at ``version`` any more.
    """
    if department_id is None:
        saved = await departments.add_department(work, org_id, connection_id, wanted, now=now, by=by)
    else:
        saved = await departments.change_department(
            work, org_id, department_id, wanted, version=version, now=now, by=by
        )
    await want_timing_followed(work, org_id, saved.connection_id)
    return saved


async def archive_department(
    work: Work, org_id: OrgId, department_id: str, *, version: int | None = None, now: datetime, by: By
) -> Department:
    """It takes no visits any more, and gives up those that are still to come; raises Overtaken."""
    gone = await departments.archive_department(work, org_id, department_id, version=version, now=now, by=by)
    await want_timing_followed(work, org_id, gone.connection_id)
    return gone


async def want_timing_followed(work: Work, org_id: OrgId, connection_id: str) -> None:
    """Visits that are there already will follow what is chosen on the connection and its departments."""
    await work.enqueue(FOLLOW_TIMING, org_id=str(org_id), connection_id=connection_id)


async def follow(desk: Desk, database: Database, org_id: OrgId, connection_id: str) -> int:
    """Every visit that is still to come is in its department and reminded of as is chosen; how many visits."""
    now = desk.clock.now()
    async with database.work() as work:
        found = await store.list_live_visits(work, org_id, connection_id, now, now + _AHEAD)
        ids = sorted(visit.id for visit in found)
    for visit_id in ids:
        # Each in its own work, and locked: the feed may be moving it at this moment.
        async with database.work() as work:
            visit = await store.lock_visit(work, org_id, visit_id)
            if visit.state in LIVE:
                connection = await get_connection(work, org_id, connection_id)
                await settle_home(work, connection, visit)
                await follow_timing(desk, work, connection, visit)
    return len(ids)
