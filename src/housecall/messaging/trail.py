"""The audit entries of a whole batch, in one statement: one each would halve the outbox's pace."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert

from housecall.audit.model import Act, Actor
from housecall.audit.tables import AuditEntry
from housecall.db.work import Work
from housecall.messaging.claims import Verdict

# Verbs that are an act of their own; letting go of a message or losing sight of it is not.
_ACTS: Final = {
    "accept": Act.message_sent,
    "deliver": Act.message_receipt,
    "fail": Act.message_receipt,
    "suppress": Act.message_suppressed,
}


async def record_verdicts(work: Work, verdicts: Sequence[Verdict], *, now: datetime) -> None:
    """Every message that was sent, failed or was held back stands in the log, in the same transaction."""
    entries = [_entry(one, now) for one in verdicts if one.verb in _ACTS]
    if entries:
        await work.session.execute(insert(AuditEntry), entries)


def _entry(verdict: Verdict, now: datetime) -> dict[str, Any]:
    due = verdict.claim.due
    return {
        "org_id": due.org_id,
        "at": now,
        "act": _ACTS[verdict.verb].value,
        "actor": Actor.system.value,
        "actor_ref": "outbox",
        "subject": str(due.id),
        "detail": {
            "about": due.subject_ref,
            "kind": due.kind.value,
            "verb": verdict.verb,
            "reason": verdict.reason,
        },
    }
