"""The call quality report: how the streams of each visit were, and by which rules that is good or poor."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from housecall.reports.quality import COLUMNS, KINDS, MEASURES, SIDES, VERDICTS, cells, read_streams
from housecall.reports.service import ROWS_A_FILE, choose_environment, window_back
from housecall.tenancy.administrators import SignedIn
from housecall.web.answers import csv_file
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import report_reader
from housecall.web.portal_pages import show

routes = Audience("quality report", guard=report_reader, include_in_schema=False)
Reader = Annotated[SignedIn, Depends(report_reader)]
Days = Annotated[int, Query(ge=1, le=400)]
_PAGE: Final = "/portal/reports/quality"
# A visit has up to six rows.
_VISITS_A_PAGE: Final = 100


@routes.get(_PAGE)
async def quality_report(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Days = 30,
    before: datetime | None = None,
    before_id: str | None = None,
) -> Response:
    """Each stream of each visit that was measured, the latest visit first."""
    house = house_of(request)
    now = house.clock.now()
    window = window_back(now, days, _VISITS_A_PAGE, before, before_id)
    async with house.database.work() as work:
        chosen, there = await choose_environment(work, person.org_id, environment)
        page = await read_streams(
            work, person.org_id, environment=chosen, window=window, by=person.by, now=now
        )
    return show(
        request,
        person,
        "portal/quality.html",
        here="quality",
        page=page,
        measures=MEASURES,
        sides=SIDES,
        kinds=KINDS,
        verdicts=VERDICTS,
        environment=chosen,
        environments=there,
        days=days,
        generated=now.astimezone(UTC),
        last=page.rows[-1] if page.visits == _VISITS_A_PAGE else None,
    )


@routes.get(_PAGE + ".csv")
async def quality_report_file(
    request: Request, person: Reader, environment: str | None = None, days: Days = 30
) -> Response:
    """The same rows as a file."""
    house = house_of(request)
    now = house.clock.now()
    window = window_back(now, days, ROWS_A_FILE)
    async with house.database.work() as work:
        chosen, _ = await choose_environment(work, person.org_id, environment)
        page = await read_streams(
            work, person.org_id, environment=chosen, window=window, by=person.by, now=now, exported=True
        )
    return csv_file(f"quality-{chosen}-{now:%Y-%m-%d}.csv", COLUMNS, (cells(row) for row in page.rows))
