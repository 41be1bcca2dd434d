"""What one vendor's EHR does in its own way; the hospital behind it is the same for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.people import Location, Patient, Practitioner

if TYPE_CHECKING:
    from housecall.sandbox.auth.grants import Launch
    from housecall.sandbox.fhir.exchange import Call, Reply
    from housecall.sandbox.house import House
    from housecall.sandbox.world import World

Json = dict[str, object]
Rooms = Mapping[tuple[str, str, bool], "Callable[[Call], Reply]"]


def _same(resource_type: str, ref: str) -> str:
    return ref


@dataclass(frozen=True)
class Ids:
    """How ids look outside: ``outward`` makes them, ``inward`` reads them and answers "" for none of ours."""

    outward: Callable[[str, str], str] = _same
    inward: Callable[[str, str], str] = _same


@dataclass(frozen=True)
class Shapes:
    """How records look when read."""

    appointment: "Callable[[World, Appointment], Json]"
    patient: Callable[[Patient], Json]
    practitioner: Callable[[Practitioner], Json]
    location: Callable[[Location], Json]
    encounter: "Callable[[World, Appointment], Json]"


@dataclass(frozen=True)
class SignOn:
    """The authorization server's ways."""

    algorithms: tuple[str, ...]
    auth_methods: tuple[str, ...]
    capabilities: tuple[str, ...]
    token_lasts: timedelta
    grant: Callable[[str, str], tuple[str, ...]]
    """The scopes given for those asked by a persona: provider, patient or system."""
    supported: Callable[[], list[str]]
    context: "Callable[[House, Launch], Json]"
    """What stands in a token answer besides the tokens."""
    issuer: Callable[[SandboxOptions], str]
    """Who signs id tokens: not always the issuer that is advertised."""
    errors: "Callable[[House, str, str], Json]"
    """A refusal in OAuth's words, for a word and a urn."""
    says_expiry: bool = True
    renews_refresh: bool = False
    """Whether a refresh brings a new refresh token, and the old one is good no more."""
    watches_presence: bool = False
    """Whether a session ends for want of a sign of life."""
    system_by_key_only: bool = False


@dataclass(frozen=True)
class Manner:
    """One vendor's manners."""

    name: str
    title: str
    sign_on: SignOn
    shapes: Shapes
    rooms: Rooms
    """Which interactions there are; any other is refused."""
    statement: "Callable[[House], Json]"
    refusal: Callable[[FhirRefused], FhirRefused]
    """The refusal in the vendor's words."""
    dress: "Callable[[Call, Json], Json]"
    """The last touch to a page of a search."""
    has_batch: bool = False
    ids: Ids = field(default_factory=Ids)
    routes: tuple[BaseRoute, ...] = ()
    """Doors that only this vendor has."""
