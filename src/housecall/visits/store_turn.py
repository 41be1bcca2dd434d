"""The query on a clinician's other visits of a day: where each stands, and when it began."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.model import ParticipantRole, ParticipantState
from housecall.visits.tables import Participant, Visit


@dataclass(frozen=True)
class Other:
    """One of the clinician's other visits: times and a state."""

    state: str
    starts_at: datetime
    began_at: datetime | None
    # Since when its patient waits; None who does not.
    waiting_since: datetime | None


async def list_others(work: Work, org_id: OrgId, visit: Visit, start: datetime, end: datetime) -> list[Other]:
    """The other visits of this one's clinician that are planned to start in [start, end)."""
    waiting = (
        select(func.min(Participant.waiting_since))
        .where(Participant.visit_id == Visit.id, Participant.role == ParticipantRole.patient.value)
        .where(Participant.state == ParticipantState.waiting.value)
        .scalar_subquery()
    )
    rows = await work.session.execute(
        select(Visit.state, Visit.starts_at, Visit.began_at, waiting)
        .where(Visit.org_id == org_id, Visit.connection_id == visit.connection_id)
        .where(Visit.holder == visit.holder, Visit.id != visit.id)
        .where(Visit.starts_at >= start, Visit.starts_at < end)
    )
    return [Other(*row) for row in rows]
