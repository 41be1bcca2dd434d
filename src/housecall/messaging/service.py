"""What can be done with messages: plan, move, call off, send at once. The outbox does the sending."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, new_uuid
from housecall.kit.sealing import Sealer
from housecall.messaging import store
from housecall.messaging.editing import Which
from housecall.messaging.model import Channel, MessageKind, MessageState
from housecall.messaging.tables import Message
from housecall.messaging.typed import keep_typed_address

newest_message = store.newest_message
newest_messages = store.newest_messages
list_messages = store.list_messages

# The subject of messages that are about no visit.
TEST: Final = "test"

_SYSTEM: Final = By(Actor.system, "messaging")
_ONE_OF: Final = ("org_id", "subject_ref", "kind", "instant", "channel")


async def plan(
    work: Work,
    org_id: OrgId,
    *,
    connection_id: str,
    subject_ref: str,
    kind: MessageKind,
    instant: str,
    channel: Channel,
    due_at: datetime,
    now: datetime,
    requested_by: By | None = None,
    is_typed: bool = False,
) -> Message:
    """The message stands in the schedule; subject, kind, instant and channel make it one: twice is once.

    One called off before it left is planned again; one that left or was held back stays: give a new ``instant``.
    """
    fresh = await _insert(
        work,
        {
            "id": new_uuid(),
            "org_id": org_id,
            "connection_id": connection_id,
            "subject_ref": subject_ref,
            "kind": kind.value,
            "instant": instant,
            "channel": channel.value,
            "due_at": due_at,
            "is_typed": is_typed,
            "requested_by": requested_by.ref if requested_by else None,
            "created_at": now,
        },
    )
    if fresh is None:
        return await store.get_message(
            work, org_id, subject_ref=subject_ref, kind=kind, instant=instant, channel=channel
        )
    await _note_plan(work, org_id, fresh, requested_by, now)
    return fresh


async def _note_plan(
    work: Work, org_id: OrgId, message: Message, requested_by: By | None, now: datetime
) -> None:
    act, by = (Act.message_requested, requested_by) if requested_by else (Act.message_planned, _SYSTEM)
    await record(
        work,
        org_id,
        act,
        by=by,
        subject=str(message.id),
        at=now,
        about=message.subject_ref,
        kind=message.kind,
    )


async def _insert(work: Work, values: dict[str, Any]) -> Message | None:
    planned = insert(Message).values(**values, state=MessageState.planned.value, attempts=0)
    again = {name: values[name] for name in ("due_at", "is_typed", "requested_by")}
    again |= {"state": MessageState.planned.value, "reason": None}
    made = await work.session.scalars(
        planned.on_conflict_do_update(
            index_elements=_ONE_OF,
            set_=again,
            where=(Message.state == MessageState.suppressed.value) & Message.queued_at.is_(None),
        )
        .returning(Message)
        .execution_options(populate_existing=True)
    )
    return made.one_or_none()


async def replan(
    work: Work,
    org_id: OrgId,
    *,
    subject_ref: str,
    kind: MessageKind,
    instant: str,
    due_at: datetime,
    now: datetime,
) -> Message | None:
    """A planned message is due at another time; None when there is none, or it has left already."""
    moved = await work.session.scalars(
        update(Message)
        .where(*_planned(org_id, subject_ref), Message.kind == kind.value, Message.instant == instant)
        .values(due_at=due_at)
        .returning(Message)
        .execution_options(populate_existing=True)
    )
    message = moved.one_or_none()
    if message is not None:
        await record(
            work, org_id, Act.message_planned, by=_SYSTEM, subject=str(message.id), at=now, about=subject_ref,
            kind=kind.value, moved=True,
        )  # fmt: skip
    return message


async def cancel_planned(
    work: Work,
    org_id: OrgId,
    *,
    subject_ref: str,
    kinds: Collection[MessageKind] | None = None,
    keep: Collection[tuple[str, Channel]] = (),
    reason: str,
    now: datetime,
) -> int:
    """Planned messages of this subject will not leave (of these kinds, when given); returns how many.

    ``keep`` are instants and channels that stay as they are.
    """
    condition = _planned(org_id, subject_ref)
    if kinds is not None:
        condition.append(Message.kind.in_([kind.value for kind in kinds]))
    if keep:
        kept = [(instant, channel.value) for instant, channel in keep]
        condition.append(tuple_(Message.instant, Message.channel).not_in(kept))
    called_off = await work.session.scalars(
        update(Message)
        .where(*condition)
        .values(state=MessageState.suppressed.value, reason=reason)
        .returning(Message.id)
        .execution_options(synchronize_session="fetch")
    )
    ids = called_off.all()
    for message_id in ids:
        await record(
            work, org_id, Act.message_suppressed, by=_SYSTEM, subject=str(message_id), at=now, reason=reason
        )
    return len(ids)


async def send_now(
    work: Work,
    org_id: OrgId,
    *,
    connection_id: str,
    subject_ref: str,
    kind: MessageKind,
    instant: str | None = None,
    channel: Channel = Channel.sms,
    now: datetime,
    requested_by: By | None,
    typed_address: str | None = None,
    sealer: Sealer | None = None,
) -> Message:
    """The message leaves at the outbox's next round; to ``typed_address``, kept sealed, when given.

    ``instant`` tells requests apart; without one each call is a message of its own.
    """
    message = await plan(
        work, org_id, connection_id=connection_id, subject_ref=subject_ref, kind=kind,
        instant=instant or f"now.{uuid.uuid4().hex}", channel=channel, due_at=now, now=now,
        requested_by=requested_by, is_typed=typed_address is not None,
    )  # fmt: skip
    if typed_address is not None and message.is_typed and message.state == MessageState.planned.value:
        if sealer is None:
            raise ValueError("a typed address needs a sealer")
        await keep_typed_address(work, org_id, message.id, typed_address, sealer=sealer, now=now)
    return message


async def send_test(
    work: Work,
    org_id: OrgId,
    *,
    connection_id: str,
    which: Which,
    to: str,
    by: By,
    sealer: Sealer,
    now: datetime,
) -> Message:
    """A message with sample values leaves at the outbox's next round, to ``to``, kept sealed."""
    return await send_now(
        work, org_id, connection_id=connection_id, subject_ref=TEST, kind=which.kind,
        instant=instant_of(which.language, which.department, uuid.uuid4().hex), channel=which.channel, now=now,
        requested_by=by, typed_address=to, sealer=sealer,
    )  # fmt: skip


def instant_of(language: str, department: str, once: str) -> str:
    """What tells such a message apart says in which language, and in whose words, it is written."""
    return f"{language}.{department}.{once}"


def _planned(org_id: OrgId, subject_ref: str) -> list[ColumnElement[bool]]:
    return [
        Message.org_id == org_id,
        Message.subject_ref == subject_ref,
        Message.state == MessageState.planned.value,
    ]
