"""Graph's door: bad days, tokens, permissions, and errors in Graph's form."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.kit.ids import new_uuid
from housecall.sandbox.house import House, house_of
from housecall.sandbox.teams.errors import GraphRefused
from housecall.sandbox.teams.login import permissions_of

_SLOW_S: Final = 8.0
Handler = Callable[[House, Request], Awaitable[Response]]


def graph(*one_of: str) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """The handler behind the door: whoever comes in holds one of these application permissions."""

    def wrap(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        @functools.wraps(handler)
        async def guarded(request: Request) -> Response:
            house = house_of(request)
            try:
                await _suffer(house)
                _check_token(house, request, one_of)
                answer = await handler(house, request)
            except GraphRefused as refusal:
                answer = say_no(refusal)
            house.graph_asked.append((request.method, request.url.path, answer.status_code))
            house.graph_received.append(await _as_text(request))
            return answer

        return guarded

    return wrap


async def _as_text(request: Request) -> str:
    """All of the request but the token it proved itself by."""
    headers = [f"{name}: {value}" for name, value in request.headers.items() if name != "authorization"]
    body = (await request.body()).decode("utf-8", "replace")
    return "\n".join((f"{request.method} {unquote_plus(str(request.url))}", *headers, body))


async def _suffer(house: House) -> None:
    switches = house.teams.switches
    if switches.throttle > 0:
        switches.throttle -= 1
        wait = {"Retry-After": str(switches.retry_after_s)}
        raise GraphRefused(429, "TooManyRequests", "Too many requests.", headers=wait)
    if switches.graph == "down":
        raise GraphRefused(503, "ServiceUnavailable", "The service is unavailable.")
    if switches.graph == "slow":
        await asyncio.sleep(_SLOW_S)


def _check_token(house: House, request: Request, one_of: tuple[str, ...]) -> None:
    held = permissions_of(house, request.headers.get("authorization", ""))
    if held is None:
        raise GraphRefused(401, "InvalidAuthenticationToken", "Access token is empty or not valid.")
    if one_of and not set(one_of) & set(held):
        raise GraphRefused(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )


def say_no(refusal: GraphRefused) -> Response:
    """The refusal as Graph writes it."""
    inner = {"request-id": str(new_uuid())}
    body = {"error": {"code": refusal.word, "message": refusal.message, "innerError": inner}}
    return JSONResponse(body, refusal.status, refusal.headers)


async def read_form(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; raises GraphRefused unless it says that it is JSON, and is."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise GraphRefused(415, "UnsupportedMediaType", "The content type must be application/json.")
    try:
        form = json.loads(await request.body())
    except ValueError:
        form = None
    if not isinstance(form, dict):
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.")
    return form
