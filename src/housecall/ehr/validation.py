"""Looks at a FHIR address before anybody relies on it: what fits, what does not, and how to mend it."""

from email.utils import parsedate_to_datetime
from typing import Any, Final

from housecall.ehr.addresses import NetworkRules, parse_url
from housecall.ehr.base import ClientKind, SmartConfiguration, Vendor, Writing
from housecall.ehr.errors import AddressRefused, CertificateRefused, EhrUnavailable, FhirVersionRefused
from housecall.ehr.fields import record, records, text
from housecall.ehr.findings import LOOKED_AT, Findings, ValidationResult
from housecall.ehr.outward import Answer, Outward
from housecall.ehr.registry import PROFILES, profile_for
from housecall.ehr.smart_findings import SmartLook
from housecall.kit.clock import Clock
from housecall.kit.findings import Finding, Level

__all__ = ["LOOKED_AT", "Finding", "Level", "ValidationResult", "require_r4", "validate"]

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
_CLOCK_WARN_S: Final = 30.0
# Signed statements are believed for a minute beyond their end; more than that and sign-in fails.
_CLOCK_FAIL_S: Final = 60.0
_NTP: Final = "Set both clocks by a time service (NTP)."


async def validate(
    base_url: str,
    *,
    network: NetworkRules,
    clock: Clock,
    client_kind: ClientKind = ClientKind.symmetric,
    vendor: Vendor | None = None,
    release_confirmed: bool = False,
    outward: Outward | None = None,
) -> ValidationResult:
    """What can be known of the address without an account; never raises for what is found there.

    ``release_confirmed``: an administrator has said, on record, that the EHR's release is late enough.
    """
    base_url = base_url.strip().rstrip("/")
    own = outward or Outward(network)
    try:
        return await _Look(base_url, own, clock, client_kind, vendor, release_confirmed).result()
    finally:
        if outward is None:
            await own.close()


class _Look:
    def __init__(
        self,
        base_url: str,
        outward: Outward,
        clock: Clock,
        client_kind: ClientKind,
        vendor: Vendor | None,
        release_confirmed: bool,
    ) -> None:
        self._base_url = base_url
        self._outward = outward
        self._clock = clock
        self._vendor = vendor
        self._release_confirmed = release_confirmed
        self._version: str | None = None
        self._release: str | None = None
        self._findings = Findings()
        self._smart = SmartLook(self._findings, outward, client_kind)

    async def result(self) -> ValidationResult:
        configuration: SmartConfiguration | None = None
        answer = await self._reach()
        if answer is not None:
            self._clock_difference(answer)
            self._capability(answer)
            configuration = await self._smart.look(self._base_url, self._vendor)
        return ValidationResult(
            self._base_url,
            tuple(self._findings.made),
            self._vendor,
            self._version,
            configuration,
            self._release,
        )

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
            self._findings.fail(
                "address",
                refused.sentence,
                "Give the https address of the FHIR server as its vendor names it."
                " If it is inside your network, add that network to HOUSECALL_ALLOW_PRIVATE_ADDRESSES.",
            )
        except CertificateRefused as refused:
            self._findings.fail(
                "tls",
                refused.sentence,
                "Install a certificate of a known authority, or set HOUSECALL_CA_FILE.",
            )
        except EhrUnavailable as fault:
            self._findings.fail(
                "reach", fault.sentence, "Check the address and that this machine may reach it."
            )
        else:
            return self._reached(answer, url.scheme)
        return None

    def _reached(self, answer: Answer, scheme: str) -> Answer | None:
        self._findings.ok("reach", "The server answers.")
        if scheme == "https":
            self._findings.ok("tls", "The connection is encrypted and the certificate is trusted.")
        else:
            self._findings.warn(
                "tls", "The connection is not encrypted.", "Use https for everything but this machine."
            )
        if not 300 <= answer.status < 400:
            return answer
        # Never followed: where it leads is not an address that anybody has checked.
        self._findings.fail(
            "redirect",
            "The server sends us on to another address.",
            "Ask the vendor for the FHIR server's own address; redirects are not followed.",
        )
        return None

    def _clock_difference(self, answer: Answer) -> None:
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            self._findings.warn(
                "clock", "The server does not say what time it has.", "Check that both clocks are set."
            )
            return
        apart = abs((theirs - self._clock.now()).total_seconds()) if theirs.tzinfo else 0.0
        said = f"The server's clock and ours are {apart:.0f} seconds apart."
        if apart > _CLOCK_FAIL_S:
            self._findings.fail("clock", said, _NTP)
        elif apart > _CLOCK_WARN_S:
            self._findings.warn("clock", said, _NTP)
        else:
            self._findings.ok("clock", "The server's clock and ours agree.")

    def _capability(self, answer: Answer) -> None:
        statement = answer.json_object() if answer.status == 200 else None
        kind = (statement or {}).get("resourceType")
        if statement is None or kind not in ("CapabilityStatement", "Conformance"):
            self._findings.fail(
                "capability",
                "There is no FHIR capability statement at this address.",
                "The address must be the FHIR base, the one to which /metadata can be added.",
            )
            return
        self._findings.ok("capability", "The server says what it can do.")
        try:
            self._version = require_r4(statement)
        except FhirVersionRefused as refused:
            self._findings.fail("fhir_version", refused.sentence, "Use the vendor's address for FHIR R4.")
            self._whose(statement)
            return
        self._findings.ok("fhir_version", f"The server speaks FHIR R4 ({self._version}).")
        offered = _offered(statement)
        self._resources(offered)
        self._whose(statement)
        self._write_back(offered)
        self._its_release(statement)

    def _resources(self, offered: dict[str | None, set[Any]]) -> None:
        lacking = [
            f"{kind} {verb}"
            for kind, verbs in _NEEDED.items()
            for verb in verbs
            if verb not in offered.get(kind, set())
        ]
        if lacking:
            self._findings.fail(
                "resources",
                "The server does not offer: " + ", ".join(lacking) + ".",
                "Ask the vendor to enable these resources for this address.",
            )
        else:
            self._findings.ok("resources", "Appointments, patients and practitioners can be read.")

    def _whose(self, statement: dict[str, Any]) -> None:
        detected = profile_for(statement)
        if self._vendor is None or self._vendor == detected:
            self._vendor = detected
            self._findings.ok("vendor", f"The vendor profile is {detected}.")
        else:
            self._findings.warn(
                "vendor",
                f"The profile is set to {self._vendor}, but the server looks like {detected}.",
                "Choose the profile that fits, unless you know better.",
            )
        if not PROFILES[self._vendor].lists_appointments:
            self._findings.warn(
                "feed",
                "This vendor does not list a clinic's appointments over FHIR.",
                "Launches work; for texts connect its schedule interface as well (housecall siu).",
            )

    def _write_back(self, offered: dict[str | None, set[Any]]) -> None:
        if not PROFILES[self._vendor or Vendor.generic].writes & {Writing.links, Writing.status}:
            return
        if "patch" in offered.get("Appointment", set()):
            self._findings.ok("write_back", "Links and status can be written to appointments.")
        else:
            self._findings.warn(
                "write_back",
                "The server does not offer: Appointment patch.",
                "Leave writing back switched off, or ask the vendor to enable it.",
            )

    def _its_release(self, statement: dict[str, Any]) -> None:
        self._release = release_of(statement)
        if self._release is not None:
            self._findings.ok("release", f"The server says that its release is {self._release}.")
        elif self._release_confirmed:
            self._findings.ok("release", "An administrator has confirmed the release, on record.")
        else:
            self._findings.warn(
                "release",
                "The server does not publish its release; that it speaks R4 shows that it is late enough.",
                "Ask the vendor's representative, and confirm the release on this connection.",
            )


def release_of(statement: dict[str, Any]) -> str | None:
    """The release that a server publishes, as its software's version; None where there is none."""
    found = text(record(statement.get("software")).get("version"))
    return found[:80] if found else None


def _offered(statement: dict[str, Any]) -> dict[str | None, set[Any]]:
    """The interactions of each kind of record."""
    return {
        text(resource.get("type")): {
            text(interaction.get("code")) for interaction in records(resource.get("interaction"))
        }
        for rest in records(statement.get("rest"))
        for resource in records(rest.get("resource"))
    }


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
