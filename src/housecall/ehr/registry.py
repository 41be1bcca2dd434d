"""Which client and which profile a connection gets."""

import re
from typing import Any, Final

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.allowance import Allowance
from housecall.ehr.base import EhrClient, EhrEndpoint, Vendor
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.epic import EPIC
from housecall.ehr.fields import record, text
from housecall.ehr.generic import GENERIC
from housecall.ehr.millennium import MILLENNIUM
from housecall.ehr.outward import Outward
from housecall.ehr.profile import VendorProfile
from housecall.kit.clock import Clock

# One line a vendor; the first that a statement gives away is taken, the last where none is.
PROFILES: Final[dict[Vendor, VendorProfile]] = {
    profile.vendor: profile
    for profile in (
        MILLENNIUM,
        EPIC,
        GENERIC,
    )
}


def client_for(
    endpoint: EhrEndpoint, *, clock: Clock, network: NetworkRules, allowance: Allowance | None = None
) -> EhrClient:
    """A client for the connection; keep it as long as the endpoint stays equal, and close it then."""
    return SmartFhirClient(endpoint, PROFILES[endpoint.vendor], Outward(network), clock, allowance)


def profile_for(capability_statement: dict[str, Any]) -> Vendor:
    """The vendor a CapabilityStatement speaks of; generic if it says nothing known."""
    software = record(capability_statement.get("software"))
    said = " ".join(
        found.casefold()
        for value in (
            capability_statement.get("publisher"),
            software.get("name"),
            record(capability_statement.get("implementation")).get("description"),
            record(capability_statement.get("implementation")).get("url"),
            capability_statement.get("url"),
        )
        if (found := text(value))
    )
    for profile in PROFILES.values():
        # Whole words: an epicentre is no Epic.
        if any(re.search(rf"\b{re.escape(word)}\b", said) for word in profile.known_by):
            return profile.vendor
    return GENERIC.vendor


class EhrClients:
    """One client per connection, so that tokens are shared; a new one when the endpoint changes."""

    def __init__(self, *, clock: Clock, network: NetworkRules) -> None:
        self._clock = clock
        self._network = network
        self._clients: dict[str, tuple[EhrEndpoint, EhrClient]] = {}
        self._retired: list[EhrClient] = []

    def get(self, endpoint: EhrEndpoint) -> EhrClient:
        """The connection's client."""
        known = self._clients.get(endpoint.connection_id)
        if known and known[0] == endpoint:
            return known[1]
        if known:
            # It may still be answering somebody, so it is closed with the others.
            self._retired.append(known[1])
        client = client_for(endpoint, clock=self._clock, network=self._network)
        self._clients[endpoint.connection_id] = (endpoint, client)
        return client

    async def close(self) -> None:
        """Close all of them."""
        for client in [*self._retired, *(client for _, client in self._clients.values())]:
            await client.close()
        self._retired.clear()
        self._clients.clear()
