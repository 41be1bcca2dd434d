"""Who signed in, by the EHR's signed statement.

Source: OpenID Connect Core §3.1.3.7; SMART App Launch 2.2 §Scopes for requesting identity data.
"""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from housecall.ehr.base import EhrEndpoint, SmartConfiguration
from housecall.ehr.discovery import Discovery, jwks_address
from housecall.ehr.errors import IdTokenInvalid
from housecall.ehr.outward import Outward, raise_if_busy
from housecall.ehr.profile import VendorProfile
from housecall.kit.clock import Clock

# Signatures by a shared secret, and none at all, are not among them.
_ALGORITHMS: Final = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
}
_LEEWAY: Final = timedelta(seconds=60)
_REFETCH_EVERY: Final = timedelta(minutes=1)
_KEYS_FRESH_FOR: Final = timedelta(hours=12)
_USERS: Final = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person")


@dataclass(frozen=True)
class SignedUser:
    """Who signed in: the FHIR type and id; both empty where the token names no FHIR user."""

    user_type: str
    user_id: str


class IssuerKeys:
    """The issuer's public keys by key id; an unknown id is looked up anew, once a minute at most."""

    def __init__(self, outward: Outward, discovery: Discovery, clock: Clock) -> None:
        self._outward = outward
        self._discovery = discovery
        self._clock = clock
        self._keys: list[dict[str, Any]] = []
        self._fetched_at: datetime | None = None
        self._refetched_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def find(self, kid: str | None, algorithm: str) -> dict[str, Any] | None:
        """The key that ``kid`` names, or without one the only key that fits the algorithm."""
        async with self._lock:
            now = self._clock.now()
            if self._fetched_at is None or now - self._fetched_at > _KEYS_FRESH_FOR:
                await self._fetch()
            elif self._pick(kid, algorithm) is None and self._may_refetch(now):
                # Issuers rotate their keys every other day.
                self._refetched_at = now
                await self._fetch()
            return self._pick(kid, algorithm)

    def _may_refetch(self, now: datetime) -> bool:
        return self._refetched_at is None or now - self._refetched_at >= _REFETCH_EVERY

    async def _fetch(self) -> None:
        where = await jwks_address(await self._discovery.configuration(), self._outward)
        answer = await self._outward.send("GET", where)
        raise_if_busy(answer, self._clock.now())
        keys = (answer.json_object() or {}).get("keys")
        self._keys = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
        self._fetched_at = self._clock.now()

    def _pick(self, kid: str | None, algorithm: str) -> dict[str, Any] | None:
        fitting = [key for key in self._keys if _fits(key, algorithm)]
        if kid is not None:
            return next((key for key in fitting if key.get("kid") == kid), None)
        return fitting[0] if len(fitting) == 1 else None


class IdTokenVerifier:
    """Verifies id_tokens of one connection: signature, issuer, audience, times, nonce."""

    def __init__(
        self,
        endpoint: EhrEndpoint,
        profile: VendorProfile,
        keys: IssuerKeys,
        discovery: Discovery,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._profile = profile
        self._keys = keys
        self._discovery = discovery
        self._clock = clock

    async def verify(self, token: str, *, nonce: str) -> SignedUser:
        """Who signed in; raises IdTokenInvalid naming the check that failed."""
        claims = await self._signed_claims(token)
        self._check_issuer(claims.get("iss"), await self._discovery.configuration())
        self._check_audience(claims)
        self._check_times(claims)
        # Some EHRs leave the nonce out; one that is there must be ours.
        if "nonce" in claims and claims["nonce"] != nonce:
            raise IdTokenInvalid("nonce")
        return self._user(claims.get("fhirUser") or claims.get("profile"))

    async def _signed_claims(self, token: str) -> dict[str, Any]:
        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or not any(algorithm in names for names in _ALGORITHMS.values()):
            raise IdTokenInvalid("algorithm")
        key = await self._keys.find(kid if isinstance(kid, str) else None, algorithm)
        if key is None:
            raise IdTokenInvalid("unknown_key")
        # Keys of some issuers say nothing of their use; one that says "enc" was left out before.
        bare = {name: value for name, value in key.items() if name not in ("alg", "use", "key_ops")}
        try:
            return dict(jwt.decode(token, jwk.import_key(bare), algorithms=[algorithm]).claims)
        except (JoseError, ValueError, TypeError):
            raise IdTokenInvalid("signature") from None

    def _check_issuer(self, issuer: object, configuration: SmartConfiguration) -> None:
        advertised = configuration.issuer
        if not isinstance(issuer, str) or not advertised:
            raise IdTokenInvalid("issuer")
        if issuer == advertised:
            return
        if not self._profile.may_sign_under_issuer or not is_below(issuer, advertised):
            raise IdTokenInvalid("issuer")

    def _check_audience(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self._endpoint.client_id not in audiences:
            raise IdTokenInvalid("audience")
        party = claims.get("azp")
        if (len(audiences) > 1 or party is not None) and party != self._endpoint.client_id:
            raise IdTokenInvalid("authorized_party")

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock.now().timestamp()
        leeway = _LEEWAY.total_seconds()
        expires, issued, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or now > expires + leeway:
            raise IdTokenInvalid("expired")
        if not isinstance(issued, int | float) or issued > now + leeway:
            raise IdTokenInvalid("issued_later")
        if not isinstance(begins, int | float) or begins > now + leeway:
            raise IdTokenInvalid("not_yet")

    def _user(self, fhir_user: object) -> SignedUser:
        if not isinstance(fhir_user, str) or not fhir_user:
            return SignedUser("", "")
        head, _, user_id = fhir_user.rstrip("/").rpartition("/")
        base, _, user_type = head.rpartition("/")
        if user_type not in _USERS or not user_id:
            raise IdTokenInvalid("fhir_user")
        if base and not self._is_our_base(base):
            raise IdTokenInvalid("fhir_user_elsewhere")
        return SignedUser(user_type, user_id)

    def _is_our_base(self, base: str) -> bool:
        ours = self._endpoint.base_url.rstrip("/")
        if base == ours:
            return True
        try:
            there, here = httpx.URL(base), httpx.URL(ours)
        except httpx.InvalidURL:
            return False
        same_path = there.path.rstrip("/") == here.path.rstrip("/")
        same_host = (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)
        return same_path and (same_host or self._profile.users_on_other_hosts)


def is_below(address: str, parent: str) -> bool:
    """Whether an https address has the parent's origin and a path below the parent's, without detours."""
    try:
        there, top = httpx.URL(address), httpx.URL(parent)
    except httpx.InvalidURL:
        return False
    if (there.scheme, there.netloc) != (top.scheme, top.netloc) or there.query or there.fragment:
        return False
    parts = there.path.split("/")
    return there.path.startswith(top.path.rstrip("/") + "/") and not {".", "..", "%2e", "%2E"} & set(parts)


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    kind = "RSA" if key.get("kty") == "RSA" else str(key.get("crv"))
    return algorithm in _ALGORITHMS.get(kind, ())


def _header(token: str) -> dict[str, Any]:
    first = token.split(".", 1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        raise IdTokenInvalid("not_a_token") from None
    if not isinstance(header, dict):
        raise IdTokenInvalid("not_a_token")
    return header
