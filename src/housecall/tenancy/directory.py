"""From a connection's row to a client that talks to its EHR."""

from dataclasses import replace

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import ClientKind, EhrClient, EhrEndpoint, Persona, SigningKey, Vendor
from housecall.ehr.registry import PROFILES, client_for
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy.spending import Budget, Spending
from housecall.tenancy.tables import Connection


class EhrDirectory:
    """Keeps one client a connection; a connection that was changed gets a new one."""

    def __init__(
        self, clock: Clock, sealer: Sealer, network: NetworkRules, spending: Spending | None = None
    ) -> None:
        """``spending`` keeps the connections' budgets; without it there are none."""
        self._clock = clock
        self._sealer = sealer
        self.network = network
        self._spending = spending
        self._clients: dict[str, tuple[EhrEndpoint, EhrClient]] = {}
        self._signing_key: SigningKey | None = None
        self._rs384_key: SigningKey | None = None

    def use_signing_key(self, key: SigningKey, *, rs384: SigningKey | None = None) -> None:
        """Sign assertions with this key from now on; with the other for EHRs that take RS384 only."""
        self._signing_key, self._rs384_key = key, rs384

    def _key_for(self, vendor: Vendor) -> SigningKey | None:
        takes_one_only = PROFILES[vendor].signs_with == "RS384"
        return (self._rs384_key if takes_one_only else None) or self._signing_key

    def client(self, connection: Connection) -> EhrClient:
        """The client of this connection as it stands now."""
        return self._kept(connection.id, self._endpoint(connection), connection)

    def client_of(self, connection: Connection, persona: Persona) -> EhrClient:
        """The client for launches of the persona: a patient portal may have a base and a client of its own."""
        if persona == "practitioner" or not (connection.patient_base_url or connection.patient_client_id):
            return self.client(connection)
        return self._kept(f"{connection.id}:patient", self._patient_endpoint(connection), connection)

    def _kept(self, name: str, endpoint: EhrEndpoint, connection: Connection) -> EhrClient:
        known = self._clients.get(name)
        if known is not None and known[0] == endpoint:
            return known[1]
        budget = Budget(OrgId(connection.org_id), connection.id, connection.requests_per_min)
        made = client_for(
            endpoint,
            clock=self._clock,
            network=self.network,
            allowance=self._spending.allowance(budget) if self._spending else None,
        )
        self._clients[name] = (endpoint, made)
        return made

    async def close(self) -> None:
        """Give back every client's connections."""
        clients, self._clients = self._clients, {}
        for _, client in clients.values():
            await client.close()

    def _endpoint(self, connection: Connection) -> EhrEndpoint:
        return EhrEndpoint(
            connection_id=connection.id,
            base_url=connection.base_url,
            vendor=Vendor(connection.vendor),
            client_kind=ClientKind(connection.client_kind),
            client_id=connection.client_id,
            client_secret=self._open(connection.client_secret_sealed, connection.id),
            system_client_id=connection.system_client_id,
            system_client_secret=self._open(connection.system_client_secret_sealed, connection.id),
            signing_key=self._key_for(Vendor(connection.vendor)),
            phone_region=connection.phone_region,
            virtual_rules=tuple(connection.virtual_rules),
            time_zone=connection.time_zone,
            writes_back=bool(connection.write_back),
            requests_per_min=connection.requests_per_min,
        )

    def _patient_endpoint(self, connection: Connection) -> EhrEndpoint:
        ours = self._endpoint(connection)
        there = replace(
            ours,
            base_url=connection.patient_base_url or ours.base_url,
            system_client_id=None,
            system_client_secret=None,
            writes_back=False,
        )
        if connection.patient_client_id is None:
            return there
        secret = self._open(connection.patient_client_secret_sealed, connection.id)
        # Without a secret it proves itself by our keys if the clinicians' client does, and not at all if not.
        without = ours.client_kind if ours.client_kind is ClientKind.asymmetric else ClientKind.public
        return replace(
            there,
            client_id=connection.patient_client_id,
            client_secret=secret,
            client_kind=ClientKind.symmetric if secret else without,
        )

    def _open(self, sealed: bytes | None, connection_id: str) -> str | None:
        return self._sealer.open(sealed, purpose=f"connection:{connection_id}") if sealed else None
