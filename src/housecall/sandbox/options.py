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
class SandboxOptions:
    """Where the sandbox is, where Housecall is, and how quickly its make-believe providers act."""

    own_url: str = "http://127.0.0.1:8001"
    housecall_url: str = "http://localhost:8000"
    gateway_secret: str = DEFAULT_GATEWAY_SECRET
    data_dir: Path | None = None
    mail_socket: Path | None = None
    receipt_after: timedelta = timedelta(seconds=1)
    retry_after: timedelta = timedelta(seconds=1)

    @property
    def fhir_base(self) -> str:
        """The FHIR base URL, without a slash at its end."""
        return f"{self.own_url}/fhir/r4/{TENANT}"

    @property
    def auth_base(self) -> str:
        """The tenant's corner of the authorization server; also its advertised issuer."""
        return f"{self.own_url}/auth/tenants/{TENANT}"

    @property
    def authorize_url(self) -> str:
        return f"{self.auth_base}/protocols/oauth2/profiles/smart-v1/personas/provider/authorize"

    @property
    def token_url(self) -> str:
        return f"{self.auth_base}/protocols/oauth2/profiles/smart-v1/token"
