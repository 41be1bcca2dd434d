"""What replies do: a STOP is kept as a keyed hash, HELP is answered with the clinic's name and number, C confirms."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select, text, update

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.messaging import store
from housecall.messaging.model import Channel, MessageKind, MessageState
from housecall.messaging.service import instant_of, send_now
from housecall.messaging.tables import Message
from housecall.messaging.words import ReplyWord
from housecall.tenancy.tables import Connection, Department

# A text of unknown fate may have arrived: whoever answers it has read it.
_ARRIVED: Final = [one.value for one in (MessageState.accepted, MessageState.delivered, MessageState.unknown)]

_NOTE_REPLIERS: Final = text("""
    UPDATE message AS m SET reply_hash = given.hash
    FROM unnest(CAST(:ids AS uuid[]), CAST(:hashes AS text[])) AS given (id, hash)
    WHERE m.id = given.id
""")

# Enough of the hash to tell entries of the log apart.
_SHOWN: Final = 12


def refusal_hash(sealer: Sealer, *, number: str, sent_from: str) -> str:
    """The person's number and ours as one keyed hash: a STOP counts for the number it was sent to."""
    return refusal_hashes(sealer, number=number, sent_from=sent_from)[0]


def refusal_hashes(sealer: Sealer, *, number: str, sent_from: str) -> tuple[str, ...]:
    """``refusal_hash`` under every known master key, newest first: a STOP outlives a rotation."""
    return sealer.hashes("refusal", f"{_digits(number)}>{_digits(sent_from)}")


def reply_hash(sealer: Sealer, number: str) -> str:
    """The person's number as a keyed hash of its own kind: by it a reply finds the text that it answers."""
    return reply_hashes(sealer, number)[0]


def reply_hashes(sealer: Sealer, number: str) -> tuple[str, ...]:
    """``reply_hash`` under every known master key, newest first."""
    return sealer.hashes("reply", _digits(number))


async def note_repliers(work: Work, hashes: Mapping[uuid.UUID, str]) -> None:
    """A reply to these messages finds them, until ``forget_repliers``."""
    await work.session.execute(
        _NOTE_REPLIERS, {"ids": list(hashes), "hashes": [hashes[one] for one in hashes]}
    )


async def forget_repliers(work: Work, org_id: OrgId, subject_refs: Collection[str]) -> None:
    """No reply finds these subjects' messages any more."""
    await work.session.execute(
        update(Message)
        .where(
            Message.org_id == org_id, Message.subject_ref.in_(subject_refs), Message.reply_hash.is_not(None)
        )
        .values(reply_hash=None)
        .execution_options(synchronize_session=False)
    )


async def find_answered(
    work: Work, *, hashes: Collection[str], sent_to: str, at: datetime
) -> list[tuple[OrgId, str]]:
    """The subject of the newest text before ``at`` that a reply to ``sent_to`` answers, one an organisation."""
    answered = []
    for org_id in await _organisations_of(work, sent_to):
        found = await work.session.scalars(
            select(Message.subject_ref)
            .where(Message.org_id == org_id, Message.reply_hash.in_(hashes), Message.queued_at <= at)
            .where(Message.state.in_(_ARRIVED))
            .order_by(Message.queued_at.desc())
            .limit(1)
        )
        subject_ref = found.one_or_none()
        if subject_ref is not None:
            answered.append((org_id, subject_ref))
    return answered


async def apply_reply(
    work: Work, *, word: ReplyWord, number_hash: str, sent_to: str, at: datetime, now: datetime
) -> int:
    """The STOP is remembered, or forgotten by a START, wherever texts leave from ``sent_to``.

    Returns how many organisations those are. A START older than the STOP it meets changes nothing.
    """
    by = By(Actor.patient, number_hash[:_SHOWN])
    org_ids = await _organisations_of(work, sent_to)
    for org_id in org_ids:
        if word is ReplyWord.stop and await store.keep_refusal(work, org_id, number_hash, now=min(at, now)):
            await record(work, org_id, Act.reply_stop, by=by, subject=by.ref, at=now)
        if word is ReplyWord.start and await store.drop_refusal(work, org_id, number_hash, before=at):
            await record(work, org_id, Act.reply_start, by=by, subject=by.ref, at=now)
    return len(org_ids)


async def answer_help(
    work: Work, *, number: str, sent_to: str, language: str, sealer: Sealer, now: datetime
) -> bool:
    """A text with the clinic's name and number will leave, at most one an hour to the same person.

    False when no connection texts from ``sent_to``. The number is sealed in the outbox until the answer left.
    """
    found = (await work.session.execute(_texting_from(sent_to).limit(1))).first()
    if found is None:
        return False
    connection, department = found
    hour = now.strftime("%Y%m%d%H")
    once = sealer.hashes("help", f"{_digits(number)}:{hour}")[0][:16]
    await send_now(
        work, OrgId(connection.org_id), connection_id=connection.id, subject_ref="help",
        kind=MessageKind.help, instant=instant_of(language, department.id if department else "", once),
        channel=Channel.sms, now=now,
        requested_by=By(Actor.patient, "reply"), typed_address="+" + _digits(number), sealer=sealer,
    )  # fmt: skip
    return True


async def _organisations_of(work: Work, sent_to: str) -> Sequence[OrgId]:
    connections = await work.session.scalars(_texting_from(sent_to))
    return list(dict.fromkeys(OrgId(connection.org_id) for connection in connections))


def _texting_from(sent_to: str) -> Select[Connection, Department | None]:
    """The connections that text from this number, or a department of which does; archived ones did once."""
    is_departments = (Department.connection_id == Connection.id) & _is_one_of(
        sent_to, Department.texts_from, Department.texts_backup
    )
    is_ours = _is_one_of(sent_to, Connection.texts_from, Connection.texts_backup)
    return (
        select(Connection, Department)
        .outerjoin(Department, is_departments)
        .where(is_ours | Department.id.is_not(None))
        .order_by(Connection.created_at, Department.created_at)
    )


def _is_one_of(sent_to: str, *numbers: Any) -> ColumnElement[bool]:
    return or_(*(func.regexp_replace(one, "[^0-9]", "", "g") == _digits(sent_to) for one in numbers))


def _digits(number: str) -> str:
    # A sender may be a word instead of a number.
    return "".join(sign for sign in number if sign.isdigit()) or number.strip().casefold()
