"""What an EHR says of its authorization server, read and checked.

Source: SMART App Launch 2.2 §Conformance, ``.well-known/smart-configuration``.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from housecall.ehr.addresses import parse_url
from housecall.ehr.base import SmartConfiguration
from housecall.ehr.errors import AddressRefused, DiscoveryFailed
from housecall.ehr.outward import Answer, Outward, raise_if_busy
from housecall.kit.clock import Clock

FRESH_FOR: Final = timedelta(minutes=10)


def configuration_url(base_url: str) -> str:
    """Where the SMART configuration of a FHIR base is."""
    return base_url.rstrip("/") + "/.well-known/smart-configuration"


class Discovery:
    """Reads one EHR's SMART configuration and keeps it for ten minutes; several askers share one request."""

    def __init__(self, base_url: str, outward: Outward, clock: Clock) -> None:
        self._url = configuration_url(base_url)
        self._outward = outward
        self._clock = clock
        self._known: tuple[datetime, SmartConfiguration] | None = None
        self._lock = asyncio.Lock()

    async def configuration(self) -> SmartConfiguration:
        """The configuration; raises DiscoveryFailed, EhrThrottled, EhrUnavailable or AddressRefused."""
        async with self._lock:
            if self._known and self._clock.now() - self._known[0] < FRESH_FOR:
                return self._known[1]
            answer = await self._outward.send("GET", self._url, headers={"Accept": "application/json"})
            raise_if_busy(answer, self._clock.now())
            found = parse_configuration(answer)
            self._known = (self._clock.now(), found)
            return found


def parse_configuration(answer: Answer) -> SmartConfiguration:
    """The configuration in an answer; raises DiscoveryFailed for any other answer."""
    if answer.status != 200:
        raise DiscoveryFailed("The EHR has no SMART configuration at this address.")
    body = answer.json_object()
    if body is None:
        raise DiscoveryFailed("The EHR's SMART configuration is not JSON.")
    token_endpoint = _address(body, "token_endpoint")
    if token_endpoint is None:
        raise DiscoveryFailed("The EHR's SMART configuration names no token endpoint.")
    issuer = body.get("issuer")
    return SmartConfiguration(
        issuer=issuer if isinstance(issuer, str) and issuer else None,
        authorization_endpoint=_address(body, "authorization_endpoint"),
        token_endpoint=token_endpoint,
        jwks_uri=_address(body, "jwks_uri"),
        capabilities=_words(body, "capabilities"),
        code_challenge_methods=_words(body, "code_challenge_methods_supported"),
        auth_methods=_words(body, "token_endpoint_auth_methods_supported"),
        auth_algorithms=_words(body, "token_endpoint_auth_signing_alg_values_supported"),
        scopes=_words(body, "scopes_supported"),
        grant_types=_words(body, "grant_types_supported"),
        revocation_endpoint=_address(body, "revocation_endpoint"),
        introspection_endpoint=_address(body, "introspection_endpoint"),
    )


async def jwks_address(configuration: SmartConfiguration, outward: Outward) -> str:
    """Where the issuer's keys are: named at once, or in its OpenID configuration; raises DiscoveryFailed."""
    if configuration.jwks_uri:
        return configuration.jwks_uri
    if not configuration.issuer:
        raise DiscoveryFailed("The EHR names neither an issuer nor its keys.")
    url = configuration.issuer.rstrip("/") + "/.well-known/openid-configuration"
    body = (await outward.send("GET", url)).json_object() or {}
    found = _address(body, "jwks_uri")
    if body.get("issuer") != configuration.issuer or not found:
        raise DiscoveryFailed("The issuer's OpenID configuration does not fit.")
    return found


def _address(body: dict[str, Any], name: str) -> str | None:
    """An absolute address, or None if there is none; one that is no address at all is a fault."""
    value = body.get(name)
    if not value:
        return None
    try:
        return str(value) if parse_url(str(value)) else None
    except AddressRefused:
        raise DiscoveryFailed(f"The EHR's SMART configuration holds no usable {name}.") from None


def _words(body: dict[str, Any], name: str) -> frozenset[str]:
    value = body.get(name)
    return (
        frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()
    )
