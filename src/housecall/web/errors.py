"""The one place where an error becomes an answer over HTTP."""

import logging
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.kit.errors import HousecallError, Kind
from housecall.tenancy.administrators import SignedIn
from housecall.web.pages import render
from housecall.web.portal_pages import show

log = logging.getLogger(__name__)

STATUS: Final = {
    Kind.not_found: 404,
    Kind.forbidden: 403,
    Kind.unauthenticated: 401,
    Kind.conflict: 409,
    Kind.invalid: 400,
    Kind.upstream: 502,
    Kind.busy: 503,
    Kind.internal: 500,
}

# What a person can do next, by the kind of fault; a page may say more.
WAY_ON: Final = {
    Kind.not_found: "Go back to where you came from and try again.",
    Kind.forbidden: "Ask your administrator if you think you should be let in.",
    Kind.unauthenticated: "Open the chart again to sign in.",
    Kind.conflict: "Reload the page to see how things stand now.",
    Kind.invalid: "Check what was entered and try again.",
    Kind.upstream: "Try again in a minute. If it goes on, tell your IT support the code below.",
    Kind.busy: "Try again in a moment.",
    Kind.internal: "Try again. If it goes on, tell your IT support the code below.",
}


def wants_json(request: Request) -> bool:
    """Whether the caller is a program: it says so, or it calls an address that only programs call."""
    path = request.url.path
    if path.startswith(("/api/", "/hooks/")) or request.headers.get("x-housecall"):
        return True
    return "text/html" not in request.headers.get("accept", "text/html")


def answer(request: Request, error: HousecallError) -> Response:
    """The error as JSON for programs, as a page for people."""
    status = STATUS[error.kind]
    headers = {"Retry-After": "5"} if error.kind is Kind.busy else {}
    if wants_json(request):
        body = {"code": error.code, "sentence": error.sentence}
        return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store", **headers})
    page = _page(request, error, status)
    page.headers.update(headers)
    return page


def _page(request: Request, error: HousecallError, status: int) -> Response:
    values: dict[str, Any] = {
        "code": error.code,
        "sentence": error.sentence,
        # An error of the portal says itself what to do, and where.
        "way_on": getattr(error, "way_on", WAY_ON[error.kind]),
        "link": getattr(error, "link", None),
    }
    person = getattr(request.state, "person", None)
    if isinstance(person, SignedIn):
        return show(request, person, "portal/refused.html", here="", status=status, **values)
    return render(
        request,
        "error.html",
        status=status,
        frame_ancestors=getattr(request.state, "frame_ancestors", "'none'"),
        # What the EHR's own support staff read: told by its token endpoint, never by a redirect.
        more_at=getattr(error, "more_at", None),
        **values,
    )


class PageUnknown(HousecallError):
    """There is no page at this address."""

    kind = Kind.not_found
    code = "web.page_unknown"


class MethodUnknown(HousecallError):
    """This address does not do what was asked of it."""

    kind = Kind.invalid
    code = "web.method_unknown"


class RequestInvalid(HousecallError):
    """Something in the request is missing or has the wrong form."""

    kind = Kind.invalid
    code = "web.request_invalid"


class Unforeseen(HousecallError):
    """Something went wrong on our side; it has been written down for the people who run this."""

    kind = Kind.internal
    code = "web.unforeseen"


def install(app: FastAPI) -> None:
    """Have every error of the application answered here."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, HousecallError)
        if error.kind is Kind.internal:
            log.error("A request failed.", extra={"code": error.code}, exc_info=error)
        return answer(request, error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return answer(request, PageUnknown())
        if error.status_code == 405:
            refused = answer(request, MethodUnknown())
            refused.status_code = 405
            refused.headers.update(error.headers or {})
            return refused
        return answer(request, RequestInvalid())

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # Only the names of fields: what was typed may be somebody's number.
        fields = sorted({".".join(str(part) for part in fault["loc"][1:]) for fault in error.errors()})
        return answer(request, RequestInvalid(f"Missing or of the wrong form: {', '.join(fields)}."))

    async def unfit(request: Request, error: Exception) -> Response:
        # A NUL in a text, a number past what a column holds: nobody types them. The cause would show what was sent.
        log.warning("The database could not hold a value that was sent.")
        return answer(request, RequestInvalid())

    async def unforeseen(request: Request, error: Exception) -> Response:
        log.error("A request failed in an unforeseen way.", exc_info=error)
        return answer(request, Unforeseen())

    app.add_exception_handler(HousecallError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(DataError, unfit)
    app.add_exception_handler(Exception, unforeseen)
