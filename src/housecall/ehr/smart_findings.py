"""What an EHR's SMART configuration says, held against what we need of it."""

from typing import Final

from housecall.ehr.base import ClientKind, SmartConfiguration, Vendor
from housecall.ehr.discovery import configuration_url, jwks_address, parse_configuration
from housecall.ehr.errors import AddressRefused, DiscoveryFailed, EhrUnavailable
from housecall.ehr.findings import Findings
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.ehr.scopes import missing_scopes

_AUTH_METHODS: Final = {
    ClientKind.symmetric: "client_secret_basic",
    ClientKind.asymmetric: "private_key_jwt",
}


class SmartLook:
    """Reads one EHR's SMART configuration and says what fits; raises nothing for what is found there."""

    def __init__(self, findings: Findings, outward: Outward, client_kind: ClientKind) -> None:
        self._findings = findings
        self._outward = outward
        self._client_kind = client_kind

    async def look(self, base_url: str, vendor: Vendor | None) -> SmartConfiguration | None:
        """The configuration, None if there is none to read; all that was found is among the findings."""
        try:
            answer = await self._outward.send("GET", configuration_url(base_url))
            found = parse_configuration(answer)
        except (DiscoveryFailed, EhrUnavailable, AddressRefused) as fault:
            self._findings.fail(
                "discovery",
                fault.sentence,
                "The server must publish .well-known/smart-configuration under its base address.",
            )
            return None
        self._findings.ok("discovery", "The SMART configuration can be read.")
        await self._endpoints(found)
        self._launch(found)
        self._pkce(found)
        self._proof(found)
        self._scopes(found, vendor)
        return found

    async def _endpoints(self, found: SmartConfiguration) -> None:
        """Both are asked later with secrets in hand, so it is said now if they may not be."""
        try:
            # No form and no secret: any answer shows that somebody is there.
            what = "token endpoint"
            await self._outward.send("GET", found.token_endpoint)
            what = "key set"
            if found.issuer and not await self._has_keys(found):
                raise DiscoveryFailed("There is no key set at the address that is named.")
        except (DiscoveryFailed, EhrUnavailable, AddressRefused) as fault:
            self._findings.fail(
                "endpoints",
                f"The server's {what} cannot be used. {fault.sentence}",
                "Ask the vendor which addresses the SMART configuration should name, and check that this machine"
                " may reach them.",
            )
        else:
            self._findings.ok("endpoints", "The token endpoint answers, and the keys can be read.")

    async def _has_keys(self, found: SmartConfiguration) -> bool:
        answer = await self._outward.send("GET", await jwks_address(found, self._outward))
        return isinstance((answer.json_object() or {}).get("keys"), list)

    def _launch(self, found: SmartConfiguration) -> None:
        if found.authorization_endpoint is None or not found.issuer:
            self._findings.fail(
                "launch",
                "The server does not offer launches with sign-in.",
                "Ask the vendor for SMART App Launch with OpenID Connect on this address.",
            )
        elif {"launch-ehr", "sso-openid-connect"} - found.capabilities:
            self._findings.warn(
                "launch", "The server does not say that it launches apps from the chart.", "Try a launch."
            )
        else:
            self._findings.ok("launch", "Apps can be launched from the chart, with sign-in.")

    def _pkce(self, found: SmartConfiguration) -> None:
        mend = "Ask the vendor to support PKCE with S256 only."
        if "S256" not in found.code_challenge_methods:
            self._findings.fail("pkce", "The server does not support PKCE with S256.", mend)
        elif "plain" in found.code_challenge_methods:
            self._findings.warn("pkce", "The server also accepts PKCE without a hash.", mend)
        else:
            self._findings.ok("pkce", "Codes are protected by PKCE with S256.")

    def _proof(self, found: SmartConfiguration) -> None:
        wanted = _AUTH_METHODS.get(self._client_kind)
        if wanted and found.auth_methods and wanted not in found.auth_methods:
            self._findings.fail(
                "auth_methods",
                f"The server does not accept {wanted}.",
                "Register the client with another kind: " + ", ".join(sorted(found.auth_methods)) + ".",
            )
        else:
            self._findings.ok("auth_methods", "The server accepts this kind of client.")
        if found.grant_types and "client_credentials" not in found.grant_types:
            self._findings.warn(
                "system_account",
                "The server does not say that it has system accounts.",
                "Without one there are launches, but no feed and no reminders.",
            )
        else:
            self._findings.ok("system_account", "System accounts are possible.")

    def _scopes(self, found: SmartConfiguration, vendor: Vendor | None) -> None:
        profile = PROFILES[vendor or Vendor.generic]
        asked = profile.clinician_scopes | profile.system_scopes
        if found.scopes and (lacking := missing_scopes(asked, found.scopes)):
            # The list need not be complete, so this is only a hint.
            self._findings.warn(
                "scopes",
                "The server does not list: " + ", ".join(sorted(lacking)) + ".",
                "Check that the registered app is granted them.",
            )
        else:
            self._findings.ok("scopes", "The permissions we ask for can be granted.")
