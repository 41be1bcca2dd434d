"""Every query on the ledger of what the EHR is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.model import LIVE, WriteKind, WriteState
from housecall.visits.tables import Participant, Visit, WriteBack

_FRESH = {"populate_existing": True}
# What somebody should look at comes first.
_TROUBLE = (WriteState.failed.value, WriteState.unknown.value, WriteState.wanted.value)


async def put_wanted(work: Work, org_id: OrgId, visit_id: str, kind: WriteKind, now: datetime) -> None:
    """The row says that this is wanted as of now, whatever became of it before."""
    fresh = {
        "state": WriteState.wanted.value, "wanted_at": now, "done_at": None, "attempts": 0, "last_error": None,
    }  # fmt: skip
    row = insert(WriteBack).values(visit_id=visit_id, kind=kind.value, org_id=org_id, **fresh)
    await work.session.execute(row.on_conflict_do_update(index_elements=["visit_id", "kind"], set_=fresh))


async def lock_row(work: Work, org_id: OrgId, visit_id: str, kind: WriteKind) -> WriteBack | None:
    """The row as it stands now, and nobody else changes it until this work is done; or None."""
    found = await work.session.scalars(
        select(WriteBack)
        .where(WriteBack.org_id == org_id, WriteBack.visit_id == visit_id, WriteBack.kind == kind.value)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    return found.one_or_none()


async def stop_wanted(work: Work, org_id: OrgId, visit_id: str) -> None:
    """What is still wanted of this visit is not wanted any more."""
    await work.session.execute(
        update(WriteBack)
        .where(WriteBack.org_id == org_id, WriteBack.visit_id == visit_id)
        .where(WriteBack.state == WriteState.wanted.value)
        .values(state=WriteState.stopped.value)
        .execution_options(synchronize_session="fetch")
    )


async def set_told(work: Work, org_id: OrgId, participant_id: str, is_connected: bool | None) -> None:
    """What the EHR was told last of this person."""
    await work.session.execute(
        update(Participant)
        .where(Participant.org_id == org_id, Participant.id == participant_id)
        .values(ehr_connected=is_connected)
        .execution_options(synchronize_session="fetch")
    )


async def forget_told(work: Work, org_id: OrgId, visit_id: str) -> None:
    """The EHR counts as told nothing of who is in the visit."""
    await work.session.execute(
        update(Participant)
        .where(Participant.org_id == org_id, Participant.visit_id == visit_id)
        .values(ehr_connected=None)
        .execution_options(synchronize_session="fetch")
    )


async def list_rows(
    work: Work, org_id: OrgId, *, visit_id: str | None = None, most: int = 200
) -> Sequence[tuple[WriteBack, Visit]]:
    """Rows with their visits: what is not done first, and the newest of each first."""
    wanted = select(WriteBack, Visit).join(Visit, Visit.id == WriteBack.visit_id)
    wanted = wanted.where(WriteBack.org_id == org_id, Visit.org_id == org_id)
    if visit_id is not None:
        wanted = wanted.where(WriteBack.visit_id == visit_id)
    is_fine = case((WriteBack.state.in_(_TROUBLE), 0), else_=1)
    order = (is_fine, WriteBack.wanted_at.desc(), WriteBack.visit_id, WriteBack.kind)
    found = await work.session.execute(wanted.order_by(*order).limit(most))
    return [(row, visit) for row, visit in found]


async def list_live_ids(work: Work, org_id: OrgId, connection_id: str) -> Sequence[str]:
    """The connection's visits that may still come or go on."""
    return (
        await work.session.scalars(
            select(Visit.id)
            .where(Visit.org_id == org_id, Visit.connection_id == connection_id)
            .where(Visit.state.in_(sorted(LIVE)))
            .order_by(Visit.starts_at, Visit.id)
        )
    ).all()
