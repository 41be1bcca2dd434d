"""The outbox's own queries, across organisations: claim a batch, find what was lost, write a batch back.

Every write carries the verb of model.MOVES, and PostgreSQL applies it only to rows whose state allows it:
a receipt that came first, or another worker that took over, is never overwritten.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.model import MOVES, Channel, MessageKind
from housecall.messaging.recipients import Due

_RETURNED: Final = (
    "m.id, m.org_id, m.connection_id, m.subject_ref, m.kind, m.instant, m.channel, m.is_typed, m.attempts,"
    " m.queued_at, m.lease_until, m.provider, m.is_doubted, m.has_slot"
)

# The inner query walks the partial index on due_at; rows that another worker is claiming are passed over.
_CLAIM_DUE: Final = text(f"""
    WITH due AS (
        SELECT id FROM message WHERE state = 'planned' AND due_at <= :now
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m
    SET state = 'queued', lease_until = :lease_until, attempts = m.attempts + 1,
        queued_at = COALESCE(m.queued_at, :now)
    FROM due WHERE m.id = due.id
    RETURNING {_RETURNED}
""")  # noqa: S608 - constants only

_CLAIM_LOST: Final = text(f"""
    WITH lost AS (
        SELECT id FROM message WHERE state IN ('queued', 'unknown') AND lease_until <= :now
        ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m SET state = 'unknown', lease_until = :lease_until, is_doubted = true
    FROM lost WHERE m.id = lost.id
    RETURNING {_RETURNED}
""")  # noqa: S608 - constants only

_REQUEUE: Final = text(f"""
    UPDATE message AS m SET state = 'queued', lease_until = :lease_until, attempts = m.attempts + 1
    WHERE m.id = ANY(:ids) AND m.state = 'unknown'
    RETURNING {_RETURNED}
""")  # noqa: S608 - constants only

_MOVES_AS_VALUES: Final = ", ".join(
    f"('{state}', '{verb}', '{after}')" for (state, verb), after in MOVES.items()
)

# A provider's answer is true whoever asked; anything else counts only from the worker that holds the claim.
_SETTLE: Final = text(f"""
    UPDATE message AS m
    SET state = moves.after,
        reason = verdict.reason,
        due_at = COALESCE(verdict.due_at, m.due_at),
        queued_at = CASE WHEN verdict.verb = 'hold' THEN NULL ELSE m.queued_at END,
        lease_until = verdict.lease_until,
        has_slot = verdict.has_slot,
        provider = COALESCE(verdict.provider, m.provider),
        provider_id = COALESCE(verdict.provider_id, m.provider_id),
        sent_from = COALESCE(verdict.sent_from, m.sent_from),
        accepted_at = CASE
            WHEN verdict.provider_id IS NULL THEN m.accepted_at ELSE COALESCE(m.accepted_at, :now)
        END,
        delivered_at = CASE WHEN moves.after = 'delivered' THEN :now ELSE m.delivered_at END,
        failed_at = CASE WHEN moves.after = 'failed' THEN :now ELSE m.failed_at END
    FROM unnest(
            CAST(:ids AS uuid[]), CAST(:verbs AS text[]), CAST(:reasons AS text[]), CAST(:attempts AS int[]),
            CAST(:providers AS text[]), CAST(:provider_ids AS text[]), CAST(:senders AS text[]),
            CAST(:dues AS timestamptz[]), CAST(:leases AS timestamptz[]), CAST(:slots AS boolean[])
        ) AS verdict (
            id, verb, reason, attempts, provider, provider_id, sent_from, due_at, lease_until, has_slot
        ),
        (VALUES {_MOVES_AS_VALUES}) AS moves (before, verb, after)
    WHERE m.id = verdict.id AND moves.before = m.state AND moves.verb = verdict.verb
      AND (m.attempts = verdict.attempts OR verdict.provider_id IS NOT NULL)
    RETURNING m.id
""")  # noqa: S608 - constants only

# The receipt was faster than our own note of the provider's answer: only what is missing is filled in.
_FILL_IN: Final = text("""
    UPDATE message AS m
    SET provider = COALESCE(m.provider, answer.provider),
        provider_id = COALESCE(m.provider_id, answer.provider_id),
        sent_from = COALESCE(m.sent_from, answer.sent_from),
        accepted_at = COALESCE(m.accepted_at, :now)
    FROM unnest(
            CAST(:ids AS uuid[]), CAST(:providers AS text[]), CAST(:provider_ids AS text[]),
            CAST(:senders AS text[])
        ) AS answer (id, provider, provider_id, sent_from)
    WHERE m.id = answer.id AND m.state IN ('accepted', 'delivered', 'failed')
""")

# What cannot be asked about and must not be sent again waits for a receipt, or for a person.
_PARK: Final = text("UPDATE message SET lease_until = NULL WHERE id = ANY(:ids) AND state = 'unknown'")
# Before a text goes to the provider that stands in: whoever finds it lost must ask that one.
_NOTE_LEG: Final = text("""
    UPDATE message SET provider = :provider, sent_from = :sent_from
    WHERE id = :id AND state = 'queued' AND attempts = :attempts
    RETURNING id
""")
_WAIT: Final = text("UPDATE message SET lease_until = :until WHERE id = ANY(:ids) AND state = 'unknown'")


@dataclass(frozen=True)
class Claim:
    """A message this worker may send until ``lease_until``; ``attempts`` tells its claim from a later one.

    ``is_doubted``: an earlier try may have got through, at ``provider`` where that is noted. ``has_slot``: its
    turn at its number's pace has come.
    """

    due: Due
    is_typed: bool
    attempts: int
    queued_at: datetime
    lease_until: datetime
    provider: str | None = None
    is_doubted: bool = False
    has_slot: bool = False


@dataclass(frozen=True)
class Verdict:
    """What became of a claim: a verb of model.MOVES and what goes with it.

    ``trouble``: a provider and what is wrong with our side of it, for the administrator.
    """

    claim: Claim
    verb: str
    reason: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    sent_from: str | None = None
    due_at: datetime | None = None
    lease_until: datetime | None = None
    has_slot: bool = False
    trouble: tuple[str, str] | None = None


async def claim_due(work: Work, *, now: datetime, lease_until: datetime, limit: int) -> list[Claim]:
    """Up to ``limit`` due messages, the longest due first, are this worker's until the lease runs out."""
    rows = await work.session.execute(_CLAIM_DUE, {"now": now, "lease_until": lease_until, "limit": limit})
    return [_claim(row) for row in rows]


async def claim_lost(work: Work, *, now: datetime, lease_until: datetime, limit: int) -> list[Claim]:
    """Messages whose lease ran out are of unknown fate, and this worker's to find out about."""
    rows = await work.session.execute(_CLAIM_LOST, {"now": now, "lease_until": lease_until, "limit": limit})
    return [_claim(row) for row in rows]


async def requeue(work: Work, ids: Sequence[uuid.UUID], *, lease_until: datetime) -> list[Claim]:
    """Messages of unknown fate may be sent again, under the same reference."""
    rows = await work.session.execute(_REQUEUE, {"ids": list(ids), "lease_until": lease_until})
    return [_claim(row) for row in rows]


async def settle(work: Work, verdicts: Sequence[Verdict], *, now: datetime) -> list[Verdict]:
    """The verdicts are written in one statement; returns those that changed a message's state."""
    if not verdicts:
        return []
    rows = await work.session.execute(_SETTLE, {**_arrays(verdicts), "now": now})
    written = {row.id for row in rows}
    missed = [one for one in verdicts if one.claim.due.id not in written and one.provider_id is not None]
    if missed:
        arrays = _arrays(missed)
        columns = ("ids", "providers", "provider_ids", "senders")
        await work.session.execute(_FILL_IN, {**{name: arrays[name] for name in columns}, "now": now})
    return [one for one in verdicts if one.claim.due.id in written]


async def park(work: Work, ids: Sequence[uuid.UUID]) -> None:
    """Messages of unknown fate are asked about no more."""
    await work.session.execute(_PARK, {"ids": list(ids)})


async def note_leg(work: Work, claim: Claim, *, provider: str, sent_from: str) -> bool:
    """The message is about to go through this provider; False when the claim is this worker's no more."""
    values = {
        "provider": provider, "sent_from": sent_from, "id": claim.due.id, "attempts": claim.attempts
    }  # fmt: skip
    return (await work.session.execute(_NOTE_LEG, values)).first() is not None


async def wait(work: Work, ids: Sequence[uuid.UUID], *, until: datetime) -> None:
    """Messages of unknown fate are asked about again at ``until``."""
    await work.session.execute(_WAIT, {"ids": list(ids), "until": until})


def _arrays(verdicts: Sequence[Verdict]) -> dict[str, list[Any]]:
    return {
        "ids": [one.claim.due.id for one in verdicts],
        "verbs": [one.verb for one in verdicts],
        "reasons": [one.reason for one in verdicts],
        "attempts": [one.claim.attempts for one in verdicts],
        "providers": [one.provider for one in verdicts],
        "provider_ids": [one.provider_id for one in verdicts],
        "senders": [one.sent_from for one in verdicts],
        "dues": [one.due_at for one in verdicts],
        "leases": [one.lease_until for one in verdicts],
        "slots": [one.has_slot for one in verdicts],
    }


def _claim(row: Row[Any]) -> Claim:
    due = Due(
        id=row.id,
        org_id=OrgId(row.org_id),
        connection_id=row.connection_id,
        subject_ref=row.subject_ref,
        kind=MessageKind(row.kind),
        instant=row.instant,
        channel=Channel(row.channel),
    )
    return Claim(
        due,
        row.is_typed,
        row.attempts,
        row.queued_at,
        row.lease_until,
        row.provider,
        row.is_doubted,
        row.has_slot,
    )
