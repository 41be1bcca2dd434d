"""Whether an address is a test system's or a production one's, as far as its own words show."""

import re
from typing import Final, Literal

import httpx

EnvironmentWord = Literal["test", "production"]

# Hosts that their vendors document: Oracle Health's secure and open sandboxes, Epic's public one.
_TEST_HOSTS: Final = frozenset(
    {"fhir-ehr-code.cerner.com", "fhir-open.cerner.com", "fhir-myrecord-sc.cerner.com", "fhir.epic.com"}
)
_PRODUCTION_HOSTS: Final = frozenset({"fhir-ehr.cerner.com", "fhir-myrecord.cerner.com"})
# Oracle Health's public sandbox tenant, whatever the host.
_TEST_TENANTS: Final = frozenset({"ec2458f2-1e24-41c8-b71b-0e701af7583d"})
_TEST_WORDS: Final = frozenset(
    {"sandbox", "test", "tst", "nonprod", "np", "dev", "stage", "staging", "uat", "poc", "trn", "demo"}
)
_PRODUCTION_WORDS: Final = frozenset({"prod", "prd", "production"})
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


def environment_hint(base_url: str) -> EnvironmentWord | None:
    """What the address says it is for; None where it says nothing."""
    url = httpx.URL(base_url)
    parts = url.path.lower().split("/")
    if url.host in _TEST_HOSTS or _TEST_TENANTS.intersection(parts):
        return "test"
    if url.host in _PRODUCTION_HOSTS:
        return "production"
    # The last label is a registry's, not the hospital's: .dev is no test system.
    said = url.host.rpartition(".")[0] + " " + url.path.lower().replace("non-prod", "nonprod")
    words = set(_BETWEEN.split(said.replace("non-prod", "nonprod")))
    if words & _TEST_WORDS:
        return "test"
    return "production" if words & _PRODUCTION_WORDS else None
