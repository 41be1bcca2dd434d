"""The directory as Graph shows it: users found by their mail, and the plans each is licensed for."""

import re
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.sandbox.house import House
from housecall.sandbox.teams.door import graph, read_form
from housecall.sandbox.teams.errors import GraphRefused
from housecall.sandbox.teams.tenant import User

_MOST_IN_A_BATCH: Final = 20
_BY_MAIL: Final = re.compile(r"/users\?\$filter=mail eq '((?:[^']|'')*)'&\$select=id")


@graph("User.Read.All", "Directory.Read.All")
async def batch(house: House, request: Request) -> Response:
    """Several reads in one request; the only kind that is known here is a user by their mail."""
    form = await read_form(request)
    asked = form.get("requests")
    if not isinstance(asked, list) or not 0 < len(asked) <= _MOST_IN_A_BATCH:
        raise GraphRefused(400, "BadRequest", "A batch holds 1 to 20 requests.")
    return JSONResponse({"responses": [_answer(house, each) for each in asked]})


def _answer(house: House, asked: dict[str, Any]) -> dict[str, Any]:
    if {"id", "method", "url"} - set(asked):
        raise GraphRefused(400, "BadRequest", "A request of a batch needs id, method and url.")
    match = _BY_MAIL.fullmatch(unquote(str(asked["url"])))
    if asked["method"] != "GET" or match is None:
        error = {"code": "BadRequest", "message": "Unsupported segment in the batch."}
        return {"id": asked["id"], "status": 400, "body": {"error": error}}
    mail = match[1].replace("''", "'").casefold()
    found = [user for user in house.teams.users.values() if user.mail.casefold() == mail]
    return {"id": asked["id"], "status": 200, "body": {"value": [{"id": user.id} for user in found]}}


def user_named(house: House, request: Request) -> User:
    """The user in the path; raises GraphRefused."""
    user = house.teams.users.get(request.path_params["user_id"])
    if user is None:
        raise GraphRefused(404, "Request_ResourceNotFound", "The resource does not exist.")
    return user


@graph("User.Read.All", "Directory.Read.All")
async def licences(house: House, request: Request) -> Response:
    """The service plans of a user."""
    plans = [
        {"servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"}
        for name in user_named(house, request).plans
    ]
    return JSONResponse({"value": [{"skuPartNumber": "SPE_E5", "servicePlans": plans}] if plans else []})


ROUTES = [
    Route("/graph/v1.0/$batch", batch, methods=["POST"]),
    Route("/graph/v1.0/users/{user_id}/licenseDetails", licences),
]
