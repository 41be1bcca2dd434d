"""The port: what Housecall asks of an EHR, and the values it gets back.

Secrets and whatever says who somebody is are kept out of ``repr``, so that no trace or log shows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, NewType, Protocol

# Opaque ids, meaningful only with their connection's base URL; without the "Appointment/" in front.
AppointmentRef = NewType("AppointmentRef", str)
PatientRef = NewType("PatientRef", str)
PractitionerRef = NewType("PractitionerRef", str)
LocationRef = NewType("LocationRef", str)
UserRef = NewType("UserRef", str)

Persona = Literal["practitioner", "patient"]


class Vendor(str):
    """Whose EHR it is, by the name of a profile: ``ehr/registry.py`` says which there are."""

    __slots__ = ()
    millennium: ClassVar["Vendor"]
    epic: ClassVar["Vendor"]
    generic: ClassVar["Vendor"]


Vendor.millennium, Vendor.epic, Vendor.generic = Vendor("millennium"), Vendor("epic"), Vendor("generic")


class ClientKind(StrEnum):
    """How our client proves itself to the EHR's authorization server."""

    public = "public"
    symmetric = "symmetric"
    asymmetric = "asymmetric"


class Writing(StrEnum):
    """What an EHR may take from us."""

    links = "links"
    status = "status"
    notes = "notes"
    presence = "presence"


@dataclass(frozen=True)
class SigningKey:
    """A private key for asymmetric client authentication."""

    private_jwk: str = field(repr=False)
    """The private key as JWK in JSON."""
    kid: str


@dataclass(frozen=True)
class EhrEndpoint:
    """All one needs to talk to one connection; tenancy builds it from the connection's row."""

    connection_id: str
    base_url: str
    vendor: Vendor
    client_kind: ClientKind
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    system_client_id: str | None = None
    system_client_secret: str | None = field(default=None, repr=False)
    signing_key: SigningKey | None = None
    phone_region: str = "US"
    virtual_rules: tuple[str, ...] = ()
    time_zone: str = "UTC"
    writes_back: bool = False
    """Whether the system account asks for leave to change appointments."""
    requests_per_min: int = 0
    """The connection's budget; kept by the allowance that is handed in, 0 = none."""


@dataclass(frozen=True)
class SmartConfiguration:
    """What the EHR says of its authorization server, from ``.well-known/smart-configuration``."""

    issuer: str | None
    authorization_endpoint: str | None
    token_endpoint: str
    jwks_uri: str | None
    capabilities: frozenset[str]
    code_challenge_methods: frozenset[str]
    auth_methods: frozenset[str]
    auth_algorithms: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset()
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None


@dataclass(frozen=True)
class AuthorizationRequest:
    """Where to send the browser, and what to keep until it comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """A person's access to the EHR; lives in memory or sealed, never in a log."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    scope: frozenset[str]
    user: UserRef | None = field(default=None, repr=False)
    """Who signed in, by the verified id_token; None where the EHR gave none (also after a refresh)."""


@dataclass(frozen=True)
class LaunchContext:
    """What a finished launch tells: who, about whom, with which access."""

    tokens: Tokens
    user: PractitionerRef
    """The EHR user's unique id, from ``fhirUser`` or ``user``; with persona patient, that person's id."""
    persona: Persona
    patient: PatientRef | None = field(repr=False)
    encounter: str | None
    appointments: tuple[AppointmentRef, ...]
    """From ``fhirContext``; usually empty: then find the patient's appointments."""
    need_patient_banner: bool
    smart_style_url: str | None
    missing_scopes: frozenset[str]
    """Access to records that was asked for and not granted."""
    tenant: str | None
    user_type: str = "Practitioner"
    """Practitioner, PractitionerRole, Patient, RelatedPerson or Person."""


class AppointmentStatus(StrEnum):
    """A FHIR appointment's status, with underscores; ``unknown`` where the EHR says something else."""

    proposed = "proposed"
    pending = "pending"
    booked = "booked"
    arrived = "arrived"
    checked_in = "checked_in"
    fulfilled = "fulfilled"
    cancelled = "cancelled"
    noshow = "noshow"
    waitlist = "waitlist"
    entered_in_error = "entered_in_error"
    unknown = "unknown"


@dataclass(frozen=True)
class Traits:
    """What rules for video visits can be held against (``ehr/virtual.py``)."""

    has_rooms: bool = False
    has_words: bool = False
    services: tuple[str, ...] = field(default=(), repr=False)
    """Its service types in the EHR's own words."""
    codes: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Appointment:
    """An appointment as far as we read it."""

    ref: AppointmentRef
    version: str
    """Opaque, e.g. ``2-1``; made from what was read where the EHR gives none."""
    status: AppointmentStatus
    start: datetime | None
    end: datetime | None
    patient: PatientRef | None = field(repr=False)
    practitioners: tuple[PractitionerRef, ...]
    locations: tuple[LocationRef, ...]
    is_virtual: bool
    service: str | None = field(repr=False)
    place: str | None = field(default=None, repr=False)
    """The location's name as the appointment shows it."""
    last_updated: datetime | None = None
    traits: Traits = Traits()


@dataclass(frozen=True)
class Person:
    """A patient as far as we read one; held for a request or a job, never stored."""

    ref: PatientRef = field(repr=False)
    display_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    is_deceased: bool
    is_active: bool
    replaced_by: PatientRef | None = field(repr=False)
    language: str | None
    """BCP 47, e.g. ``en`` or ``pt-BR``."""
    sms_number: str | None = field(repr=False)
    """In international form (E.164)."""
    sms_refusal: str | None
    """Why no text can be sent: no_mobile, opted_out, deceased, invalid_number or merged; None if one can."""
    email: str | None = field(repr=False)
    email_refusal: str | None
    """Why no e-mail can be sent: no_email, opted_out, deceased or merged; None if one can."""
    gender: str | None = field(default=None, repr=False)
    needs_interpreter: bool | None = None
    """None where the EHR does not say."""
    time_zone: str | None = field(default=None, repr=False)
    """By its IANA name, where the record says it or the home address leaves one only."""


@dataclass(frozen=True)
class Clinician:
    """A practitioner as far as we read one."""

    ref: PractitionerRef
    display_name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RecordFault:
    """A record, or a stretch of the schedule, that the EHR gave in a form nobody can read."""

    ref: AppointmentRef | None
    reason_code: str
    """no_id, no_start, not_an_appointment, refused_record or window_unreadable."""


@dataclass(frozen=True)
class FeedPage:
    """One whole reading of a window: all its pages together."""

    appointments: list[Appointment]
    faults: list[RecordFault]
    requests: int


@dataclass(frozen=True)
class RoomLinks:
    """The two ways into a visit's room as an appointment keeps them, and how long they are good."""

    clinician_url: str = field(repr=False)
    patient_url: str = field(repr=False)
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Note:
    """A text for the patient's chart; ``start`` and ``end`` are the visit's, and tell one note from another."""

    patient: PatientRef = field(repr=False)
    author: PractitionerRef
    encounter: str = field(repr=False)
    title: str
    text: str = field(repr=False)
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Presence:
    """Whether somebody is in a visit: the clinician of that id, or the patient where there is none."""

    user: PractitionerRef | None
    is_connected: bool


class EhrClient(Protocol):
    """One connection's EHR. Raises errors from ``housecall.ehr.errors``; ``tokens=None`` = system account."""

    @property
    def writes(self) -> frozenset[Writing]:
        """What this EHR takes from us; anything else raises WriteUnsupported."""
        ...

    async def discover(self) -> SmartConfiguration:
        """What the EHR says of its authorization server; kept for ten minutes."""
        ...

    async def begin_launch(
        self, *, launch: str | None, redirect_url: str, persona: Persona = "practitioner"
    ) -> AuthorizationRequest:
        """A fresh authorization request; without ``launch`` a standalone one."""
        ...

    async def finish_launch(
        self,
        *,
        code: str,
        redirect_url: str,
        code_verifier: str,
        nonce: str,
        persona: Persona = "practitioner",
    ) -> LaunchContext:
        """The code exchanged and the id_token verified; the caller has compared ``state`` before.

        Raises LaunchReplayed for a code used, unknown or too old; IdTokenInvalid; LaunchDenied.
        """
        ...

    async def refresh(self, tokens: Tokens, *, active_for: timedelta | None = None) -> Tokens:
        """Fresh tokens, at most one request a minute; repeats share its answer.

        ``active_for``: how long ago the person last did something, where the EHR wants to know.
        Raises EhrTokenExpired when the session is over or there is no refresh token.
        """
        ...

    async def read_appointment(self, ref: AppointmentRef, *, tokens: Tokens | None = None) -> Appointment:
        """The appointment now; raises AppointmentGone."""
        ...

    async def find_told(self, name: str) -> AppointmentRef | None:
        """The appointment that a schedule message calls so; None where the EHR shows none (yet).

        Where messages call appointments by their ids, nothing is asked.
        """
        ...

    async def read_appointments(self, refs: Sequence[AppointmentRef]) -> dict[AppointmentRef, Appointment]:
        """Those that exist and can be read, by the system account."""
        ...

    async def find_appointments_of_patient(
        self, patient: PatientRef, *, start: datetime, end: datetime, tokens: Tokens | None
    ) -> list[Appointment]:
        """The patient's appointments that start in the window [start, end), earliest first."""
        ...

    async def list_appointments(
        self,
        *,
        practitioners: Sequence[PractitionerRef] = (),
        locations: Sequence[LocationRef] = (),
        start: datetime,
        end: datetime,
    ) -> FeedPage:
        """All appointments starting in [start, end) of these practitioners and these locations.

        Raises EhrThrottled with the wait the EHR asked for; SearchUnbounded where one must be named.
        """
        ...

    async def read_person(self, patient: PatientRef, *, tokens: Tokens | None = None) -> Person:
        """The person now; raises PersonGone."""
        ...

    async def read_people(self, refs: Sequence[PatientRef]) -> dict[PatientRef, Person]:
        """Those that exist and can be read, by the system account; in batches where allowed."""
        ...

    async def read_clinician(self, ref: PractitionerRef, *, tokens: Tokens | None = None) -> Clinician:
        """The clinician now; raises ClinicianGone."""
        ...

    async def search_clinicians(self, name: str, *, tokens: Tokens | None) -> list[Clinician]:
        """Clinicians whose name begins with ``name``, at most 20; fewer than two letters find nobody."""
        ...

    async def search_places(self, name: str) -> dict[LocationRef, str]:
        """Names of locations that begin with ``name``, likewise, by the system account; raises EhrRefused."""
        ...

    async def write_links(self, ref: AppointmentRef, links: RoomLinks) -> None:
        """The appointment has these links, each in its role, written by the system account where they are not yet.

        Raises EhrConflict where another try may work; WriteRefused; AppointmentGone; WriteUnsupported.
        """
        ...

    async def write_status(self, ref: AppointmentRef, status: AppointmentStatus) -> None:
        """The appointment has come as far as ``status``, or further. Raises as ``write_links`` does."""
        ...

    async def write_presence(self, ref: AppointmentRef, presence: Presence) -> None:
        """The EHR's schedule shows who is in the appointment's video visit. Raises as ``write_links`` does."""
        ...

    async def file_note(self, note: Note, *, tokens: Tokens) -> None:
        """The note is in the chart, by whom the tokens are. Raises WriteRefused, ScopesMissing, WriteUnsupported.

        After an EhrUnavailable it may be there or not: ``has_note`` says.
        """
        ...

    async def has_note(self, note: Note, *, tokens: Tokens) -> bool:
        """Whether the chart holds this author's note on the same encounter and period."""
        ...

    async def close(self) -> None:
        """Give back what the client holds; it can be used no longer."""
        ...
