"""A strict authorization server that writes down what our client really sends: the sandbox, over real HTTP."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import (
    AuthorizationRequest,
    ClientKind,
    EhrEndpoint,
    LaunchContext,
    Persona,
    SigningKey,
    Tokens,
    Vendor,
)
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.keys import make_signing_key, public_jwk, public_jwks
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.kit.clock import FakeClock
from housecall.sandbox import SandboxOptions, sandbox_app
from housecall.sandbox.house import House

HOUSECALL = "https://visits.example"
BACK = f"{HOUSECALL}/ehr/callback"
PATIENT_BACK = f"{HOUSECALL}/ehr/patient/callback"
DOROTHY = "12880100"
PUBLIC, SYMMETRIC, ES384, RS384 = "public", "symmetric", "asymmetric-ES384", "asymmetric-RS384"
LAUNCHING = (PUBLIC, SYMMETRIC, ES384, RS384)
ASYMMETRIC = (ES384, RS384)


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire, and the answer's status."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    status: int


@dataclass
class Recorder:
    """Hands every request on, and keeps it."""

    app: ASGIApp
    asked: list[Asked] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, status = bytearray(), 0

        async def hear() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Noted before the client can read the answer, so that a test never comes too early.
                self.asked.append(
                    Asked(
                        scope["method"],
                        scope["path"],
                        _flat(scope["query_string"].decode()),
                        {name.decode(): value.decode() for name, value in scope["headers"]},
                        _flat(bytes(body).decode("utf-8", "replace")),
                        status,
                    )
                )
            await send(message)

        await self.app(scope, hear, say)


def _flat(text: str) -> dict[str, str]:
    found = parse_qs(text, keep_blank_values=True)
    assert all(len(values) == 1 for name, values in found.items() if name != "date"), "a parameter came twice"
    return {name: values[0] for name, values in found.items()}


@dataclass
class Judge:
    """The authorization server, its notebook, and the browser's part of a launch."""

    origin: str
    house: House
    clock: FakeClock
    recorder: Recorder
    web: httpx.AsyncClient
    keys: dict[str, SigningKey]
    clients: list[SmartFhirClient] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.house.options.fhir_base

    @property
    def authorizations(self) -> list[Asked]:
        return [one for one in self.recorder.asked if one.path.endswith("/authorize")]

    @property
    def tokens(self) -> list[Asked]:
        return [one for one in self.recorder.asked if one.path.endswith("/token")]

    @property
    def fhir(self) -> list[Asked]:
        asked = [
            one for one in self.recorder.asked if one.path.startswith(f"{self.house.options.addresses.fhir}/")
        ]
        return [
            one for one in asked if "/.well-known/" not in one.path and not one.path.endswith("/metadata")
        ]

    def client(self, variant: str, **changes: Any) -> SmartFhirClient:
        """Our real client, registered as the variant; its system account is ``housecall-system`` or the key's."""
        kind = variant.partition("-")[0]
        names = {"public": "housecall-public", "symmetric": "housecall-clinician"}
        fields: dict[str, Any] = {
            "connection_id": "c_judge",
            "base_url": self.base,
            "vendor": Vendor(self.house.options.vendor),
            "client_kind": ClientKind(kind),
            "client_id": names.get(kind, "housecall-asymmetric"),
            "client_secret": "sandbox-clinician-secret" if kind == "symmetric" else None,
            "signing_key": self.keys.get(variant),
            "system_client_id": "housecall-asymmetric" if variant in ASYMMETRIC else "housecall-system",
            "system_client_secret": None if variant in ASYMMETRIC else "sandbox-system-secret",
        }
        endpoint = EhrEndpoint(**(fields | changes))
        outward = Outward(NetworkRules.from_setting(("127.0.0.0/8",), ""))
        made = SmartFhirClient(endpoint, PROFILES[endpoint.vendor], outward, self.clock)
        self.clients.append(made)
        return made

    async def launch_code(self, persona: str = "provider") -> str:
        """What the EHR opens our launch address with."""
        wish = {"patient": DOROTHY, "persona": persona}
        answer = await self.web.post("/sandbox/launches", json=wish)
        return str(answer.raise_for_status().json()["launch"])

    async def sign_in(self, request: AuthorizationRequest) -> dict[str, str]:
        """What the EHR sends the browser back with; fails if it would not send it back to us."""
        answer = await self.web.get(request.url)
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].startswith(HOUSECALL)
        return _flat(urlsplit(answer.headers["location"]).query)

    async def finish(
        self, client: SmartFhirClient, request: AuthorizationRequest, code: str, *, persona: Persona
    ) -> LaunchContext:
        return await client.finish_launch(
            code=code,
            redirect_url=BACK if persona == "practitioner" else PATIENT_BACK,
            code_verifier=request.code_verifier,
            nonce=request.nonce,
            persona=persona,
        )

    async def launch(self, client: SmartFhirClient, *, persona: Persona = "practitioner") -> LaunchContext:
        """A whole launch, every step over HTTP."""
        code = await self.launch_code("provider" if persona == "practitioner" else "patient")
        back = BACK if persona == "practitioner" else PATIENT_BACK
        request = await client.begin_launch(launch=code, redirect_url=back, persona=persona)
        answer = await self.sign_in(request)
        assert answer.get("state") == request.state
        return await self.finish(client, request, answer["code"], persona=persona)

    async def read_something(self, client: SmartFhirClient, tokens: Tokens | None) -> str:
        """One FHIR request: the path that was asked."""
        await client.read_person(DOROTHY, tokens=tokens)  # type: ignore[arg-type]
        return self.fhir[-1].path


@cache
def signing_keys() -> dict[str, SigningKey]:
    """One key for each algorithm, made once: an RSA key of this length costs half a second."""
    return {ES384: make_signing_key("ES384"), RS384: make_signing_key("RS384")}


@asynccontextmanager
async def judge(
    clock: FakeClock, *, jwks: httpx.AsyncBaseTransport | None = None, vendor: str = "millennium"
) -> AsyncIterator[Judge]:
    """A running judge with a vendor's manners; ``jwks`` carries its requests to us, by default with the keys."""
    keys = signing_keys()
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    published = public_jwks(map(public_jwk, keys.values()))
    ours = jwks or httpx.MockTransport(lambda request: httpx.Response(200, json=published))
    options = SandboxOptions(own_url=origin, housecall_url=HOUSECALL, vendor=vendor)
    app = sandbox_app(options, clock=clock, outward=ours)
    recorder = Recorder(app)
    server = uvicorn.Server(uvicorn.Config(recorder, log_level="warning", lifespan="on"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(base_url=origin, trust_env=False) as web:
        made = Judge(origin, app.state.house, clock, recorder, web, keys)
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.001)
            yield made
        finally:
            for client in made.clients:
                await client.close()
            server.should_exit = True
            await running


def peek(assertion: str, part: int) -> dict[str, Any]:
    """An assertion's header (0) or claims (1), before anything is proven."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(assertion.split(".")[part] + "=="))
    return found
