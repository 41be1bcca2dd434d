"""What the provider tells afterwards. Receipts come late, early, twice, in any order; the end is the same."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.model import MOVES, FailReason, MessageState
from housecall.messaging.tables import Message

log = logging.getLogger(__name__)

_VERBS: Final = {
    MessageState.accepted: "accept",
    MessageState.delivered: "deliver",
    MessageState.failed: "fail",
}

# States in which a message can be held up on its way; until it is delivered or has failed.
_HELD_UP: Final = frozenset({MessageState.queued, MessageState.unknown, MessageState.accepted})


@dataclass(frozen=True)
class Receipt:
    """A provider's word on one text: our reference, its own id, a state in our words, and when.

    Accepted with a reason: it is on its way still, held up by that.
    """

    provider: str
    reference: str
    provider_id: str
    state: MessageState
    reason: FailReason | None
    at: datetime


async def apply_receipt(work: Work, receipt: Receipt, *, now: datetime) -> tuple[OrgId, str] | None:
    """The message stands as the receipt says; returns whose subject changed, None when nothing did.

    Delivered is never taken back. One that comes before the provider's answer was written counts for both.
    """
    message = await _find(work, receipt)
    if message is None:
        log.warning("A receipt came for a message that is not ours.", extra={"provider": receipt.provider})
        return None
    state = MessageState(message.state)
    if receipt.state is MessageState.accepted and receipt.reason is not None and state in _HELD_UP:
        message.state, message.lease_until = MessageState.accepted.value, None
        message.delayed_at, message.reason = min(receipt.at, now), receipt.reason.value
        await _note(work, message, receipt, "delay", now)
        return OrgId(message.org_id), message.subject_ref
    after = MOVES.get((state, _VERBS[receipt.state]))
    if after is None:
        # The same receipt again, or an older one overtaken by a newer.
        if state in (MessageState.planned, MessageState.suppressed):
            log.warning(
                "A receipt came for a message that was not sent.", extra={"message_id": str(message.id)}
            )
        return None
    _write(message, receipt, after, at=min(receipt.at, now))
    await _note(work, message, receipt, _VERBS[receipt.state], now)
    return OrgId(message.org_id), message.subject_ref


async def _note(work: Work, message: Message, receipt: Receipt, verb: str, now: datetime) -> None:
    await record(
        work, OrgId(message.org_id), Act.message_receipt, by=By(Actor.system, receipt.provider),
        subject=str(message.id), at=now, about=message.subject_ref, verb=verb, reason=message.reason,
    )  # fmt: skip


async def _find(work: Work, receipt: Receipt) -> Message | None:
    """By our own reference; by the provider's id only when it gave none of ours back."""
    by_id = (Message.provider == receipt.provider) & (Message.provider_id == receipt.provider_id)
    for condition in (*_by_reference(receipt.reference), by_id):
        found = (await work.session.scalars(select(Message).where(condition).with_for_update())).first()
        if found is not None:
            return found
    return None


def _by_reference(reference: str) -> list[ColumnElement[bool]]:
    try:
        return [Message.id == uuid.UUID(reference)]
    except ValueError:
        return []


def _write(message: Message, receipt: Receipt, after: MessageState, *, at: datetime) -> None:
    message.state = after.value
    message.lease_until = None
    message.provider = message.provider or receipt.provider
    message.provider_id = message.provider_id or receipt.provider_id
    message.accepted_at = message.accepted_at or at
    message.reason = None
    if after is MessageState.delivered:
        message.delivered_at = at
    if after is MessageState.failed:
        message.failed_at = at
        message.reason = (receipt.reason or FailReason.other).value
