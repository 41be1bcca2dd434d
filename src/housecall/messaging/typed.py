"""Addresses typed in by hand: sealed under a key of their own, destroyed at the answer or in ten minutes.

Address and key go together: nothing is left that could open a copy under the address alone.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer, open_apart, seal_apart
from housecall.messaging.tables import TypedAddress

KEPT_FOR: Final = timedelta(minutes=10)


async def keep_typed_address(
    work: Work, org_id: OrgId, message_id: uuid.UUID, address: str, *, sealer: Sealer, now: datetime
) -> None:
    """The address can be opened until ``forget_typed_addresses`` or ten minutes from now."""
    sealed, key_sealed = seal_apart(sealer, address, purpose=_purpose(message_id))
    kept = {"sealed": sealed, "key_sealed": key_sealed, "expires_at": now + KEPT_FOR}
    # Asked for again before it left: the address given last counts.
    await work.session.execute(
        insert(TypedAddress)
        .values(message_id=message_id, org_id=org_id, **kept)
        .on_conflict_do_update(index_elements=["message_id"], set_=kept)
    )


async def open_typed_addresses(
    work: Work, message_ids: Collection[uuid.UUID], *, sealer: Sealer, now: datetime
) -> dict[uuid.UUID, str]:
    """The addresses that are still kept, by message; expired ones are not opened."""
    rows = await work.session.scalars(
        select(TypedAddress).where(TypedAddress.message_id.in_(message_ids), TypedAddress.expires_at > now)
    )
    return {
        row.message_id: open_apart(sealer, row.sealed, row.key_sealed, purpose=_purpose(row.message_id))
        for row in rows
    }


async def forget_typed_addresses(work: Work, message_ids: Collection[uuid.UUID]) -> None:
    """The addresses and their keys are gone."""
    await work.session.execute(delete(TypedAddress).where(TypedAddress.message_id.in_(message_ids)))


async def forget_expired_addresses(work: Work, now: datetime) -> None:
    """Whatever is older than ten minutes is gone, sent or not."""
    await work.session.execute(delete(TypedAddress).where(TypedAddress.expires_at <= now))


def _purpose(message_id: uuid.UUID) -> str:
    return f"typed:{message_id}"
