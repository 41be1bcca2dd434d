"""Administration: signing in and out, the visit report and its file."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from housecall.kit.csv import stream_csv
from housecall.kit.ids import OrgId
from housecall.reports.model import COLUMNS, WORDS, cells
from housecall.reports.service import ROWS_A_FILE, ROWS_A_PAGE, choose_environment, read_visits
from housecall.reports.store import Window
from housecall.tenancy.administrators import SignedIn, sign_in, sign_out
from housecall.tenancy.errors import OrganisationUnknown
from housecall.tenancy.model import Right
from housecall.tenancy.store import list_organisations
from housecall.tenancy.tables import Organisation
from housecall.web import sign_in as oidc
from housecall.web.audience import Audience, anyone
from housecall.web.house import House, house_of
from housecall.web.pages import render
from housecall.web.portal_guards import SESSION_COOKIE, find_signed_in, report_reader, signed_in
from housecall.web.portal_pages import first_page_for, show

ATTEMPT_COOKIE: Final = "__Host-hc_sign_in"


entrance = Audience("portal entrance", guard=anyone, include_in_schema=False)
routes = Audience("portal", guard=signed_in, include_in_schema=False)
reports = Audience("portal reports", guard=report_reader, include_in_schema=False)
Somebody = Annotated[SignedIn, Depends(signed_in)]
Reader = Annotated[SignedIn, Depends(report_reader)]
# What each right opens, as its holder reads it.
_OPENS: Final = {
    Right.administer: "Set up and change connections, messages, sign-in and settings",
    Right.read_reports: "Read and export the reports",
    Right.read_audit: "Read, verify and export the audit log",
}


@entrance.get("/portal")
async def portal(request: Request) -> Response:
    """The first page: the way in, or on to what the person's role opens."""
    person = await find_signed_in(request)
    if person is None:
        return render(request, "portal/welcome.html", demo=house_of(request).is_demo)
    return RedirectResponse(first_page_for(person), status_code=303)


@entrance.get("/portal/sign-in")
async def begin_sign_in(request: Request, organisation: str | None = None) -> Response:
    """On to the organisation's own sign-in."""
    house = house_of(request)
    owner = await _organisation(house, organisation)
    attempt, url = await oidc.begin(_provider(house, owner), str(owner.id), house.clock.now())
    response = RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
    _set_cookie(
        response, ATTEMPT_COOKIE, attempt.sealed(house.sealer), int(oidc.ATTEMPT_LIFE.total_seconds())
    )
    return response


@entrance.get("/portal/callback")
async def finish_sign_in(request: Request, state: str = "", code: str = "") -> Response:
    """Back from the provider: a session begins."""
    house = house_of(request)
    now = house.clock.now()
    attempt = oidc.open_attempt(request.cookies.get(ATTEMPT_COOKIE, ""), house.sealer, now)
    async with house.database.work() as work:
        owner = next((one for one in await list_organisations(work) if str(one.id) == attempt.org_id), None)
    if owner is None:
        raise OrganisationUnknown
    provider = _provider(house, owner)
    subject, role = await oidc.finish(provider, attempt, code=code, state=state)
    async with house.database.work() as work:
        secret = await sign_in(
            work, OrgId(owner.id), issuer=provider.issuer, subject=subject, role=role, now=now
        )
    response = RedirectResponse("/portal", status_code=303, headers={"Cache-Control": "no-store"})
    # Lax, not Strict: the browser comes back from the provider's site and must arrive signed in.
    _set_cookie(response, SESSION_COOKIE, secret, 8 * 3600)
    _set_cookie(response, ATTEMPT_COOKIE, "", 0)
    return response


@routes.post("/portal/sign-out")
async def end_session(request: Request, person: Somebody) -> Response:
    """The session is over."""
    house = house_of(request)
    async with house.database.work() as work:
        await sign_out(work, person, now=house.clock.now())
    response = RedirectResponse("/portal", status_code=303)
    _set_cookie(response, SESSION_COOKIE, "", 0)
    return response


@routes.get("/portal/account")
async def account(request: Request, person: Somebody) -> Response:
    """Who is signed in, and what their role opens."""
    rights = [(words, person.may(right)) for right, words in _OPENS.items()]
    return show(request, person, "portal/account.html", here="account", rights=rights)


@reports.get("/portal/reports/visits")
async def visit_report(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    before: datetime | None = None,
    before_id: str | None = None,
) -> Response:
    """The visit report: one row a visit, the latest first; there the second a visit ends."""
    house = house_of(request)
    now = house.clock.now()
    window = _window(now, days, ROWS_A_PAGE, before, before_id)
    async with house.database.work() as work:
        chosen, there = await choose_environment(work, person.org_id, environment)
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
            window=_window(now, days, ROWS_A_FILE),
            by=person.by,
            now=now,
            exported=True,
        )
    name = f"visits-{chosen}-{now:%Y-%m-%d}.csv"
    return StreamingResponse(
        stream_csv(COLUMNS, (cells(row) for row in rows)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _window(
    now: datetime, days: int, most: int, before: datetime | None = None, before_id: str | None = None
) -> Window:
    # A day ahead as well: today's visits that are still to come are part of the picture.
    return Window(now - timedelta(days=days), now + timedelta(days=1), most, before, before_id)


async def _organisation(house: House, name: str | None) -> Organisation:
    async with house.database.work() as work:
        there = [one for one in await list_organisations(work) if one.sign_in_issuer]
    named = [one for one in there if one.name == name] if name else there
    if not named:
        raise OrganisationUnknown("Sign-in has not been set up yet. Ask whoever installed Housecall.")
    return named[0]


def _provider(house: House, owner: Organisation) -> oidc.Provider:
    sealed = owner.sign_in_secret_sealed
    return oidc.Provider(
        issuer=owner.sign_in_issuer or "",
        client_id=owner.sign_in_client_id or "",
        client_secret=house.sealer.open(sealed, purpose=f"sign-in:{owner.id}") if sealed else "",
        redirect_url=f"{house.public_url}/portal/callback",
    )


def _set_cookie(response: Response, name: str, value: str, life_s: int) -> None:
    response.set_cookie(name, value, max_age=life_s, path="/", secure=True, httponly=True, samesite="lax")
