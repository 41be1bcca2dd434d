"""Every query on the audit log for people: entries by what, who and when; the organisation first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from housecall.audit.model import Act, Actor
from housecall.audit.tables import AuditEntry
from housecall.db.work import Work
from housecall.kit.ids import OrgId


@dataclass(frozen=True)
class Wanted:
    """Which entries: any that is None or empty does not narrow. ``subject`` fits an actor as well."""

    act: Act | None = None
    actor: Actor | None = None
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


async def list_entries(work: Work, org_id: OrgId, wanted: Wanted, *, most: int) -> Sequence[AuditEntry]:
    """The organisation's entries that are wanted, the latest first."""
    asked = select(AuditEntry).where(AuditEntry.org_id == org_id)
    if wanted.act is not None:
        asked = asked.where(AuditEntry.act == wanted.act.value)
    if wanted.actor is not None:
        asked = asked.where(AuditEntry.actor == wanted.actor.value)
    if wanted.subject:
        asked = asked.where((AuditEntry.subject == wanted.subject) | (AuditEntry.actor_ref == wanted.subject))
    if wanted.since is not None:
        asked = asked.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(AuditEntry.at < wanted.until)
    if wanted.before_id is not None:
        asked = asked.where(AuditEntry.id < wanted.before_id)
    return (await work.session.scalars(asked.order_by(AuditEntry.id.desc()).limit(most))).all()


async def count_chained(work: Work, org_id: OrgId) -> tuple[int, int]:
    """How many entries are chained, and how many still wait for it, which takes a second or so."""
    row = (
        await work.session.execute(
            select(func.count(AuditEntry.link_seq), func.count()).where(AuditEntry.org_id == org_id)
        )
    ).one()
    return int(row[0]), int(row[1] - row[0])
