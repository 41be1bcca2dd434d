"""What one vendor's EHR is like, as values: no code asks which vendor it is talking to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from housecall.ehr.base import EhrEndpoint, Persona, Presence, Vendor, Writing
from housecall.ehr.fields import Record
from housecall.ehr.scopes import CLINICIAN_SCOPES, PATIENT_SCOPES, SYSTEM_SCOPES, WRITE_BACK_SCOPES


@dataclass(frozen=True)
class OwnCall:
    """A request of a vendor's own, beside FHIR, made by the system account."""

    method: str
    url: str = field(repr=False)
    params: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class VendorProfile:
    """One vendor's habits."""

    vendor: Vendor
    title: str
    """What an administrator chooses it by."""
    known_by: tuple[str, ...] = ()
    """Words in a CapabilityStatement's publisher, software, description or address that give it away."""
    clinician_scopes: frozenset[str] = CLINICIAN_SCOPES
    patient_scopes: frozenset[str] = PATIENT_SCOPES
    system_scopes: frozenset[str] = SYSTEM_SCOPES
    write_back_scopes: frozenset[str] = WRITE_BACK_SCOPES
    """What the system account asks for besides, where a connection writes back."""
    writes: frozenset[Writing] = frozenset()
    """What the EHR takes from us."""
    lists_appointments: bool = True
    """Whether a clinic's appointments can be listed over FHIR at all."""
    needs_actor: bool = True
    """Whether a listing must name a practitioner or location."""
    actors_per_search: int = 20
    ids_per_search: int = 50
    """How many ids one ``_id`` search takes; 1 = read one by one."""
    batch_size: int = 0
    """How many reads one batch takes; 0 = batches are not allowed."""
    page_size: int = 100
    may_sign_under_issuer: bool = False
    """Whether id_tokens may name an issuer whose address lies below the advertised one."""
    takes_activity: bool = False
    """Whether a refresh may say how long ago the person was active (``active_at``)."""
    signs_with: Literal["RS384"] | None = None
    """The one kind of signature that it takes; None for both of the standard's."""
    told_by_identifier: bool = False
    """Whether schedule messages call an appointment by an identifier instead of by its id."""
    presence_call: Callable[[EhrEndpoint, Record, Presence], OwnCall] | None = None
    """How it is told who is in a visit, given the appointment as read; raises WriteRefused where it cannot be."""
    users_on_other_hosts: bool = False
    """Whether ``fhirUser`` may be on another host with the same path."""

    def scopes_for(self, persona: Persona) -> frozenset[str]:
        """The scopes a launch asks for."""
        return self.patient_scopes if persona == "patient" else self.clinician_scopes

    def system_scopes_for(self, *, writes_back: bool) -> frozenset[str]:
        """The scopes the system account asks for."""
        return self.system_scopes | self.write_back_scopes if writes_back else self.system_scopes
