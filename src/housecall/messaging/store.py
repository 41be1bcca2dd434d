"""Queries on messages and refusals of one organisation; those across organisations are in claims.py."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, UnaryExpression, case, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.model import Channel, MessageKind, MessageState
from housecall.messaging.tables import Message, Refusal


async def find_message(work: Work, org_id: OrgId, message_id: uuid.UUID) -> Message | None:
    """The organisation's message, or None."""
    return (
        await work.session.scalars(select(Message).where(Message.org_id == org_id, Message.id == message_id))
    ).one_or_none()


async def get_message(
    work: Work, org_id: OrgId, *, subject_ref: str, kind: MessageKind, instant: str, channel: Channel
) -> Message:
    """The one message of this subject, kind, instant and channel; it must have been planned."""
    return (
        await work.session.scalars(
            select(Message).where(
                Message.org_id == org_id,
                Message.subject_ref == subject_ref,
                Message.kind == kind.value,
                Message.instant == instant,
                Message.channel == channel.value,
            )
        )
    ).one()


async def newest_message(work: Work, org_id: OrgId, subject_ref: str) -> Message | None:
    """The message that something happened to last; before anything happened, the one due first."""
    return (await newest_messages(work, org_id, [subject_ref])).get(subject_ref)


async def newest_messages(work: Work, org_id: OrgId, subject_refs: Collection[str]) -> dict[str, Message]:
    """Per subject the message that something happened to last, in one query; others are left out."""
    newest_first = func.row_number().over(
        partition_by=Message.subject_ref, order_by=(_last_activity(), _is_held_back(), *_FIRST_OF_EQUALS)
    )
    ranked = (
        select(Message.id, newest_first.label("place"))
        .where(Message.org_id == org_id, Message.subject_ref.in_(subject_refs))
        .subquery()
    )
    found = await work.session.scalars(
        select(Message)
        .join(ranked, ranked.c.id == Message.id)
        .where(ranked.c.place == 1)
        .execution_options(populate_existing=True)
    )
    return {message.subject_ref: message for message in found}


async def list_messages(work: Work, org_id: OrgId, subject_ref: str) -> Sequence[Message]:
    """Every message of the subject, in the order they are due."""
    return (
        await work.session.scalars(
            select(Message)
            .where(Message.org_id == org_id, Message.subject_ref == subject_ref)
            .order_by(Message.due_at, Message.created_at)
            .execution_options(populate_existing=True)
        )
    ).all()


async def is_refused(work: Work, org_id: OrgId, number_hash: str) -> bool:
    """Whether this number said STOP; ``number_hash`` is ``replies.refusal_hash``."""
    return number_hash in await list_refused(work, org_id, [number_hash])


async def list_refused(work: Work, org_id: OrgId, number_hashes: Collection[str]) -> set[str]:
    """Those of the hashes that said STOP."""
    found = await work.session.scalars(
        select(Refusal.number_hash).where(Refusal.org_id == org_id, Refusal.number_hash.in_(number_hashes))
    )
    return set(found)


async def keep_refusal(work: Work, org_id: OrgId, number_hash: str, *, now: datetime) -> bool:
    """The STOP is remembered, of several the latest; False when one already was."""
    stop = insert(Refusal).values(org_id=org_id, number_hash=number_hash, since=now)
    is_new = await work.session.scalars(
        # A START overtaken by a second STOP must not undo it.
        stop.on_conflict_do_update(
            index_elements=["org_id", "number_hash"],
            set_={"since": func.greatest(Refusal.since, stop.excluded.since)},
        ).returning(literal_column("xmax = 0", Boolean))
    )
    return is_new.one()


async def drop_refusal(work: Work, org_id: OrgId, number_hash: str, *, before: datetime) -> bool:
    """A STOP from ``before`` or earlier is forgotten; False when there was none."""
    gone = await work.session.scalars(
        delete(Refusal)
        .where(Refusal.org_id == org_id, Refusal.number_hash == number_hash, Refusal.since <= before)
        .returning(Refusal.number_hash)
    )
    return gone.one_or_none() is not None


def _last_activity() -> UnaryExpression[datetime]:
    # By when it was due and not by when it was taken up: a text and an e-mail of the same moment are equals, and
    # a press shows immediately.
    moment = func.greatest(Message.due_at, Message.created_at)
    happened = Message.queued_at.is_not(None) | (Message.due_at <= Message.created_at)
    return case((happened, moment)).desc().nulls_last()


def _is_held_back() -> ColumnElement[bool]:
    return Message.queued_at.is_not(None) & (Message.state == MessageState.suppressed.value)


# Texts tell more of their fate than e-mails do.
_FIRST_OF_EQUALS = (Message.due_at, Message.channel.desc())
