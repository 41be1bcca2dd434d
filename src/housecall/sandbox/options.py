"""What the sandbox is told at its start."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

TENANT: Final = "sandbox"
CLINIC_ZONE: Final = ZoneInfo("America/Chicago")
CLINIC_NAME: Final = "Prairie View Clinic"
DEFAULT_GATEWAY_SECRET: Final = "sandbox-gateway-secret"  # noqa: S105 - opens nothing but the make-believe


@dataclass(frozen=True)
class Addresses:
    """Where a vendor has its doors, below the sandbox's own address; each vendor has others."""

    fhir: str
    auth: str
    authorize: str
    token: str
    jwks: str


ADDRESSES: Final = {
    "millennium": Addresses(
        fhir=f"/fhir/r4/{TENANT}",
        auth=f"/auth/tenants/{TENANT}",
        authorize=f"/auth/tenants/{TENANT}/protocols/oauth2/profiles/smart-v1/personas/provider/authorize",
        token=f"/auth/tenants/{TENANT}/protocols/oauth2/profiles/smart-v1/token",
        jwks="/auth/jwk",
    ),
    "epic": Addresses(
        fhir="/interconnect-sandbox/api/FHIR/R4",
        auth="/interconnect-sandbox/oauth2",
        authorize="/interconnect-sandbox/oauth2/authorize",
        token="/interconnect-sandbox/oauth2/token",  # noqa: S106 - an address
        jwks="/interconnect-sandbox/api/epic/2019/Security/Open/PublicKeys/sandbox/OIDC",
    ),
    "generic": Addresses(
        fhir="/r4",
        auth="/oauth",
        authorize="/oauth/authorize",
        token="/oauth/token",  # noqa: S106 - an address
        jwks="/oauth/jwks.json",
    ),
}


@dataclass(frozen=True)
class SandboxOptions:
    """Where the sandbox is, where Housecall is, and how quickly its make-believe providers act.

    ``vendor``: whose manners it has. ``siu_port``: where schedule messages are sent, on this machine.
    """

    own_url: str = "http://127.0.0.1:8001"
    housecall_url: str = "http://localhost:8000"
    gateway_secret: str = DEFAULT_GATEWAY_SECRET
    data_dir: Path | None = None
    mail_socket: Path | None = None
    receipt_after: timedelta = timedelta(seconds=1)
    retry_after: timedelta = timedelta(seconds=1)
    vendor: str = "millennium"
    siu_port: int | None = None

    @property
    def addresses(self) -> Addresses:
        """Where the vendor has its doors."""
        return ADDRESSES[self.vendor]

    @property
    def fhir_base(self) -> str:
        """The FHIR base URL, without a slash at its end."""
        return self.own_url + self.addresses.fhir

    @property
    def auth_base(self) -> str:
        """The authorization server; also its advertised issuer."""
        return self.own_url + self.addresses.auth

    @property
    def authorize_url(self) -> str:
        return self.own_url + self.addresses.authorize

    @property
    def token_url(self) -> str:
        return self.own_url + self.addresses.token
