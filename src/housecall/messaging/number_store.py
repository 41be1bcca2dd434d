"""Queries on phone numbers, provider accounts and troubles of one organisation."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.errors import NumberUnknown
from housecall.messaging.number_model import NumberState, Verification
from housecall.messaging.tables import NumberProof, PhoneNumber, TextAccount, TextTrouble


async def list_numbers(work: Work, org_id: OrgId) -> Sequence[PhoneNumber]:
    """The organisation's numbers that were not given back, oldest first."""
    return (
        await work.session.scalars(
            select(PhoneNumber)
            .where(PhoneNumber.org_id == org_id, PhoneNumber.state != NumberState.released.value)
            .order_by(PhoneNumber.requested_at, PhoneNumber.id)
            .execution_options(populate_existing=True)
        )
    ).all()


async def list_unwatched(work: Work, now: datetime) -> Sequence[PhoneNumber]:
    """Numbers of any organisation of which the carriers are to be asked now; each tells its own."""
    return (
        await work.session.scalars(
            select(PhoneNumber)
            .where(
                PhoneNumber.state == NumberState.active.value,
                PhoneNumber.provider_ref.is_not(None),
                PhoneNumber.verification != Verification.not_needed.value,
                or_(PhoneNumber.verification_due_at.is_(None), PhoneNumber.verification_due_at <= now),
            )
            .order_by(PhoneNumber.verification_due_at.nulls_first())
            .limit(50)
        )
    ).all()


async def get_number(work: Work, org_id: OrgId, number_id: uuid.UUID, *, lock: bool = False) -> PhoneNumber:
    """The organisation's number, locked for this transaction if asked; raises NumberUnknown."""
    query = select(PhoneNumber).where(PhoneNumber.org_id == org_id, PhoneNumber.id == number_id)
    query = (query.with_for_update() if lock else query).execution_options(populate_existing=True)
    found = (await work.session.scalars(query)).one_or_none()
    if found is None:
        raise NumberUnknown
    return found


async def find_senders(work: Work, org_id: OrgId, numbers: Collection[str]) -> dict[str, PhoneNumber]:
    """Those of the numbers that are the organisation's and work."""
    found = await work.session.scalars(
        select(PhoneNumber).where(
            PhoneNumber.org_id == org_id,
            PhoneNumber.number.in_(numbers),
            PhoneNumber.state == NumberState.active.value,
        )
    )
    return {one.number: one for one in found if one.number is not None}


async def is_known(work: Work, org_id: OrgId, number: str) -> bool:
    """Whether the organisation has the number already, working or on its way."""
    found = await work.session.scalars(
        select(PhoneNumber.id).where(
            PhoneNumber.org_id == org_id,
            PhoneNumber.number == number,
            PhoneNumber.state.not_in((NumberState.released.value, NumberState.failed.value)),
        )
    )
    return found.first() is not None


async def list_accounts(work: Work, org_id: OrgId) -> Sequence[TextAccount]:
    """The organisation's own accounts with providers."""
    return (
        await work.session.scalars(
            select(TextAccount).where(TextAccount.org_id == org_id).order_by(TextAccount.provider)
        )
    ).all()


async def find_account(work: Work, org_id: OrgId, provider: str) -> TextAccount | None:
    """The organisation's account with the provider, or None."""
    return next((one for one in await list_accounts(work, org_id) if one.provider == provider), None)


async def list_accounts_named(work: Work, provider: str, account: str) -> Sequence[TextAccount]:
    """Accounts a notification from outside may speak of: it tells the account, and that the organisation."""
    return (
        await work.session.scalars(
            select(TextAccount).where(TextAccount.provider == provider, TextAccount.account == account)
        )
    ).all()


async def find_proof(work: Work, org_id: OrgId, number_id: uuid.UUID) -> NumberProof | None:
    """The code that stands open for a brought number, or None."""
    return (
        await work.session.scalars(
            select(NumberProof)
            .where(NumberProof.org_id == org_id, NumberProof.number_id == number_id)
            .with_for_update()
        )
    ).one_or_none()


async def list_troubles(work: Work, org_id: OrgId) -> Sequence[TextTrouble]:
    """What is wrong on our side of the organisation's providers now."""
    return (
        await work.session.scalars(
            select(TextTrouble).where(TextTrouble.org_id == org_id).order_by(TextTrouble.provider)
        )
    ).all()


async def keep_trouble(work: Work, org_id: OrgId, provider: str, trouble: str, *, now: datetime) -> bool:
    """The trouble stands for the administrator to see; False when the same one did already."""
    before = await work.session.get(TextTrouble, (org_id, provider), populate_existing=True)
    is_new = before is None or before.trouble != trouble
    row = insert(TextTrouble).values(
        org_id=org_id, provider=provider, trouble=trouble, since=now, last_at=now
    )
    again = {"last_at": now} | ({"trouble": trouble, "since": now} if is_new else {})
    await work.session.execute(row.on_conflict_do_update(index_elements=["org_id", "provider"], set_=again))
    return is_new


async def drop_troubles(work: Work, org_id: OrgId, providers: Collection[str]) -> None:
    """These providers take texts again."""
    await work.session.execute(
        delete(TextTrouble).where(TextTrouble.org_id == org_id, TextTrouble.provider.in_(providers))
    )
