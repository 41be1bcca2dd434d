"""The machine interface, version 1: what the pages show, for programs."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from housecall.reports.model import VisitRow
from housecall.reports.service import ROWS_A_PAGE, choose_environment, read_visits, window_back
from housecall.tenancy.administrators import SignedIn
from housecall.web.audience import Audience
from housecall.web.described import faults
from housecall.web.house import house_of
from housecall.web.portal_guards import report_reader

routes = Audience("api", guard=report_reader, prefix="/api/v1", responses=faults(400, 401, 403))


class VisitRecord(BaseModel):
    """One visit of the visit report; times are UTC."""

    visit: str
    appointment: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    lobby_wait_s: int | None
    duration_s: int
    outcome: str
    clinician: str
    location: str
    department: str
    attendees: int
    attendees_peak: int
    texts_sent: int
    interpreter_s: int
    family_s: int
    quality: str | None


class VisitPage(BaseModel):
    """Visits, latest planned start first; ``next`` is the query of the page after this one."""

    environment: str
    visits: list[VisitRecord]
    next: dict[str, str] | None


@routes.get("/visits")
async def list_visits(
    request: Request,
    person: Annotated[SignedIn, Depends(report_reader)],
    environment: str | None = None,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    before: datetime | None = None,
    before_id: str | None = None,
    department: str | None = None,
) -> VisitPage:
    """The visit report, a page at a time; ``department`` is an id, or ``none`` for visits in no department."""
    house = house_of(request)
    now = house.clock.now()
    window = window_back(now, days, ROWS_A_PAGE, before, before_id, department or None)
    async with house.database.work() as work:
        chosen, _ = await choose_environment(work, person.org_id, environment)
        rows = await read_visits(
            work, person.org_id, environment=chosen, window=window, by=person.by, now=now
        )
    full = len(rows) == ROWS_A_PAGE
    return VisitPage(
        environment=chosen,
        visits=[_record(row) for row in rows],
        next={"before": rows[-1].planned_at.isoformat(), "before_id": rows[-1].visit} if full else None,
    )


def _record(row: VisitRow) -> VisitRecord:
    return VisitRecord(**{**row.__dict__, "outcome": row.outcome.value})
