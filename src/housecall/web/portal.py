"""Administration: signing in and out, the visit report and its file."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from housecall.reports.model import COLUMNS, WORDS, cells
from housecall.reports.service import (
    ROWS_A_FILE,
    ROWS_A_PAGE,
    choose_environment,
    list_departments_of,
    read_visits,
    window_back,
)
from housecall.tenancy.administrators import SignedIn, end_other_sessions, list_own_sessions, sign_out
from housecall.tenancy.model import Right
from housecall.web.answers import csv_file, go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import SESSION_COOKIE, report_reader, signed_in
from housecall.web.portal_pages import show

routes = Audience("portal", guard=signed_in, include_in_schema=False)
reports = Audience("portal reports", guard=report_reader, include_in_schema=False)
Somebody = Annotated[SignedIn, Depends(signed_in)]
Reader = Annotated[SignedIn, Depends(report_reader)]
# What each right opens, as its holder reads it.
_OPENS: Final = {
    Right.administer: "Set up and change connections, messages, sign-in and settings",
    Right.read_reports: "Read and export the reports",
    Right.read_audit: "Read, verify and export the audit log",
    Right.hold_visits: "See today’s visits without names, and hold them when the EHR cannot launch",
    Right.invite_guests: "Give interpreters and relatives links of their own, days ahead",
}


@routes.post("/portal/sign-out")
async def end_session(request: Request, person: Somebody) -> Response:
    """The session is over."""
    house = house_of(request)
    async with house.database.work() as work:
        await sign_out(work, person, now=house.clock.now())
    response = go_to("/portal/signed-out")
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


@routes.get("/portal/account")
async def account(request: Request, person: Somebody) -> Response:
    """Who is signed in, what their role opens, and where else they are signed in."""
    house = house_of(request)
    async with house.database.work() as work:
        sessions = await list_own_sessions(work, person, now=house.clock.now())
    return show(
        request,
        person,
        "portal/account.html",
        here="account",
        rights=[(words, person.may(right)) for right, words in _OPENS.items()],
        sessions=sessions,
    )


@routes.post("/portal/account/end-others")
async def end_others(request: Request, person: Somebody) -> Response:
    """Every other session of the person is over."""
    house = house_of(request)
    async with house.database.work() as work:
        await end_other_sessions(work, person, now=house.clock.now())
    return go_to("/portal/account")


@reports.get("/portal/reports/visits")
async def visit_report(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    before: datetime | None = None,
    before_id: str | None = None,
    department: str = "",
) -> Response:
    """The visit report: one row a visit, the latest first; there the second a visit ends."""
    house = house_of(request)
    now = house.clock.now()
    window = window_back(now, days, ROWS_A_PAGE, before, before_id, department or None)
    async with house.database.work() as work:
        chosen, there = await choose_environment(work, person.org_id, environment)
        departments = await list_departments_of(work, person.org_id, chosen)
        rows = await read_visits(
            work, person.org_id, environment=chosen, window=window, by=person.by, now=now
        )
    return show(
        request,
        person,
        "portal/visits.html",
        here="visits",
        rows=rows,
        words=WORDS,
        environment=chosen,
        environments=there,
        department=department,
        departments=departments,
        days=days,
        generated=now.astimezone(UTC),
        last=rows[-1] if len(rows) == ROWS_A_PAGE else None,
    )


@reports.get("/portal/reports/visits.csv")
async def visit_report_file(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    department: str = "",
) -> Response:
    """The same rows as a file."""
    house = house_of(request)
    now = house.clock.now()
    async with house.database.work() as work:
        chosen, _ = await choose_environment(work, person.org_id, environment)
        rows = await read_visits(
            work,
            person.org_id,
            environment=chosen,
            window=window_back(now, days, ROWS_A_FILE, department=department or None),
            by=person.by,
            now=now,
            exported=True,
        )
    return csv_file(f"visits-{chosen}-{now:%Y-%m-%d}.csv", COLUMNS, (cells(row) for row in rows))
