"""A small OpenID Connect provider on a port of its own: as strict as the real ones, with a switch for each fault."""

import asyncio
import base64
import hashlib
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from housecall.kit.clock import Clock

CLIENT, SECRET = "housecall-at-lakeside", "a secret/with signs+in it"


@dataclass
class SmallProvider:
    """``metadata`` and ``claims`` are laid over what it would say; ``faults`` are the names of what goes wrong."""

    clock: Clock
    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    other_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def press(self, url: str) -> str:
        """Somebody signs in at the address they were sent to; the code that goes back."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(12)
        self.asked[code] = asked
        return code

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _configuration(self, request: Request) -> Response:
        if "down" in self.faults:
            return PlainTextResponse("away", 503)
        if "no-json" in self.faults:
            return PlainTextResponse("<html>Welcome</html>")
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.metadata
        return JSONResponse({name: value for name, value in said.items() if value is not None})

    async def _keys(self, request: Request) -> Response:
        if "no-keys" in self.faults:
            return PlainTextResponse("gone", 404)
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not self._is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.asked.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if "no-id-token" in self.faults:
            return JSONResponse({"access_token": "a", "token_type": "Bearer"})
        return JSONResponse(
            {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "sub": "person-1",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 600,
        } | self.claims
        key = self.other_key if "forged" in self.faults else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    async def _userinfo(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer an-access-token":
            return PlainTextResponse("who?", 401)
        return JSONResponse({"sub": "person-1"} | self.userinfo)

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)


@asynccontextmanager
async def provide(clock: Clock) -> AsyncIterator[SmallProvider]:
    """The provider on a free port, as long as the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    small = SmallProvider(clock, f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(small.app, log_config=None, lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        yield small
    finally:
        server.should_exit = True
        await running
