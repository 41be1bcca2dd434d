"""The audit log for people: filtered, a page at a time, its chain verified on demand, and as a file."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from housecall.audit.model import Act, Actor
from housecall.audit.service import find_break, record
from housecall.audit.store import Wanted, count_chained, list_entries
from housecall.audit.tables import AuditEntry
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.store import get_organisation
from housecall.web.answers import csv_file
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.patient_sight import MESSAGES, PAGE, TRIED, TURN
from housecall.web.portal_guards import auditor
from housecall.web.portal_pages import show

ENTRIES_A_PAGE: Final = 100
ENTRIES_A_FILE: Final = 100_000
COLUMNS: Final = (
    "at_utc",
    "act",
    "actor",
    "actor_ref",
    "subject",
    "detail",
    "chain_number",
    "chain_hash",
)

routes = Audience("audit", guard=auditor, include_in_schema=False)
Auditor = Annotated[SignedIn, Depends(auditor)]


class Filter(BaseModel):
    """What the page's form asks for; what it cannot be counts as not asked."""

    act: str = ""
    actor: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""
    before: int | None = None

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """As the store reads it; days are the organisation's own, ``until`` with its whole day."""
        until = _day(self.until, zone)
        return Wanted(
            act=Act(self.act) if self.act in set(Act) else None,
            actor=Actor(self.actor) if self.actor in set(Actor) else None,
            subject=self.subject.strip()[:200],
            since=_day(self.since, zone),
            until=until + timedelta(days=1) if until else None,
            before_id=self.before,
        )

    def as_query(self) -> dict[str, str]:
        """The filter again, for the next page and the file."""
        asked = {name: str(value) for name, value in self.model_dump(exclude={"before"}).items()}
        return {name: value for name, value in asked.items() if value}


def _day(typed: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(typed), time(), zone)
    except ValueError:
        return None


@routes.get("/portal/audit")
async def audit_page(
    request: Request, person: Auditor, asked: Annotated[Filter, Query()], verify: str = ""
) -> Response:
    """The log, the latest first; with ``verify``, whether its chain holds from the first entry to the last."""
    house = house_of(request)
    async with house.database.work() as work:
        owner = await get_organisation(work, person.org_id)
        zone = ZoneInfo(owner.time_zone)
        entries = await list_entries(work, person.org_id, asked.wanted(zone), most=ENTRIES_A_PAGE + 1)
        chained, waiting = await count_chained(work, person.org_id)
        broken_at = await find_break(work, person.org_id) if verify else None
    return show(
        request,
        person,
        "portal/audit.html",
        here="audit",
        entries=[_row(entry, zone) for entry in entries[:ENTRIES_A_PAGE]],
        asked=asked,
        query=asked.as_query(),
        next_id=entries[ENTRIES_A_PAGE - 1].id if len(entries) > ENTRIES_A_PAGE else None,
        acts=[act.value for act in Act],
        actors=[actor.value for actor in Actor],
        zone=owner.time_zone,
        chained=chained,
        waiting=waiting,
        is_verified=bool(verify),
        broken_at=broken_at,
    )


@routes.get("/portal/patients-see")
async def patients_see(request: Request, person: Auditor) -> Response:
    """Everything that a patient's browser receives, from the table that the server goes by."""
    return show(
        request,
        person,
        "portal/patients_see.html",
        here="patients-see",
        messages=MESSAGES,
        values=PAGE,
        turn=TURN,
        tried=TRIED,
        hides_addresses=house_of(request).desk.meetings.capabilities.hides_addresses,
    )


@routes.get("/portal/audit.csv")
async def audit_file(request: Request, person: Auditor, asked: Annotated[Filter, Query()]) -> Response:
    """The same entries as a file, with their places in the chain; that it was taken is on record."""
    house = house_of(request)
    now = house.clock.now()
    async with house.database.work() as work:
        owner = await get_organisation(work, person.org_id)
        wanted = asked.wanted(ZoneInfo(owner.time_zone))
        entries = await list_entries(work, person.org_id, wanted, most=ENTRIES_A_FILE)
        await record(
            work,
            person.org_id,
            Act.audit_exported,
            by=person.by,
            subject=str(person.org_id),
            at=now,
            entries=len(entries),
        )
    return csv_file(f"audit-{now:%Y-%m-%d}.csv", COLUMNS, (_cells(entry) for entry in entries))


def _cells(entry: AuditEntry) -> Sequence[object]:
    return (
        entry.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        entry.act,
        entry.actor,
        entry.actor_ref,
        entry.subject,
        json.dumps(entry.detail, sort_keys=True),
        entry.link_seq,
        entry.link_hash,
    )


def _row(entry: AuditEntry, zone: ZoneInfo) -> dict[str, Any]:
    """An entry as the page shows it: a value before and after stand side by side."""
    detail = dict(entry.detail)
    changed = sorted(key.removesuffix("_after") for key in detail if key.endswith("_after"))
    changes = [(name, detail.pop(f"{name}_before", None), detail.pop(f"{name}_after")) for name in changed]
    return {
        "at": entry.at.astimezone(zone),
        "act": entry.act,
        "actor": entry.actor,
        "actor_ref": entry.actor_ref,
        "subject": entry.subject,
        "changes": changes,
        "detail": sorted(detail.items()),
        "link_seq": entry.link_seq,
    }
