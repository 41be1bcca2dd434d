"""An organisation's OpenID Connect provider: what it says of itself, the way there, and who came back.

Requests go out through the same guard as those to an EHR: only https, no private network unless allowed, no
redirect followed. Authlib judges the id token's claims, joserfc its signature. Every fault is an error with a sentence
of its own; none holds a code, a token or anything of the person.

Source: OpenID Connect Core 1.0 §3.1 (code flow), Discovery 1.0, RP-Initiated Logout 1.0; RFC 7636 (PKCE).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError
from joserfc.jwk import KeySet

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.errors import AddressRefused, CertificateRefused, EhrUnavailable
from housecall.ehr.outward import Answer, Outward
from housecall.tenancy import errors

ALGORITHMS: Final = ["RS256", "ES256", "PS256", "RS384", "ES384", "RS512"]
# Clocks of two servers are seldom the same; a minute is what others allow as well.
_LEEWAY_S: Final = 60
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Provider:
    """An organisation's provider, and us as its client."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    redirect_url: str


@dataclass(frozen=True)
class Metadata:
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    posts_secret: bool


@dataclass(frozen=True)
class Identity:
    """Who came back: their subject, and every claim, for this moment only."""

    subject: str
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def has_groups_left_out(self) -> bool:
        """Whether Entra ID left the groups out because they are too many for a token."""
        names = self.claims.get("_claim_names")
        return isinstance(names, dict) and "groups" in names


class OpenId:
    """Talks to providers on a network; holds no connection between two questions."""

    def __init__(self, network: NetworkRules) -> None:
        self._network = network

    async def discover(self, issuer: str) -> Metadata:
        """What the provider says of itself, checked; raises a SignInError."""
        issuer = issuer.strip().rstrip("/")
        body = await self._get_object(issuer + _WELL_KNOWN)
        _check_issuer(issuer, str(body.get("issuer", "")))
        lacking = [
            name for name in ("authorization_endpoint", "token_endpoint", "jwks_uri") if not body.get(name)
        ]
        if lacking:
            raise errors.ProviderLacking(f"The provider does not say where its {_spoken(lacking[0])} is.")
        if "code" not in body.get("response_types_supported", ["code"]):
            raise errors.ProviderLacking("The provider does not offer the authorization code flow.")
        if not set(body.get("id_token_signing_alg_values_supported", ["RS256"])) & set(ALGORITHMS):
            raise errors.ProviderLacking("The provider signs in no way that we know: RS256 is the usual one.")
        methods = body.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            issuer=str(body["issuer"]),
            authorization_endpoint=str(body["authorization_endpoint"]),
            token_endpoint=str(body["token_endpoint"]),
            jwks_uri=str(body["jwks_uri"]),
            userinfo_endpoint=body.get("userinfo_endpoint"),
            end_session_endpoint=body.get("end_session_endpoint"),
            posts_secret="client_secret_basic" not in methods,
        )

    async def check_keys(self, known: Metadata) -> None:
        """The provider's keys can be read; raises ProviderLacking."""
        await self._keys(known)

    async def finish(
        self,
        provider: Provider,
        *,
        code: str,
        verifier: str,
        nonce: str,
        now: datetime,
        wanted: set[str] | None = None,
    ) -> Identity:
        """Who it is, by a verified id token; raises a SignInError.

        ``wanted``: claims for which the provider's userinfo is asked when the id token has none of them.
        """
        known = await self.discover(provider.issuer)
        answer = await self._exchange(provider, known, code, verifier)
        token, access = str(answer.get("id_token", "")), str(answer.get("access_token", ""))
        claims = await self._verify(provider, known, token, access, nonce=nonce, now=now)
        if wanted and known.userinfo_endpoint and access and not wanted & set(claims):
            claims = claims | await self._userinfo(known.userinfo_endpoint, access, str(claims["sub"]))
        return Identity(str(claims["sub"]), claims)

    async def _exchange(
        self, provider: Provider, known: Metadata, code: str, verifier: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": provider.redirect_url,
            "code_verifier": verifier,
        }
        headers = {}
        if known.posts_secret:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        else:
            headers["Authorization"] = _basic(provider.client_id, provider.client_secret)
        answer = await self._send("POST", known.token_endpoint, headers=headers, form=form)
        body = answer.json_object() or {}
        if answer.status == 200 and body.get("id_token"):
            return body
        if answer.status == 401 or body.get("error") in ("invalid_client", "unauthorized_client"):
            raise errors.ClientRefused
        if body.get("error") in ("invalid_grant", "invalid_request"):
            raise errors.CodeRefused
        if answer.status == 200:
            raise errors.ProviderLacking("The provider gave no id token: the scope must hold openid.")
        raise errors.ProviderSilent("Your organisation's sign-in service answered with a fault.")

    async def _verify(
        self, provider: Provider, known: Metadata, token: str, access: str, *, nonce: str, now: datetime
    ) -> dict[str, Any]:
        # Half the library comes with this import, and most processes sign nobody in: not at start-up.
        from authlib.oidc.core import CodeIDToken

        try:
            decoded = jwt.decode(token, await self._keys(known), algorithms=ALGORITHMS)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": known.issuer},
                    "aud": {"essential": True, "value": provider.client_id},
                },
                params={"nonce": nonce, "client_id": provider.client_id, "access_token": access},
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
        except ExpiredTokenError:
            raise errors.TokenInvalid(
                "The provider's statement about who signed in is out of date."
            ) from None
        except InvalidClaimError as fault:
            raise errors.TokenInvalid(
                f"The provider's statement about who signed in is not for us: its {fault.claim} is wrong."
            ) from None
        except (JoseError, ValueError):
            raise errors.TokenInvalid from None
        return dict(claims)

    async def _keys(self, known: Metadata) -> KeySet:
        try:
            return KeySet.import_key_set(await self._get_object(known.jwks_uri))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise errors.ProviderLacking("The provider's keys cannot be read.") from None
        except errors.ProviderNotFound:
            raise errors.ProviderLacking("There are no keys where the provider says they are.") from None

    async def _userinfo(self, address: str, access: str, subject: str) -> dict[str, Any]:
        body = await self._get_object(address, {"Authorization": f"Bearer {access}"})
        # Source: OpenID Connect Core 1.0 §5.3.2: an answer about anybody else must not be used.
        if body.get("sub") != subject:
            raise errors.TokenInvalid("The provider speaks of two different people.")
        return body

    async def _get_object(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = await self._send("GET", address, headers=headers)
        if answer.status >= 500:
            raise errors.ProviderSilent("Your organisation's sign-in service answered with a fault.")
        body = answer.json_object() if answer.status == 200 else None
        if body is None:
            raise errors.ProviderNotFound
        return body

    async def _send(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        outward = Outward(self._network)
        try:
            return await outward.send(method, address, headers=headers, form=form)
        except AddressRefused:
            raise errors.ProviderAddressRefused from None
        except CertificateRefused:
            raise errors.ProviderAddressRefused("The provider's certificate is not trusted.") from None
        except EhrUnavailable:
            raise errors.ProviderSilent from None
        finally:
            await outward.close()


def authorization_url(known: Metadata, provider: Provider, *, state: str, nonce: str, verifier: str) -> str:
    """Where the browser is sent to sign in."""
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_url,
        "scope": provider.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return _with_query(known.authorization_endpoint, query)


def end_session_url(known: Metadata, client_id: str, *, back_to: str) -> str | None:
    """Where the browser ends its session at the provider too; None where that is not offered.

    Without an ``id_token_hint``: it would have to be kept, and it holds the person's name.
    """
    if not known.end_session_endpoint:
        return None
    return _with_query(
        known.end_session_endpoint, {"client_id": client_id, "post_logout_redirect_uri": back_to}
    )


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def _check_issuer(asked: str, named: str) -> None:
    if "{tenantid}" in named:
        raise errors.ProviderIssuerOther(
            "This is Entra ID's address for everybody. Put your own tenant's id in the place of common."
        )
    if named.rstrip("/") != asked:
        raise errors.ProviderIssuerOther(f"The provider at this address calls itself {named[:200]}.")


def _spoken(name: str) -> str:
    return {"authorization_endpoint": "sign-in page", "token_endpoint": "token endpoint"}.get(name, "keys")


def _basic(client_id: str, secret: str) -> str:
    # Source: RFC 6749 §2.3.1: both are form-encoded before they are joined.
    joined = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(joined.encode()).decode()
