"""What the API and the portal say of themselves holds for whatever is sent to them, by every role and by strangers.

Requests are made by schemathesis from the OpenAPI. The portal's own is made here, from its routes and from the
forms that stand on its pages: a field is sent what stands in it, or anything else.
"""

import asyncio
import copy
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
import schemathesis
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from housecall.app import AUDIENCES, make_app
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from tests.shape.portal_table import TABLE
from tests.visits.clinic import Clinic, open_clinic
from tests.web.forms import posted_forms
from tests.web.live import Live, serve
from tests.web.test_write_back import as_browser, signed_in

Schema = dict[str, Any]

load_all_checks()
# The same requests each time. A failing one is not made smaller: what was sent stands in the report.
_FEW: Final = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
_MORE: Final = settings(_FEW, max_examples=20)
_CHECKS: Final = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
# Whoever is signed out by one of these could try nothing afterwards.
_LAST: Final = ("/portal/sign-out", "/portal/account/end-others")


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    made = await open_clinic(database, clock, sealer)
    await made.visit()
    return made


@pytest.mark.parametrize("role", [*Role, None])
async def test_the_api_answers_as_it_says_whatever_is_sent(clinic: Clinic, role: Role | None) -> None:
    async with serve(clinic) as live:
        described = make_app(live.house).openapi()
        asked = await asyncio.to_thread(send, live, described, await own_headers(live, role), examples=_MORE)

    assert asked >= {"GET /api/v1/visits", "GET /api/v1/write-back"}


@pytest.mark.parametrize("role", [*Role, None])
async def test_the_portal_answers_as_it_says_whatever_is_sent(clinic: Clinic, role: Role | None) -> None:
    visit = await clinic.visit("appointment-2")
    async with serve(clinic) as live:
        known = {"connection_id": clinic.connection.id, "visit_id": visit.id}
        described = await portal_openapi(live, known)
        headers = await own_headers(live, role) | {"Accept": "text/html"}
        asked = await asyncio.to_thread(send, live, described, headers, examples=_FEW)

    assert asked >= {route for route in TABLE if route.split(" ")[1].startswith("/portal")}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/portal/audit?subject=%00", 400, "web.request_invalid"),
        ("GET", "/portal/audit?before=-75813707030911270912", 400, "web.request_invalid"),
        ("PUT", "/api/v1/visits", 405, "web.method_unknown"),
    ],
)
async def test_what_no_page_sends_is_refused_and_not_our_fault(
    clinic: Clinic, method: str, path: str, status: int, code: str
) -> None:
    """The first two were answered with 500: PostgreSQL holds no NUL and no such number."""
    async with serve(clinic) as live:
        client = await signed_in(live, Role.auditor)
        answer = await client.request(method, path, headers={"Accept": "application/json"})
        await client.aclose()

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def send(live: Live, described: Schema, headers: dict[str, str], *, examples: settings) -> set[str]:
    """Each operation is asked with what fits, and with ``_MORE`` with what does not; the answers must be as described.

    In the portal everything fits: a field of a form is any text.
    """
    schema = schemathesis.openapi.from_dict(described)
    asked = set()
    for operation in sorted(_operations(schema), key=lambda one: one.path in _LAST):
        asked.add(f"{operation.method.upper()} {operation.path}")
        _try(live, operation, headers, GenerationMode.POSITIVE, examples)
        if examples is _MORE and any(operation.iter_parameters()):
            _try(live, operation, headers, GenerationMode.NEGATIVE, examples)
    return asked


def _try(
    live: Live, operation: Any, headers: dict[str, str], mode: GenerationMode, examples: settings
) -> None:
    @examples
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(
            base_url=f"http://127.0.0.1:{live.port}",
            headers=headers,
            checks=_CHECKS,
            allow_redirects=False,
        )

    ask()


def _operations(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        yield found.ok()


async def own_headers(live: Live, role: Role | None) -> dict[str, str]:
    """What the browser of somebody with this role sends."""
    if role is None:
        return {"Origin": live.house.public_url}
    client = await signed_in(live, role)
    await client.aclose()
    return {name: client.headers[name] for name in ("Cookie", "Origin")}


async def portal_openapi(live: Live, known: dict[str, str]) -> Schema:
    """The portal as OpenAPI: its routes, answering with pages, and its forms as they stand on those pages."""
    routes = [copy.copy(route) for audience in AUDIENCES for route in audience.routes if _is_portal(route)]
    for route in routes:
        route.include_in_schema = True  # type: ignore[attr-defined]
    described = get_openapi(title="Portal", version="1", routes=routes)
    client = as_browser(await signed_in(live, Role.administrator))
    forms = await _forms(client, known)
    await client.aclose()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            operation["responses"] = _answers(path, method)
            for one in operation.get("parameters", []):
                if one["name"] in known:
                    one["schema"] = {"anyOf": [{"const": known[one["name"]]}, {"type": "string"}]}
            if method == "post" and path in forms and "requestBody" not in operation:
                operation["requestBody"] = _form(forms[path])
    return described


def _is_portal(route: Any) -> bool:
    return isinstance(route, APIRoute) and route.path.startswith("/portal")


def _answers(path: str, method: str) -> Schema:
    kind = "text/csv; charset=utf-8" if path.endswith(".csv") else "text/html; charset=utf-8"
    if path.endswith("/keep"):
        kind = "application/json"
    page = {"description": "A page.", "content": {"text/html; charset=utf-8": {}}}
    return {
        "200": {"description": "What was asked for.", "content": {kind: {}}},
        "303": {"description": "On."},
    } | {str(status): page for status in (400, 401, 403, 404, 409, 502)}


async def _forms(client: httpx.AsyncClient, known: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    """The fields of every form on every page without a parameter or with known ones, by the route it is sent to."""
    routes = [route.split(" ")[1] for route in TABLE if route.startswith("GET /portal")]
    found: dict[str, dict[str, set[str]]] = {}
    for route in routes:
        path = route.format_map(_Known(known))
        answer = await client.get(path)
        for form in posted_forms(answer.text) if answer.status_code == 200 else []:
            target = urlsplit(form.action).path or path
            for name, value in known.items():
                target = target.replace(value, "{" + name + "}")
            for name, values in form.fields.items():
                found.setdefault(target, {}).setdefault(name, set()).update(values)
    return found


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"kind": "reminder", "channel": "sms", "language": "en", "vendor": "epic"}.get(name, "other")


def _form(fields: dict[str, set[str]]) -> Schema:
    properties = {
        name: {"anyOf": [{"enum": sorted(values)}, {"type": "string"}]} for name, values in fields.items()
    }
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": properties}}}
    return {"content": form}
