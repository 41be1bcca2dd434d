"""The make-believe tenant in a test: an app with a certificate, and what it asks of Graph."""

import base64
import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from housecall.meetings.teams.certificate import Certificate, make_certificate
from housecall.sandbox.teams.login import LOGIN
from housecall.sandbox.teams.tenant import CLIENT_ID, TENANT_ID, object_id
from tests.sandbox.hospital import NOW, Hospital

CLINICIAN = object_id("593101")
COLLEAGUE = object_id("593102")
# Made once: an RSA key costs a tenth of a second.
CERTIFICATE = make_certificate(NOW)
START, END = "2026-11-24T16:00:00+00:00", "2026-11-24T16:20:00+00:00"


@dataclass
class Tenant:
    """A hospital whose tenant knows our app."""

    hospital: Hospital
    certificate: Certificate
    token: str = ""

    @property
    def state(self) -> Any:
        return self.hospital.house.teams

    async def sign_in(self, **change: Any) -> httpx.Response:
        """The token endpoint's answer to the app."""
        key = RSAKey.import_key(self.certificate.private_pem.encode())
        now = int(time.time())
        claims: dict[str, Any] = {
            "aud": f"{LOGIN}/{TENANT_ID}/oauth2/v2.0/token",
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "jti": str(uuid.uuid4()),
            "exp": now + 300,
        } | change.pop("claims", {})
        header = {"alg": "PS256", "typ": "JWT", "x5t#S256": change.pop("x5t", thumb(self.certificate))}
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "scope": "https://graph.microsoft.com/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(header, claims, key, algorithms=["PS256"]),
        } | change
        return await self.hospital.web.post(f"/login/{TENANT_ID}/oauth2/v2.0/token", data=form)

    async def graph(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request to Graph as the app."""
        if not self.token:
            self.token = (await self.sign_in()).json()["access_token"]
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return await self.hospital.web.request(method, f"/graph{path}", headers=headers, **more)

    async def make(self, user: str = CLINICIAN, **change: Any) -> httpx.Response:
        """A meeting made or got."""
        body = {"externalId": "x-1", "startDateTime": START, "endDateTime": END, "subject": "Video visit"}
        wanted = {name: value for name, value in (body | change).items() if value is not None}
        return await self.graph("POST", f"/v1.0/users/{user}/onlineMeetings/createOrGet", json=wanted)


def thumb(certificate: Certificate) -> str:
    """The certificate's name in an assertion."""
    der = base64.b64decode(certificate.der_base64)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
