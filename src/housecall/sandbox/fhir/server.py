"""The FHIR endpoint: who may come in, in which order it is checked, and which room answers."""

import json
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from housecall.kit.ids import new_uuid
from housecall.sandbox.auth.discovery import smart_configuration
from housecall.sandbox.auth.grants import Session
from housecall.sandbox.auth.scopes import TYPES
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.faults import suffer, throttle
from housecall.sandbox.fhir.exchange import Call, Reply, outcome, refused
from housecall.sandbox.fhir.naming import inward_words, outward_body
from housecall.sandbox.house import Asked, House, house_of
from housecall.sandbox.manner import Json
from housecall.sandbox.options import TENANT, SandboxOptions

_LARGEST_BATCH: Final = 100
_JSON: Final = "application/fhir+json"


async def endpoint(request: Request) -> Response:
    """Every FHIR request: answered, logged, and marked with an id of its own."""
    house = house_of(request)
    session = _find_session(house, request)
    try:
        response = _respond(house, await _answer(house, request, session))
    except FhirRefused as plain:
        refusal = house.manner.refusal(plain)
        response = _respond(house, Reply(refusal.status, refusal.body, refusal.headers))
    request_id = request.headers.get("x-request-id") or str(new_uuid())
    response.headers["X-Request-Id"] = response.headers["opc-request-id"] = request_id
    client = session.client_id if session else None
    path, query = request.url.path, request.url.query
    house.asked.append(Asked(request.method, path, query, response.status_code, client, house.clock.now()))
    return response


async def _answer(house: House, request: Request, session: Session | None) -> Reply:
    if request.path_params.get("tenant", TENANT) != TENANT:
        raise FhirRefused(403, "Tenant not valid or accessible")
    await suffer(house)
    throttle(house)
    path = str(request.path_params.get("path", "")).strip("/")
    if request.method == "GET" and path == ".well-known/smart-configuration":
        return Reply(200, smart_configuration(house), {"Content-Type": "application/json"})
    if not _takes_json(request.headers.get("accept", "*/*")):
        return Reply(406)
    if request.method == "GET" and path == "metadata":
        return Reply(200, house.manner.statement(house))
    if session is None:
        raise FhirRefused(
            401, "Unauthorized", {"WWW-Authenticate": 'Bearer realm="sandbox", error="invalid_token"'}
        )
    method = _method(request)
    headers, body = dict(request.headers), await request.body()
    if method == "POST" and not path and house.manner.has_batch:
        return _batch(house, session, body)
    query = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "_method"]
    return _dispatch(house, session, method, path, query, headers, body)


def _find_session(house: House, request: Request) -> Session | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return house.grants.find_session(token.strip()) if scheme.lower() == "bearer" else None


def _takes_json(accept: str) -> bool:
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return any(kind in ("*/*", "application/*", "") or "json" in kind for kind in kinds)


def _method(request: Request) -> str:
    """PATCH may come dressed as POST where a proxy blocks it."""
    if request.method != "POST":
        return request.method
    wish = request.headers.get("x-http-method-override") or request.query_params.get("_method") or "POST"
    return "PATCH" if wish.upper() == "PATCH" else "POST"


def _dispatch(
    house: House,
    session: Session,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Reply:
    resource_type, _, resource_id = path.partition("/")
    if resource_type not in TYPES or "/" in resource_id:
        raise refused(404, "not-found", "There is no such resource type here")
    room = house.manner.rooms.get((method, resource_type, bool(resource_id)))
    if room is None:
        raise refused(405, "not-supported", "The interaction is not supported")
    ours = house.manner.ids.inward(resource_type, resource_id) if resource_id else None
    query = [(name, inward_words(house.manner.ids, resource_type, name, value)) for name, value in query]
    return room(Call(house, session, method, resource_type, ours, query, headers or {}, body))


def _batch(house: House, session: Session, body: bytes) -> Reply:
    """Several reads and searches in one request; each is answered as if asked alone."""
    try:
        asked = json.loads(body)
    except ValueError:
        raise FhirRefused(400, "The body is not JSON") from None
    entries = asked.get("entry", []) if isinstance(asked, dict) and asked.get("type") == "batch" else None
    if not isinstance(entries, list):
        raise refused(422, "not-supported", "Only a Bundle of type batch is supported")
    if len(entries) > _LARGEST_BATCH:
        raise refused(422, "too-costly", f"A batch has at most {_LARGEST_BATCH} entries")
    answers = [_batch_entry(house, session, entry) for entry in entries]
    return Reply(200, {"resourceType": "Bundle", "type": "batch-response", "entry": answers})


def _batch_entry(house: House, session: Session, entry: object) -> Json:
    wish = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(wish, dict) or wish.get("method") != "GET" or not isinstance(wish.get("url"), str):
        return {"response": {"status": "422", "outcome": outcome("not-supported", "Only GET is supported")}}
    url = urlsplit(wish["url"])
    path = url.path.removeprefix(urlsplit(house.options.fhir_base).path).strip("/")
    house.asked.append(Asked("GET", f"(batch) {path}", url.query, 200, session.client_id, house.clock.now()))
    try:
        reply = _dispatch(house, session, "GET", path, parse_qsl(url.query, keep_blank_values=True))
    except FhirRefused as plain:
        refusal = house.manner.refusal(plain)
        reply = Reply(refusal.status, refusal.body)
    answer: Json = {"response": {"status": str(reply.status)}}
    if isinstance(reply.body, dict):
        is_fine = reply.status < 400
        answer |= (
            {"resource": reply.body}
            if is_fine
            else {"response": {"status": str(reply.status), "outcome": reply.body}}
        )
    return answer


def _respond(house: House, reply: Reply) -> Response:
    if isinstance(reply.body, dict):
        body = outward_body(house.manner.ids, reply.body)
        plain = body.get("resourceType") is None
        media = "application/json" if plain else _JSON
        return JSONResponse(body, reply.status, reply.headers, media_type=media)
    if isinstance(reply.body, str):
        return PlainTextResponse(reply.body, reply.status, reply.headers)
    return Response(status_code=reply.status, headers=reply.headers)


_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def routes_of(options: SandboxOptions) -> list[BaseRoute]:
    """The FHIR server's doors, where the vendor has them; where there are tenants, a wrong one is told so."""
    base = options.addresses.fhir.replace(f"/{TENANT}", "/{tenant}")
    return [
        Route(base, endpoint, methods=_METHODS),
        Route(base + "/{path:path}", endpoint, methods=_METHODS),
    ]
