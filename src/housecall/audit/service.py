"""Recording an act, and chaining what was recorded so that tampering shows."""

import hashlib
import json
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, text

from housecall.audit.model import Act, By
from housecall.audit.tables import AuditEntry
from housecall.db.work import Work
from housecall.kit.ids import OrgId

_CHAIN_LOCK = 4_200_001


async def record(
    work: Work,
    org_id: OrgId,
    act: Act,
    *,
    by: By,
    subject: str,
    at: datetime,
    **detail: str | int | bool | None,
) -> None:
    """The act stands in the log, in the transaction that does it. ``detail`` holds opaque values only."""
    await work.session.execute(
        insert(AuditEntry).values(
            org_id=org_id,
            at=at,
            act=act.value,
            actor=by.actor.value,
            actor_ref=by.ref,
            subject=subject,
            detail=detail,
        )
    )


def link_hash(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the hash before it and every recorded value of this entry."""
    content = [
        previous,
        str(entry.id),
        str(entry.org_id),
        # In UTC: the database gives times in the zone of the session that asks.
        entry.at.astimezone(UTC).isoformat(),
        entry.act,
        entry.actor,
        entry.actor_ref,
        entry.subject,
        json.dumps(entry.detail, sort_keys=True),
    ]
    return hashlib.sha256("\x1f".join(content).encode()).hexdigest()


async def chain_new_entries(work: Work, *, limit: int = 1000) -> int:
    """Chain up to ``limit`` committed entries, each organisation's to its own chain; returns how many.

    Chaining is apart from recording because ids are given before commits: an entry may become visible after a
    younger one, and a chain made while recording would make every act of an organisation wait for the last.
    """
    if not (
        await work.session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    ).scalar():
        return 0
    fresh = await work.session.scalars(
        select(AuditEntry).where(AuditEntry.link_seq.is_(None)).order_by(AuditEntry.id).limit(limit)
    )
    ends: dict[object, tuple[int, str]] = {}
    count = 0
    for entry in fresh:
        if entry.org_id not in ends:
            ends[entry.org_id] = await _chain_end(work, OrgId(entry.org_id))
        seq, previous = ends[entry.org_id]
        entry.link_seq, entry.link_hash = seq + 1, link_hash(previous, entry)
        ends[entry.org_id] = (entry.link_seq, entry.link_hash)
        count += 1
    return count


async def find_break(work: Work, org_id: OrgId) -> int | None:
    """The place in an organisation's chain where it no longer holds, None when it holds from end to end."""
    previous, expected = "", 1
    # A few at a time: a log of some years does not fit into memory.
    rows = await work.session.stream_scalars(
        select(AuditEntry)
        .where(AuditEntry.org_id == org_id, AuditEntry.link_seq.is_not(None))
        .order_by(AuditEntry.link_seq)
        .execution_options(yield_per=1000)
    )
    async for entry in rows:
        if entry.link_seq != expected or entry.link_hash != link_hash(previous, entry):
            return expected
        previous, expected = entry.link_hash or "", expected + 1
    return None


async def _chain_end(work: Work, org_id: OrgId) -> tuple[int, str]:
    last = (
        await work.session.execute(
            select(AuditEntry.link_seq, AuditEntry.link_hash)
            .where(AuditEntry.org_id == org_id, AuditEntry.link_seq.is_not(None))
            .order_by(AuditEntry.link_seq.desc())
            .limit(1)
        )
    ).first()
    return (int(last[0] or 0), str(last[1])) if last else (0, "")


async def count_entries(work: Work, org_id: OrgId) -> int:
    """How many acts the organisation's log holds."""
    return int(await work.session.scalar(select(func.count()).where(AuditEntry.org_id == org_id)) or 0)
