"""What was found at an EHR's address: values, and the table of everything that is looked at."""

from dataclasses import dataclass
from typing import Final

from housecall.ehr.base import SmartConfiguration, Vendor
from housecall.kit.findings import Finding, Level

LOOKED_AT: Final = {
    "address": "the address itself: https, no user name, and not on a network that is closed to us",
    "reach": "whether the server answers",
    "redirect": "whether the server answers itself, and sends us nowhere else",
    "tls": "encryption, and whether the certificate is trusted",
    "clock": "how far the server's clock and ours are apart",
    "capability": "the FHIR capability statement",
    "fhir_version": "FHIR R4; any other version is refused by its name",
    "resources": "the records and interactions that are needed",
    "write_back": "whether appointments can be changed, for writing back",
    "vendor": "whose EHR it is",
    "release": "the vendor's release, where one is published; elsewhere an administrator confirms it",
    "feed": "whether a clinic's appointments can be listed over FHIR",
    "discovery": "the SMART configuration",
    "endpoints": "whether the addresses named there, of tokens and of keys, may be used and answer",
    "launch": "launches from the chart, with sign-in",
    "pkce": "PKCE with S256",
    "auth_methods": "whether this kind of client is accepted",
    "system_account": "whether there are system accounts, for the feed",
    "scopes": "the permissions that are asked for",
    "environment": "whether the address fits what the connection is for, test or production",
}
"""Every code a finding can have: it never changes its meaning."""


@dataclass(frozen=True)
class ValidationResult:
    """All findings about one address."""

    base_url: str
    findings: tuple[Finding, ...]
    vendor: Vendor | None
    fhir_version: str | None
    configuration: SmartConfiguration | None
    release: str | None = None
    """What the server says of its release; None where the vendor publishes none."""

    @property
    def is_usable(self) -> bool:
        """Whether nothing failed."""
        return all(finding.level != Level.fail for finding in self.findings)


class Findings:
    """Gathers findings in the order they are made."""

    def __init__(self) -> None:
        self.made: list[Finding] = []

    def ok(self, code: str, sentence: str) -> None:
        """This is as it should be."""
        self.made.append(Finding(code, Level.ok, sentence))

    def warn(self, code: str, sentence: str, mend: str) -> None:
        """This can be lived with."""
        self.made.append(Finding(code, Level.warn, sentence, mend))

    def fail(self, code: str, sentence: str, mend: str) -> None:
        """With this nothing works."""
        self.made.append(Finding(code, Level.fail, sentence, mend))
