"""Every query on visits without an appointment."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.tables_instant import InstantVisit


async def find_instant(work: Work, org_id: OrgId, connection_id: str, ref: str) -> InstantVisit | None:
    """What is kept of the visit's patient, or None where that is not known, or no more."""
    return (await find_instants(work, org_id, connection_id, [ref])).get(ref)


async def find_instants(
    work: Work, org_id: OrgId, connection_id: str, refs: Collection[str]
) -> dict[str, InstantVisit]:
    """The same of several, by the ref in their appointment's place, in one query."""
    found = await work.session.scalars(
        select(InstantVisit).where(
            InstantVisit.org_id == org_id,
            InstantVisit.connection_id == connection_id,
            InstantVisit.appointment_ref.in_(sorted(refs)),
        )
    )
    return {one.appointment_ref: one for one in found}


async def list_instants(
    work: Work, org_id: OrgId, connection_id: str, now: datetime
) -> Sequence[InstantVisit]:
    """Those of the connection whose window has not closed."""
    found = await work.session.scalars(
        select(InstantVisit).where(
            InstantVisit.org_id == org_id,
            InstantVisit.connection_id == connection_id,
            InstantVisit.expires_at > now,
        )
    )
    return found.all()


async def forget_expired_instants(work: Work, now: datetime) -> None:
    """Patients of visits whose window has closed are forgotten, with the keys to them; of the whole region."""
    await work.session.execute(delete(InstantVisit).where(InstantVisit.expires_at <= now))
