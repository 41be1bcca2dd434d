"""Every query on visits' meetings with other services, and on how streams were."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.tables_meetings import StreamMeasure, VisitMeeting

_FRESH = {"populate_existing": True}


async def find_meeting(work: Work, org_id: OrgId, visit_id: str) -> VisitMeeting | None:
    """The visit's meeting as it stands now, or None. Who changes it holds the visit."""
    found = await work.session.scalars(
        select(VisitMeeting)
        .where(VisitMeeting.org_id == org_id, VisitMeeting.visit_id == visit_id)
        .execution_options(**_FRESH)
    )
    return found.one_or_none()


async def list_meetings(work: Work, org_id: OrgId, visit_ids: Sequence[str]) -> Sequence[VisitMeeting]:
    """The meetings of these visits, as far as they have one."""
    return (
        await work.session.scalars(
            select(VisitMeeting).where(VisitMeeting.org_id == org_id, VisitMeeting.visit_id.in_(visit_ids))
        )
    ).all()


async def replace_measures(work: Work, org_id: OrgId, visit_id: str, rows: Sequence[StreamMeasure]) -> None:
    """The visit's measures are these and no others."""
    await work.session.execute(
        delete(StreamMeasure).where(StreamMeasure.org_id == org_id, StreamMeasure.visit_id == visit_id)
    )
    work.session.add_all(rows)


async def list_measures(work: Work, org_id: OrgId, visit_id: str) -> Sequence[StreamMeasure]:
    """How the visit's streams were."""
    return (
        await work.session.scalars(
            select(StreamMeasure)
            .where(StreamMeasure.org_id == org_id, StreamMeasure.visit_id == visit_id)
            .order_by(StreamMeasure.side, StreamMeasure.kind)
        )
    ).all()


async def find_meeting_followed(work: Work, following_id: str) -> VisitMeeting | None:
    """The meeting that a service's notification is about: it tells the organisation, not the reverse."""
    return (
        await work.session.scalars(
            select(VisitMeeting).where(VisitMeeting.following_id == following_id).limit(1)
        )
    ).one_or_none()


async def list_meetings_due(work: Work, now: datetime, most: int = 100) -> Sequence[VisitMeeting]:
    """Meetings for which something may be due, longest due first, of the whole region."""
    return (
        await work.session.scalars(
            select(VisitMeeting)
            .where(VisitMeeting.look_at.is_not(None), VisitMeeting.look_at <= now)
            .order_by(VisitMeeting.look_at)
            .limit(most)
        )
    ).all()
