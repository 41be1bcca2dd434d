"""Signing in by OpenID Connect: the organisation's provider says who it is and which role they have.

Source: OpenID Connect Core 1.0 §3.1 (authorization code flow) with PKCE (RFC 7636); roles come in the claim
``roles``, as Entra ID's application roles do.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import new_token
from housecall.kit.sealing import SealBroken, Sealer
from housecall.tenancy.model import Role

ALGORITHMS: Final = ["RS256", "ES256", "PS256"]
ATTEMPT_LIFE: Final = timedelta(minutes=10)
_PURPOSE: Final = "portal-sign-in"


class SignInFailed(HousecallError):
    """Signing in did not work. Try again from the portal's first page."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "web.sign_in_failed"


class ProviderSilent(HousecallError):
    """Your organisation's sign-in service does not answer."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "web.sign_in_provider_silent"


class RoleMissing(HousecallError):
    """Your account has no role in Housecall. Ask for the role administrator, reader or auditor."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "web.role_missing"


@dataclass(frozen=True)
class Provider:
    """An organisation's OpenID Connect provider, and us as its client."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str


@dataclass(frozen=True)
class Attempt:
    """One signing in under way; the browser keeps it sealed."""

    org_id: str
    state: str
    nonce: str
    verifier: str
    begun_at: float

    def sealed(self, sealer: Sealer) -> str:
        """As a cookie's value that only we can read."""
        return base64.urlsafe_b64encode(sealer.seal(json.dumps(self.__dict__), purpose=_PURPOSE)).decode()


def open_attempt(cookie: str, sealer: Sealer, now: datetime) -> Attempt:
    """The attempt in a cookie; raises SignInFailed when there is none, or it is too old."""
    try:
        attempt = Attempt(**json.loads(sealer.open(base64.urlsafe_b64decode(cookie), purpose=_PURPOSE)))
    except (SealBroken, ValueError, TypeError):
        raise SignInFailed from None
    if now.timestamp() - attempt.begun_at > ATTEMPT_LIFE.total_seconds():
        raise SignInFailed("Signing in took too long. Try again.")
    return attempt


async def begin(provider: Provider, org_id: str, now: datetime) -> tuple[Attempt, str]:
    """A fresh attempt, and the provider's address to send the browser to."""
    known = await _discover(provider.issuer)
    attempt = Attempt(org_id, new_token(), new_token(), secrets.token_urlsafe(48), now.timestamp())
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_url,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return attempt, f"{known['authorization_endpoint']}?{urlencode(query)}"


async def finish(provider: Provider, attempt: Attempt, *, code: str, state: str) -> tuple[str, Role]:
    """Who it is (subject) and their role, by a verified id_token; raises SignInFailed or RoleMissing."""
    if not secrets.compare_digest(state, attempt.state):
        raise SignInFailed
    known = await _discover(provider.issuer)
    token = await _exchange(provider, known["token_endpoint"], code, attempt.verifier)
    claims = await _verify(provider, known, token, attempt.nonce)
    return str(claims["sub"]), _role(claims)


async def _discover(issuer: str) -> dict[str, Any]:
    known: dict[str, Any] = await _get_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if known.get("issuer", "").rstrip("/") != issuer.rstrip("/"):
        raise SignInFailed
    return known


async def _get_json(url: str) -> Any:
    try:
        async with httpx.AsyncClient(timeout=10.0) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            return answer.json()
    except (httpx.HTTPError, ValueError):
        raise ProviderSilent from None


async def _exchange(provider: Provider, endpoint: str, code: str, verifier: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_url,
        "code_verifier": verifier,
    }
    try:
        async with httpx.AsyncClient(timeout=10.0) as client:
            answer = await client.post(endpoint, data=form, auth=(provider.client_id, provider.client_secret))
    except httpx.HTTPError:
        raise ProviderSilent from None
    try:
        return str(answer.json()["id_token"])
    except (ValueError, KeyError, TypeError):
        raise SignInFailed from None


async def _verify(provider: Provider, known: dict[str, Any], token: str, nonce: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(await _get_json(known["jwks_uri"]))
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": known["issuer"]},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
        leeway=60,
    )
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        rules.validate(claims)
    except (JoseError, ValueError):
        raise SignInFailed from None
    return claims


def _role(claims: dict[str, Any]) -> Role:
    """The strongest of the roles that the provider names."""
    named = {str(role).lower() for role in claims.get("roles") or []}
    for role in Role:
        if role.value in named:
            return role
    raise RoleMissing
