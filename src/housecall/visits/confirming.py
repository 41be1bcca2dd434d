"""A patient's reply of C: this visit, at this time, is confirmed."""

from datetime import datetime

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits import store
from housecall.visits.desk import Desk
from housecall.visits.model import VisitState
from housecall.visits.views import publish_visit

_REPLY = By(Actor.patient, "reply")


async def confirm_by_reply(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, at: datetime) -> None:
    """The visit is confirmed, if it is still to come; confirmed again it stays as it was."""
    if await store.find_visit(work, org_id, visit_id) is None:
        return
    visit = await store.lock_visit(work, org_id, visit_id)
    if visit.state not in (VisitState.scheduled, VisitState.open) or visit.confirmed_at is not None:
        return
    now = desk.clock.now()
    visit.confirmed_at = min(at, now)
    visit.revision += 1
    await record(work, org_id, Act.visit_confirmed, by=_REPLY, subject=visit_id, at=now)
    await publish_visit(desk, work, org_id, visit)
