"""A small EHR for these tests: launches, tokens and FHIR, with every fault we know of at a switch."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import AuthorizationRequest, ClientKind, EhrEndpoint, Vendor
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.kit.clock import Clock

FIXTURES = Path(__file__).parent / "fixtures"
Record = dict[str, Any]


def fixture(name: str) -> Record:
    found: Record = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def appointment(ref: str, start: str, **more: Any) -> Record:
    """A plain appointment of patient 9001 with practitioner 501 at location 3001."""
    actors = [{"actor": {"reference": who}} for who in ("Patient/9001", "Practitioner/501", "Location/3001")]
    found = {
        "resourceType": "Appointment",
        "id": ref,
        "status": "booked",
        "start": start,
        "participant": actors,
    }
    return found | {"meta": {"versionId": "1"}} | more


@dataclass
class SmallEhr:
    """State and switches; ``app`` is the server."""

    clock: Clock
    base: str = "https://ehr.test/r4/t1"
    appointments: dict[str, Record] = field(default_factory=dict)
    patients: dict[str, Record] = field(default_factory=dict)
    practitioners: dict[str, Record] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshes: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    page_size: int = 100
    batch_status: int = 200
    throttled: int | None = None
    """Answer FHIR with 429 and this Retry-After."""
    fails: Callable[[Request], bool] = lambda request: False
    """FHIR requests answered with 500."""
    token_answer: dict[str, Any] = field(default_factory=dict)
    """Laid over the token endpoint's answer to a code; None removes a field."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Laid over the id_token's claims; None removes one."""
    config: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    repeat_on_later_page: Record | None = None

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self.published = [self.key]
        self.origin = self.base.split("/r4/")[0]
        self.app = Starlette(
            routes=[
                Route("/r4/t1/.well-known/smart-configuration", self._configuration),
                Route("/r4/t1/metadata", self._metadata),
                Route("/auth/authorize", self._authorize),
                Route("/auth/token", self._token, methods=["POST"]),
                Route("/auth/jwks", self._jwks),
                Route("/r4/t1", self._batch, methods=["POST"]),
                Route("/r4/t1/{kind}", self._search),
                Route("/r4/t1/{kind}/{ref}", self._read),
            ]
        )
        self.app.router.redirect_slashes = False

    def asked(self, path: str) -> list[tuple[str, str, dict[str, str], str]]:
        """The requests whose path ends so: method, query, headers, body."""
        return [seen for seen in self.requests if urlsplit(seen[1]).path.endswith(path)]

    def client(self, clock: Clock | None = None, **changes: Any) -> SmartFhirClient:
        """A real client that reaches this EHR without a network."""
        endpoint = self.endpoint(**changes)
        outward = Outward(NetworkRules(), transport=httpx.ASGITransport(self.app))
        return SmartFhirClient(endpoint, PROFILES[endpoint.vendor], outward, clock or self.clock)

    def endpoint(self, **changes: Any) -> EhrEndpoint:
        """The connection to this EHR."""
        fields: dict[str, Any] = {
            "connection_id": "c_small",
            "base_url": self.base,
            "vendor": Vendor.generic,
            "client_kind": ClientKind.symmetric,
            "client_id": "app",
            "client_secret": "app-secret",
            "system_client_id": "system",
            "system_client_secret": "system-secret",
        }
        return EhrEndpoint(**(fields | changes))

    def approve(self, request: AuthorizationRequest, **more: str) -> str:
        """What the browser would bring back: the code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, **more}
        return code

    async def _note(self, request: Request) -> str:
        body = (await request.body()).decode()
        self.requests.append((request.method, str(request.url), dict(request.headers), body))
        return body

    async def _configuration(self, request: Request) -> Response:
        await self._note(request)
        config = {
            "issuer": self.origin + "/auth",
            "authorization_endpoint": self.origin + "/auth/authorize",
            "token_endpoint": self.origin + "/auth/token",
            "jwks_uri": self.origin + "/auth/jwks",
            "capabilities": ["launch-ehr", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
        }
        return JSONResponse(
            {name: value for name, value in (config | self.config).items() if value is not None}
        )

    async def _metadata(self, request: Request) -> Response:
        kinds = ("Appointment", "Patient", "Practitioner")
        offered = [
            {"type": kind, "interaction": [{"code": code} for code in ("read", "search-type", "patch")]}
            for kind in kinds
        ]
        statement = {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [{"resource": offered}],
        }
        date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return JSONResponse(statement | self.metadata, headers={"Date": date})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(
            asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]})
        )

    async def _jwks(self, request: Request) -> Response:
        await self._note(request)
        # As in the wild: no "alg", no "use".
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.published]})

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(await self._note(request)).items()}
        token = secrets.token_urlsafe(16)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": 570}
        match form.get("grant_type"):
            case "client_credentials":
                answer |= {"scope": form["scope"], "expires_in": 300}
            case "refresh_token":
                if form["refresh_token"] not in self.refreshes:
                    return JSONResponse({"error": "invalid_grant"}, 400)
            case _:
                asked = self.codes.pop(form.get("code", ""), None)
                if asked is None or not _verifies(asked, form):
                    return JSONResponse(
                        {"error": "invalid_grant", "error_uri": "https://ehr.test/e?urn=urn:x:code-invalid"},
                        400,
                    )
                answer |= self._launched(asked)
        self.access.add(token)
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    def _launched(self, asked: dict[str, str]) -> dict[str, Any]:
        refresh = secrets.token_urlsafe(16)
        self.refreshes.add(refresh)
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.origin + "/auth", "sub": "u1", "aud": "app", "iat": now, "exp": now + 600}
        claims |= {
            "nonce": asked["nonce"],
            "fhirUser": asked.get("fhir_user", "Practitioner/501"),
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, kept, self.key, algorithms=["RS256"])
        answer = {"scope": asked["scope"], "refresh_token": refresh, "id_token": signed, "patient": "9001"}
        return answer | self.token_answer

    async def _stop(self, request: Request) -> Response | None:
        await self._note(request)
        if self.throttled is not None:
            return Response(status_code=429, headers={"Retry-After": str(self.throttled)})
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            return PlainTextResponse("Unauthorized", 401, headers={"WWW-Authenticate": "Bearer"})
        if self.fails(request):
            return PlainTextResponse("Internal Server Error", 500, headers={"X-Request-Id": "r-1"})
        return None

    def _store(self, kind: str) -> dict[str, Record]:
        return {
            "Appointment": self.appointments,
            "Patient": self.patients,
            "Practitioner": self.practitioners,
        }.get(kind, {})

    async def _read(self, request: Request) -> Response:
        if stop := await self._stop(request):
            return stop
        found = self._store(request.path_params["kind"]).get(request.path_params["ref"])
        return JSONResponse(found) if found else PlainTextResponse("", 404)

    async def _batch(self, request: Request) -> Response:
        if stop := await self._stop(request):
            return stop
        if self.batch_status != 200:
            return PlainTextResponse("no", self.batch_status)
        entries: list[Record] = []
        for entry in (await request.json())["entry"]:
            kind, _, ref = entry["request"]["url"].partition("/")
            found = self._store(kind).get(ref)
            status = {"status": "200 OK"} if found else {"status": "404"}
            entries.append({"response": status, **({"resource": found} if found else {})})
        return JSONResponse({"resourceType": "Bundle", "type": "batch-response", "entry": entries})

    async def _search(self, request: Request) -> Response:
        if stop := await self._stop(request):
            return stop
        found = [
            record
            for record in self._store(request.path_params["kind"]).values()
            if _matches(record, request)
        ]
        found.sort(key=lambda record: str(record.get("start")))
        at = int(request.query_params.get("pageContext", "0"))
        size = self.page_size
        page = found[at : at + size]
        bundle: Record = {"resourceType": "Bundle", "type": "searchset", "link": []}
        if at and self.repeat_on_later_page:
            page = [*page, self.repeat_on_later_page]
        if page:
            bundle["entry"] = [{"resource": record} for record in page]
        if at + size < len(found):
            rest = [
                (name, value) for name, value in request.query_params.multi_items() if name != "pageContext"
            ]
            more = urlencode([*rest, ("pageContext", str(at + size))])
            bundle["link"].append({"relation": "next", "url": f"{self.base}{request.url.path[6:]}?{more}"})
        return JSONResponse(bundle)


def _verifies(asked: dict[str, str], form: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return asked["code_challenge"] == challenge and asked["redirect_uri"] == form.get("redirect_uri")


def _matches(record: Record, request: Request) -> bool:
    query = request.query_params
    if ids := query.get("_id"):
        return record["id"] in ids.split(",")
    if name := query.get("name"):
        return any(
            str(said.get("family", "")).lower().startswith(name.lower()) for said in record.get("name", [])
        )
    actors = [who.get("actor", {}).get("reference", "") for who in record.get("participant", [])]
    for parameter in ("patient", "practitioner", "location"):
        if refs := query.get(parameter):
            wanted = {f"{parameter.capitalize()}/{ref}" for ref in refs.split(",")}
            if not wanted & set(actors):
                return False
    start = record.get("start")
    for edge in query.getlist("date"):
        at = datetime.fromisoformat(edge[2:])
        if start and not (
            datetime.fromisoformat(start) >= at
            if edge.startswith("ge")
            else datetime.fromisoformat(start) < at
        ):
            return False
    return True
