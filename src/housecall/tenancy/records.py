"""What is registered with an EHR so that it can open Housecall: exact values, the same for portal and command."""

from dataclasses import dataclass
from typing import Final

from housecall.ehr.base import ClientKind, Persona, Vendor
from housecall.ehr.registry import PROFILES
from housecall.ehr.scopes import join_scopes
from housecall.tenancy.tables import Connection

REDIRECT_PATHS: Final[dict[Persona, str]] = {
    "practitioner": "/ehr/callback",
    "patient": "/ehr/patient/callback",
}
LAUNCH_PATHS: Final[dict[Persona, str]] = {
    "practitioner": "/ehr/launch",
    "patient": "/ehr/patient/launch",
}


@dataclass(frozen=True)
class LaunchRecord:
    """One app as the EHR's administrator registers it."""

    persona: Persona
    base_url: str
    launch_url: str
    redirect_url: str
    scopes: str
    jwks_url: str
    client_kind: ClientKind
    client_id: str


@dataclass(frozen=True)
class SystemRecord:
    """The account that reads the schedule when nobody is signed in."""

    scopes: str
    jwks_url: str
    client_id: str


def launch_record(connection: Connection, persona: Persona, public_url: str) -> LaunchRecord:
    """The record of the persona's launch."""
    is_own = persona == "patient" and bool(connection.patient_client_id)
    kind = ClientKind(connection.client_kind)
    if is_own and kind is not ClientKind.asymmetric:
        kind = ClientKind.symmetric if connection.patient_client_secret_sealed else ClientKind.public
    own_base = connection.patient_base_url if persona == "patient" else None
    return LaunchRecord(
        persona=persona,
        base_url=own_base or connection.base_url,
        launch_url=f"{public_url}{LAUNCH_PATHS[persona]}/{connection.id}",
        redirect_url=public_url + REDIRECT_PATHS[persona],
        scopes=join_scopes(PROFILES[Vendor(connection.vendor)].scopes_for(persona)),
        jwks_url=f"{public_url}/ehr/jwks.json",
        client_kind=kind,
        client_id=(connection.patient_client_id if is_own else connection.client_id) or "",
    )


def system_record(connection: Connection, public_url: str) -> SystemRecord:
    """The record of the system account."""
    profile = PROFILES[Vendor(connection.vendor)]
    return SystemRecord(
        scopes=join_scopes(profile.system_scopes_for(writes_back=bool(connection.write_back))),
        jwks_url=f"{public_url}/ehr/jwks.json",
        client_id=connection.system_client_id or "",
    )
