"""Who the client is: nobody in particular, a secret in the Basic header, or a signed assertion."""

import base64
import binascii
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote_plus

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from housecall.sandbox.auth.clients import Client
from housecall.sandbox.errors import OauthRefused
from housecall.sandbox.house import House

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST: Final = timedelta(minutes=5)
# The clock of a well-kept client may run a little ahead of ours.
_LEEWAY: Final = timedelta(seconds=5)


def _refused(tail: str) -> OauthRefused:
    return OauthRefused("invalid_client", f"oauth2:token:{tail}", status=401)


async def authenticated_client(house: House, form: dict[str, str], authorization: str | None) -> Client:
    """The client that makes a token request; raises OauthRefused unless it proves who it is."""
    if "client_assertion" in form:
        return await _by_assertion(house, form)
    if authorization:
        return _by_secret(house, authorization)
    client = house.clients.clients.get(form.get("client_id", ""))
    if client is None or client.kind != "public" or "client_secret" in form:
        raise _refused("client-not-authenticated")
    return client


def _by_secret(house: House, authorization: str) -> Client:
    scheme, _, value = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _refused("invalid-authorization-header") from None
    client = house.clients.clients.get(unquote_plus(name))
    if scheme.lower() != "basic" or client is None or client.kind != "symmetric" or not client.secret:
        raise _refused("invalid-authorization-header")
    if not hmac.compare_digest(client.secret.encode(), unquote_plus(secret).encode()):
        raise _refused("invalid-client-credentials")
    return client


async def _by_assertion(house: House, form: dict[str, str]) -> Client:
    assertion = form["client_assertion"]
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise _refused("assertion-type")
    header, unproven = _peek(assertion)
    client = house.clients.clients.get(str(unproven.get("sub")))
    if (
        client is None
        or client.kind != "asymmetric"
        or form.get("client_id", client.client_id) != client.client_id
    ):
        raise _refused("assertion-client")
    if header.get("typ") != "JWT" or header.get("alg") not in house.manner.sign_on.algorithms:
        raise _refused("assertion-header")
    if header.get("jku", client.jwks_url) != client.jwks_url:
        raise _refused("assertion-jku")
    keys = await _fetch_keys(house, client)
    try:
        claims = jwt.decode(assertion, keys, algorithms=list(house.manner.sign_on.algorithms)).claims
    except (JoseError, ValueError):
        raise _refused("assertion-signature") from None
    _check_claims(house, client, claims)
    return client


def _check_claims(house: House, client: Client, claims: dict[str, Any]) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise _refused("assertion-client")
    if house.options.token_url not in audiences:
        raise _refused("assertion-audience")
    expires, jti = claims.get("exp"), claims.get("jti")
    if not isinstance(expires, int | float):
        raise _refused("assertion-expiry")
    until, now = datetime.fromtimestamp(expires, UTC), house.clock.now()
    if until <= now or until > now + _LONGEST + _LEEWAY:
        raise _refused("assertion-expiry")
    if not isinstance(jti, str) or not jti:
        raise _refused("assertion-jti")
    house.grants.spend_assertion(client.client_id, jti, until)


def _peek(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims before anything is proven."""
    try:
        parts = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in assertion.split(".")[:2]]
        header, claims = parts
    except ValueError:
        raise _refused("assertion-unreadable") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _refused("assertion-unreadable")
    return header, claims


async def _fetch_keys(house: House, client: Client) -> KeySet:
    try:
        answer = await house.outward.get(str(client.jwks_url), headers={"Accept": "application/json"})
        answer.raise_for_status()
        return KeySet.import_key_set(answer.json())
    except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError):
        raise _refused("jwks-unreadable") from None
