"""An EHR that lets everybody in at once: a launch, a token with a signed id_token, one video visit each.

Run as a program it prints its origin and serves ``/fhir`` until it is killed. ``GET /authorize`` sends the browser
straight back, as an EHR does where somebody is signed in already. Each answer says in ``x-took-ms`` how long it took.
"""

import asyncio
import base64
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.plain_http import Answer, PlainServer, serve_for_ever
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT: Final = "bench"
USER: Final = "d_1"


class QuickEhr(PlainServer):
    """Launch ``l_<n>`` is about patient ``p_<n>``, whose video visit ``a_<n>`` begins in ten minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._key = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self._origin = ""
        self._asked: dict[str, dict[str, str]] = {}

    async def start(self) -> str:
        self._origin = await super().start()
        return self._origin

    async def answer(self, method: str, target: str, body: bytes) -> Answer | None:
        begun = time.perf_counter()
        status, content, headers = self._answer(method, urlsplit(target), body.decode())
        took_ms = (time.perf_counter() - begun) * 1000
        return status, content, headers | {"x-took-ms": f"{took_ms:.3f}"}

    def _answer(self, method: str, where: Any, body: str) -> Answer:
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        match method, where.path.removeprefix("/fhir").strip("/").split("/"):
            case "GET", [".well-known", "smart-configuration"]:
                return 200, self._configuration(), {}
            case "GET", ["jwks"]:
                return 200, {"keys": [self._key.as_dict(private=False)]}, {}
            case "GET", ["authorize"]:
                return 303, {}, {"Location": self._back(query)}
            case "POST", ["token"]:
                return 200, self._token(parse_qs(body)["code"][0]), {}
            case "GET", ["Appointment"]:
                return 200, _bundle(_appointment(query["patient"].removeprefix("p_"))), {}
            case "GET", ["Appointment", ref]:
                return 200, _appointment(ref.removeprefix("a_")), {}
            case "GET", ["Patient", ref]:
                return 200, _person("Patient", ref), {}
            case "GET", ["Practitioner", ref]:
                return 200, _person("Practitioner", ref), {}
        return 404, {}, {}

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self._origin,
            "authorization_endpoint": f"{self._origin}/authorize",
            "token_endpoint": f"{self._origin}/token",
            "jwks_uri": f"{self._origin}/jwks",
            "capabilities": ["launch-ehr", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _back(self, query: dict[str, str]) -> str:
        code = base64.urlsafe_b64encode(str(len(self._asked)).encode()).decode()
        self._asked[code] = query
        return query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"]})

    def _token(self, code: str) -> dict[str, Any]:
        asked = self._asked[code]
        now = int(time.time())
        claims = {"iss": self._origin, "aud": CLIENT, "sub": USER, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "fhirUser": f"{self._origin}/fhir/Practitioner/{USER}"}
        return {
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": 570,
            "scope": asked["scope"],
            "patient": "p_" + asked["launch"].removeprefix("l_"),
            "id_token": jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self._key),
        }


def _bundle(record: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": record}]}


def _appointment(number: str) -> dict[str, Any]:
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=10)
    who = (f"Patient/p_{number}", f"Practitioner/{USER}", "Location/l_1")
    return {
        "resourceType": "Appointment",
        "id": f"a_{number}",
        "meta": {"versionId": "1"},
        "status": "booked",
        "serviceType": [{"text": "Video visit"}],
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=20)).isoformat(),
        "participant": [{"actor": {"reference": ref}} for ref in who],
    }


def _person(kind: str, ref: str) -> dict[str, Any]:
    name = [{"use": "official", "family": "Bench", "given": [ref]}]
    return {"resourceType": kind, "id": ref, "name": name, "birthDate": "1950-01-01"}


if __name__ == "__main__":
    asyncio.run(serve_for_ever(QuickEhr()))
