"""Looks at a FHIR address before anybody relies on it: what fits, what does not, and how to mend it."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from housecall.ehr.addresses import NetworkRules, parse_url
from housecall.ehr.base import ClientKind, SmartConfiguration, Vendor
from housecall.ehr.discovery import configuration_url, parse_configuration
from housecall.ehr.errors import (
    AddressRefused,
    CertificateRefused,
    DiscoveryFailed,
    EhrUnavailable,
    FhirVersionRefused,
)
from housecall.ehr.fields import records, text
from housecall.ehr.outward import Answer, Outward
from housecall.ehr.registry import PROFILES, profile_for
from housecall.ehr.scopes import missing_scopes
from housecall.kit.clock import Clock

_NEEDED: Final = {
    "Appointment": ("read", "search-type"),
    "Patient": ("read",),
    "Practitioner": ("read",),
}
_VERSIONS: Final = {
    "0.": "a draft before DSTU2",
    "1.0": "DSTU2",
    "1.": "a draft of STU3",
    "3.0": "STU3",
    "3.": "a draft of R4",
    "4.1": "R4B",
    "4.3": "R4B",
    "4.": "a draft of R5",
    "5.": "R5",
    "6.": "R6",
}
_AUTH_METHODS: Final = {
    ClientKind.symmetric: "client_secret_basic",
    ClientKind.asymmetric: "private_key_jwt",
}
_CLOCK_WARN_S: Final = 30.0
# Signed statements are believed for a minute beyond their end; more than that and sign-in fails.
_CLOCK_FAIL_S: Final = 60.0


class Level(StrEnum):
    """How a finding stands."""

    ok = "ok"
    warn = "warn"
    fail = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: a stable code, how it stands, a sentence, and how to mend it."""

    code: str
    level: Level
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class ValidationResult:
    """All findings about one address."""

    base_url: str
    findings: tuple[Finding, ...]
    vendor: Vendor | None
    fhir_version: str | None
    configuration: SmartConfiguration | None

    @property
    def is_usable(self) -> bool:
        """Whether nothing failed."""
        return all(finding.level != Level.fail for finding in self.findings)


async def validate(
    base_url: str,
    *,
    network: NetworkRules,
    clock: Clock,
    client_kind: ClientKind = ClientKind.symmetric,
    vendor: Vendor | None = None,
    outward: Outward | None = None,
) -> ValidationResult:
    """What can be known of the address without an account; never raises for what is found there."""
    base_url = base_url.strip().rstrip("/")
    own = outward or Outward(network)
    try:
        return await _Look(base_url, own, clock, client_kind, vendor).result()
    finally:
        if outward is None:
            await own.close()


class _Look:
    def __init__(
        self, base_url: str, outward: Outward, clock: Clock, client_kind: ClientKind, vendor: Vendor | None
    ) -> None:
        self._base_url = base_url
        self._outward = outward
        self._clock = clock
        self._client_kind = client_kind
        self._vendor = vendor
        self._version: str | None = None
        self._configuration: SmartConfiguration | None = None
        self._findings: list[Finding] = []

    async def result(self) -> ValidationResult:
        answer = await self._reach()
        if answer is not None:
            self._clock_difference(answer)
            self._capability(answer)
            await self._smart()
        return ValidationResult(
            self._base_url, tuple(self._findings), self._vendor, self._version, self._configuration
        )

    def _ok(self, code: str, sentence: str) -> None:
        self._findings.append(Finding(code, Level.ok, sentence))

    def _warn(self, code: str, sentence: str, mend: str) -> None:
        self._findings.append(Finding(code, Level.warn, sentence, mend))

    def _fail(self, code: str, sentence: str, mend: str) -> None:
        self._findings.append(Finding(code, Level.fail, sentence, mend))

    async def _reach(self) -> Answer | None:
        try:
            url = parse_url(self._base_url)
            if url.query or url.fragment:
                raise AddressRefused("query", "A base address has no question mark and no hash sign.")
            answer = await self._outward.send(
                "GET",
                self._base_url + "/metadata",
                headers={"Accept": "application/fhir+json, application/json"},
            )
        except AddressRefused as refused:
            self._fail(
                "address",
                refused.sentence,
                "Give the https address of the FHIR server as its vendor names it."
                " If it is inside your network, add that network to HOUSECALL_ALLOW_PRIVATE_ADDRESSES.",
            )
        except CertificateRefused as refused:
            self._fail(
                "tls",
                refused.sentence,
                "Install a certificate of a known authority, or set HOUSECALL_CA_FILE.",
            )
        except EhrUnavailable as fault:
            self._fail("reach", fault.sentence, "Check the address and that this machine may reach it.")
        else:
            self._ok("reach", "The server answers.")
            self._transport(url.scheme)
            return answer
        return None

    def _transport(self, scheme: str) -> None:
        if scheme == "https":
            self._ok("tls", "The connection is encrypted and the certificate is trusted.")
        else:
            self._warn(
                "tls", "The connection is not encrypted.", "Use https for everything but this machine."
            )

    def _clock_difference(self, answer: Answer) -> None:
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            self._warn(
                "clock", "The server does not say what time it has.", "Check that both clocks are set."
            )
            return
        apart = abs((theirs - self._clock.now()).total_seconds()) if theirs.tzinfo else 0.0
        mend = "Set both clocks by a time service (NTP)."
        if apart > _CLOCK_FAIL_S:
            self._fail("clock", f"The server's clock and ours are {apart:.0f} seconds apart.", mend)
        elif apart > _CLOCK_WARN_S:
            self._warn("clock", f"The server's clock and ours are {apart:.0f} seconds apart.", mend)
        else:
            self._ok("clock", "The server's clock and ours agree.")

    def _capability(self, answer: Answer) -> None:
        statement = answer.json_object() if answer.status == 200 else None
        kind = (statement or {}).get("resourceType")
        if statement is None or kind not in ("CapabilityStatement", "Conformance"):
            self._fail(
                "capability",
                "There is no FHIR capability statement at this address.",
                "The address must be the FHIR base, the one to which /metadata can be added.",
            )
            return
        self._ok("capability", "The server says what it can do.")
        try:
            self._version = require_r4(statement)
        except FhirVersionRefused as refused:
            self._fail("fhir_version", refused.sentence, "Use the vendor's address for FHIR R4.")
        else:
            self._ok("fhir_version", f"The server speaks FHIR R4 ({self._version}).")
            self._resources(statement)
        self._whose(statement)

    def _resources(self, statement: dict[str, Any]) -> None:
        offered = {
            text(resource.get("type")): {
                interaction.get("code") for interaction in records(resource.get("interaction"))
            }
            for rest in records(statement.get("rest"))
            for resource in records(rest.get("resource"))
        }
        lacking = [
            f"{kind} {verb}"
            for kind, verbs in _NEEDED.items()
            for verb in verbs
            if verb not in offered.get(kind, set())
        ]
        if lacking:
            self._fail(
                "resources",
                "The server does not offer: " + ", ".join(lacking) + ".",
                "Ask the vendor to enable these resources for this address.",
            )
        else:
            self._ok("resources", "Appointments, patients and practitioners can be read.")

    def _whose(self, statement: dict[str, Any]) -> None:
        detected = profile_for(statement)
        if self._vendor is None or self._vendor == detected:
            self._vendor = detected
            self._ok("vendor", f"The vendor profile is {detected}.")
        else:
            self._warn(
                "vendor",
                f"The profile is set to {self._vendor}, but the server looks like {detected}.",
                "Choose the profile that fits, unless you know better.",
            )
        if not PROFILES[self._vendor].lists_appointments:
            self._warn(
                "feed",
                "This vendor does not list a clinic's appointments over FHIR.",
                "Launches work; reminders need another feed, which is not available yet.",
            )

    async def _smart(self) -> None:
        try:
            answer = await self._outward.send("GET", configuration_url(self._base_url))
            self._configuration = parse_configuration(answer)
        except (DiscoveryFailed, EhrUnavailable, AddressRefused) as fault:
            self._fail(
                "discovery",
                fault.sentence,
                "The server must publish .well-known/smart-configuration under its base address.",
            )
            return
        self._ok("discovery", "The SMART configuration can be read.")
        self._launch(self._configuration)
        self._pkce(self._configuration)
        self._proof(self._configuration)
        self._scopes(self._configuration)

    def _launch(self, found: SmartConfiguration) -> None:
        if found.authorization_endpoint is None or not found.issuer:
            self._fail(
                "launch",
                "The server does not offer launches with sign-in.",
                "Ask the vendor for SMART App Launch with OpenID Connect on this address.",
            )
        elif {"launch-ehr", "sso-openid-connect"} - found.capabilities:
            self._warn(
                "launch", "The server does not say that it launches apps from the chart.", "Try a launch."
            )
        else:
            self._ok("launch", "Apps can be launched from the chart, with sign-in.")

    def _pkce(self, found: SmartConfiguration) -> None:
        mend = "Ask the vendor to support PKCE with S256 only."
        if "S256" not in found.code_challenge_methods:
            self._fail("pkce", "The server does not support PKCE with S256.", mend)
        elif "plain" in found.code_challenge_methods:
            self._warn("pkce", "The server also accepts PKCE without a hash.", mend)
        else:
            self._ok("pkce", "Codes are protected by PKCE with S256.")

    def _proof(self, found: SmartConfiguration) -> None:
        wanted = _AUTH_METHODS.get(self._client_kind)
        if wanted and found.auth_methods and wanted not in found.auth_methods:
            self._fail(
                "auth_methods",
                f"The server does not accept {wanted}.",
                "Register the client with another kind: " + ", ".join(sorted(found.auth_methods)) + ".",
            )
        else:
            self._ok("auth_methods", "The server accepts this kind of client.")
        if found.grant_types and "client_credentials" not in found.grant_types:
            self._warn(
                "system_account",
                "The server does not say that it has system accounts.",
                "Without one there are launches, but no feed and no reminders.",
            )
        else:
            self._ok("system_account", "System accounts are possible.")

    def _scopes(self, found: SmartConfiguration) -> None:
        profile = PROFILES[self._vendor or Vendor.generic]
        asked = profile.clinician_scopes | profile.system_scopes
        if found.scopes and (lacking := missing_scopes(asked, found.scopes)):
            # The list need not be complete, so this is only a hint.
            self._warn(
                "scopes",
                "The server does not list: " + ", ".join(sorted(lacking)) + ".",
                "Check that the registered app is granted them.",
            )
        else:
            self._ok("scopes", "The permissions we ask for can be granted.")


def require_r4(statement: dict[str, Any]) -> str:
    """The statement's FHIR version; raises FhirVersionRefused naming the version for any but R4."""
    version = text(statement.get("fhirVersion")) or ""
    if statement.get("resourceType") == "Conformance" and not version:
        version = "1.0.2"
    if version.startswith("4.0"):
        return version
    name = next(
        (name for start, name in _VERSIONS.items() if version.startswith(start)), "an unknown version"
    )
    raise FhirVersionRefused(f"The server speaks FHIR {name}, not R4.")
