"""Reading what programs send, and saying no in one way."""

import json
import math
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.sandbox.errors import FhirRefused, RequestRefused
from housecall.sandbox.pages.frame import page


async def read_json(request: Request) -> dict[str, object]:
    """The JSON object in the body, whatever the content type says; an empty body is an empty object."""
    body = await request.body()
    if not body.strip():
        return {}
    try:
        form = json.loads(body)
    except ValueError:
        raise RequestRefused("The body is not JSON.") from None
    if not isinstance(form, dict):
        raise RequestRefused("The body is not a JSON object.")
    return cast(dict[str, object], form)


def text_field(form: dict[str, object], name: str) -> str:
    """A text that must be there; raises RequestRefused."""
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise RequestRefused(f"{name} is needed, as a text.")
    return value


def find_text(form: dict[str, object], name: str) -> str | None:
    """A text that may be left out."""
    value = form.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestRefused(f"{name} is a text.")
    return value or None


def number_field(form: dict[str, object], name: str, default: float) -> float:
    """A number, or what stands for it when left out."""
    value = form.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RequestRefused(f"{name} is a number.")
    return value


def flag_field(form: dict[str, object], name: str, *, default: bool) -> bool:
    """True or false, or what stands for it when left out."""
    value = form.get(name, default)
    if not isinstance(value, bool):
        raise RequestRefused(f"{name} is true or false.")
    return value


async def say_no(request: Request, refusal: Exception) -> Response:
    """The one place where a refusal outside FHIR and OAuth becomes an answer: a page for who wants one."""
    assert isinstance(refusal, RequestRefused)
    if "text/html" in request.headers.get("accept", ""):
        answer = page(request, "refused.html", title="Not done", sentence=refusal.sentence)
        answer.status_code = refusal.status
        return answer
    body = {"error": refusal.sentence} | ({"code": refusal.word} if refusal.word else {})
    return JSONResponse(body, refusal.status)


async def say_fhir_no(request: Request, refusal: Exception) -> Response:
    """A fault that was switched on, met outside the FHIR endpoint."""
    assert isinstance(refusal, FhirRefused)
    return Response(str(refusal.body), refusal.status, refusal.headers, "text/plain")
