"""The sandbox in a test, and the short ways through it."""

import asyncio
import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from housecall.kit.clock import FakeClock
from housecall.sandbox import SandboxOptions
from housecall.sandbox.house import House

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
OPTIONS = SandboxOptions(receipt_after=timedelta(), retry_after=timedelta())
CALLBACK = f"{OPTIONS.housecall_url}/ehr/callback"
VERIFIER = "correct-horse-battery-staple-correct-horse-battery"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = "launch openid fhirUser online_access user/Appointment.read user/Appointment.write user/Patient.read"


@dataclass
class Hospital:
    """The sandbox, and the short ways a test takes through it."""

    web: httpx.AsyncClient
    house: House
    clock: FakeClock
    hooks: asyncio.Queue[httpx.Request]
    jwks: dict[str, object] = field(default_factory=lambda: {"keys": []})

    async def launch(self, **form: object) -> str:
        """A launch code from Dorothy's chart."""
        answer = await self.web.post("/sandbox/launches", json={"patient": "12880100"} | form)
        return answer.json()["launch"]

    async def authorize(self, **change: str | None) -> dict[str, str]:
        """What came back on the redirect."""
        wish: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "housecall-public",
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            "state": "a-state",
            "aud": OPTIONS.fhir_base,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "nonce": "a-nonce",
        }
        wish |= change
        if "launch" not in wish:
            wish["launch"] = await self.launch()
        sent = {name: value for name, value in wish.items() if value is not None}
        answer = await self.web.get(OPTIONS.authorize_url, params=sent)
        assert answer.status_code == 302, answer.text
        return {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }

    async def exchange(self, code: str, **change: str | None) -> httpx.Response:
        """The token endpoint's answer to a code."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_id": "housecall-public",
        }
        form |= change
        return await self.web.post(
            OPTIONS.token_url, data={name: value for name, value in form.items() if value}
        )

    async def tokens(self, **change: str | None) -> dict[str, object]:
        """A whole launch."""
        back = await self.authorize(**change)
        return (await self.exchange(back["code"])).json()

    async def system_token(self, scope: str = "system/Appointment.read system/Appointment.write") -> str:
        """An access token of the system account."""
        answer = await self.web.post(
            OPTIONS.token_url,
            data={"grant_type": "client_credentials", "scope": scope},
            auth=("housecall-system", "sandbox-system-secret"),
        )
        return answer.json()["access_token"]

    async def fhir(self, method: str, path: str, token: str, **more: object) -> httpx.Response:
        """One FHIR request."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
        headers |= more.pop("headers", {})  # type: ignore[arg-type]
        return await self.web.request(method, OPTIONS.fhir_base + path, headers=headers, **more)  # type: ignore[arg-type]

    async def book(self, **form: object) -> dict[str, str]:
        """A new appointment."""
        return (
            await self.web.post("/sandbox/appointments", json={"in_minutes": 10, "minutes": 20} | form)
        ).json()

    async def next_hook(self) -> httpx.Request:
        """The next call to Housecall."""
        return await asyncio.wait_for(self.hooks.get(), 5)


def attribute(page: str, mark: str, name: str) -> list[str]:
    """An attribute of every element with the mark, in the order of the page."""
    elements = re.findall(rf'<[^<>]*data-testid="{mark}"[^<>]*>', page)
    return [
        unescape(found[1]) for found in (re.search(rf' {name}="([^"]*)"', each) for each in elements) if found
    ]


def patch_body(*ops: tuple[str, str, object]) -> bytes:
    """A JSON Patch."""
    return json.dumps([{"op": op, "path": path, "value": value} for op, path, value in ops]).encode()
