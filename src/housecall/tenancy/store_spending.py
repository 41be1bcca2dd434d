"""Every query on what was spent of the connections' budgets."""

from datetime import datetime

from sqlalchemy import case, or_, update
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import EhrSpending


async def spend(
    work: Work, org_id: OrgId, connection_id: str, *, minute: datetime, count: int, limit: int | None = None
) -> bool:
    """``count`` requests of this minute are spent; False, and nothing spent, where they would pass ``limit``.

    One statement, so that two processes never spend the same. A minute that is behind the one kept counts as
    the same: clocks of two machines differ by a little.
    """
    if limit is not None and count > limit:
        return False
    before = case((EhrSpending.minute >= minute, EhrSpending.spent), else_=0)
    wanted = insert(EhrSpending).values(
        connection_id=connection_id, org_id=org_id, minute=minute, spent=count, held_back_at=None
    )
    fits = None if limit is None else or_(EhrSpending.minute < minute, EhrSpending.spent + count <= limit)
    statement = wanted.on_conflict_do_update(
        index_elements=[EhrSpending.connection_id],
        set_={
            "spent": before + count,
            "minute": case((EhrSpending.minute >= minute, EhrSpending.minute), else_=minute),
        },
        where=fits,
    ).returning(EhrSpending.spent)
    return (await work.session.execute(statement)).first() is not None


async def note_held_back(work: Work, org_id: OrgId, connection_id: str, *, at: datetime) -> None:
    """It is written down that something had to wait."""
    await work.session.execute(
        update(EhrSpending)
        .where(EhrSpending.org_id == org_id, EhrSpending.connection_id == connection_id)
        .values(held_back_at=at)
    )


async def find(work: Work, org_id: OrgId, connection_id: str) -> EhrSpending | None:
    """What was spent of the newest minute, None where nothing ever was."""
    found = await work.session.get(EhrSpending, connection_id)
    return found if found is not None and found.org_id == org_id else None
