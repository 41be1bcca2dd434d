"""The pace of a number: segments get slots one after the other, on however many workers there are."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from housecall.db.database import Database
from housecall.messaging.routing import Leg

# What falls into the next second leaves at once: carriers measure by the second or longer.
AT_ONCE: Final = timedelta(seconds=1)

_RESERVE: Final = text("""
    UPDATE phone_number
    SET paced_until = GREATEST(COALESCE(paced_until, :now), :now) + CAST(:needs AS interval)
    WHERE id = :id
    RETURNING paced_until - CAST(:needs AS interval) AS slot
""")


async def reserve(database: Database, leg: Leg, segments: int, *, now: datetime) -> datetime:
    """From when the text may leave: ``now`` for a number without a pace; its slot is given to nobody else."""
    if leg.number_id is None or not leg.pace:
        return now
    needs = timedelta(minutes=1) / leg.pace * segments
    async with database.work() as work:
        row = (
            await work.session.execute(_RESERVE, {"now": now, "needs": needs, "id": leg.number_id})
        ).first()
    slot: datetime = row.slot if row is not None else now
    return max(slot, now)
