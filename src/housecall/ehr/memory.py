"""An EHR in memory: the port's twin for tests and for trying things out, with the same promises."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from housecall.ehr.base import (
    Appointment,
    AppointmentRef,
    AppointmentStatus,
    AuthorizationRequest,
    Clinician,
    FeedPage,
    LaunchContext,
    LocationRef,
    Note,
    PatientRef,
    Person,
    Persona,
    PractitionerRef,
    Presence,
    RecordFault,
    RoomLinks,
    SmartConfiguration,
    Tokens,
    UserRef,
    Writing,
)
from housecall.ehr.errors import (
    AppointmentGone,
    ClinicianGone,
    EhrConflict,
    EhrError,
    EhrTokenExpired,
    IdTokenInvalid,
    LaunchDenied,
    LaunchReplayed,
    PersonGone,
    ScopesMissing,
    WriteRefused,
    WriteUnsupported,
)
from housecall.ehr.feed import start_order
from housecall.ehr.scopes import CLINICIAN_SCOPES, NOTE_SCOPES, PATIENT_SCOPES, missing_scopes
from housecall.ehr.smart import challenge_of
from housecall.ehr.writing import check_links, needs_move
from housecall.kit.clock import Clock

TOKEN_LIFE: Final = timedelta(seconds=570)
_ADDRESS: Final = "https://ehr.invalid"


@dataclass(frozen=True)
class _Approval:
    redirect_url: str
    challenge: str
    nonce: str
    persona: Persona
    user: str
    patient: PatientRef | None
    appointments: tuple[AppointmentRef, ...]
    granted: frozenset[str]
    encounter: str | None


class MemoryEhr:
    """Holds appointments, people and clinicians, and lets launches through that ``approve`` has let through.

    ``fault``, if set, is raised by every call to the EHR: a way to try what happens when it is down.
    ``conflicts``: that many writes to appointments find another version. ``loses_answers``: notes are filed, and
    nobody hears of it.
    """

    writes: frozenset[Writing] = frozenset(Writing)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._appointments: dict[AppointmentRef, Appointment] = {}
        self._people: dict[PatientRef, Person] = {}
        self._clinicians: dict[PractitionerRef, Clinician] = {}
        self.places: dict[LocationRef, str] = {}
        self._asked: dict[str, tuple[str, str, str, Persona]] = {}
        self._approvals: dict[str, _Approval] = {}
        self._sessions: dict[str, str] = {}
        self._refreshed: dict[str, tuple[datetime, Tokens]] = {}
        self.faults: list[RecordFault] = []
        self.fault: EhrError | Callable[[], EhrError] | None = None
        self.requests = 0
        self.conflicts = 0
        self.loses_answers: EhrError | None = None
        self.links: dict[AppointmentRef, RoomLinks] = {}
        self.notes: list[Note] = []
        self.writings = 0
        self.presences: list[tuple[AppointmentRef, Presence]] = []
        self._encounters: dict[str, PatientRef | None] = {}
        self._users: dict[str, str] = {}

    def put_appointment(self, appointment: Appointment) -> None:
        """The appointment is booked, or changed, as given."""
        self._appointments[appointment.ref] = appointment

    def drop_appointment(self, ref: AppointmentRef) -> None:
        """The appointment is gone."""
        self._appointments.pop(ref, None)

    def put_person(self, person: Person) -> None:
        """The person is on record as given."""
        self._people[person.ref] = person

    def put_clinician(self, clinician: Clinician) -> None:
        """The clinician is on record as given."""
        self._clinicians[clinician.ref] = clinician

    def approve(
        self,
        request: AuthorizationRequest,
        *,
        user: str,
        patient: PatientRef | None = None,
        appointments: tuple[AppointmentRef, ...] = (),
        granted: frozenset[str] | None = None,
        encounter: str | None = None,
    ) -> str:
        """The person has signed in: the code that the browser would bring back, good for one exchange."""
        redirect_url, challenge, nonce, persona = self._asked[request.state]
        code = secrets.token_urlsafe(24)
        self._approvals[code] = _Approval(
            redirect_url,
            challenge,
            nonce,
            persona,
            user,
            patient,
            appointments,
            _asked_scopes(persona) if granted is None else granted,
            encounter,
        )
        if encounter is not None:
            self._encounters[encounter] = patient
        return code

    def end_sessions(self) -> None:
        """Everybody has signed out: no refresh works any more."""
        self._sessions.clear()

    async def discover(self) -> SmartConfiguration:
        self._reach()
        return SmartConfiguration(
            issuer=_ADDRESS,
            authorization_endpoint=_ADDRESS + "/authorize",
            token_endpoint=_ADDRESS + "/token",
            jwks_uri=_ADDRESS + "/jwks",
            capabilities=frozenset({"launch-ehr", "sso-openid-connect"}),
            code_challenge_methods=frozenset({"S256"}),
            auth_methods=frozenset({"client_secret_basic", "private_key_jwt"}),
        )

    async def begin_launch(
        self, *, launch: str | None, redirect_url: str, persona: Persona = "practitioner"
    ) -> AuthorizationRequest:
        self._reach()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._asked[state] = (redirect_url, challenge_of(verifier), nonce, persona)
        fields = {"response_type": "code", "redirect_uri": redirect_url, "state": state, "aud": _ADDRESS}
        fields |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        if launch:
            fields["launch"] = launch
        return AuthorizationRequest(f"{_ADDRESS}/authorize?{urlencode(fields)}", state, nonce, verifier)

    async def finish_launch(
        self,
        *,
        code: str,
        redirect_url: str,
        code_verifier: str,
        nonce: str,
        persona: Persona = "practitioner",
    ) -> LaunchContext:
        self._reach()
        approval = self._approvals.pop(code, None)
        if (
            approval is None
            or approval.redirect_url != redirect_url
            or approval.challenge != challenge_of(code_verifier)
        ):
            raise LaunchReplayed
        if approval.nonce != nonce:
            raise IdTokenInvalid("nonce")
        if approval.persona != persona:
            raise LaunchDenied("This account may not use this way in.")
        return LaunchContext(
            tokens=self._new_tokens(approval),
            user=PractitionerRef(approval.user),
            persona=persona,
            patient=approval.patient,
            encounter=approval.encounter,
            appointments=approval.appointments,
            need_patient_banner=True,
            smart_style_url=None,
            missing_scopes=missing_scopes(_asked_scopes(persona), approval.granted),
            tenant=None,
            user_type="Patient" if persona == "patient" else "Practitioner",
        )

    async def refresh(self, tokens: Tokens, *, active_for: timedelta | None = None) -> Tokens:
        self._reach()
        if tokens.refresh_token is None or tokens.refresh_token not in self._sessions:
            raise EhrTokenExpired
        now = self._clock.now()
        known = self._refreshed.get(tokens.refresh_token)
        if known and now - known[0] < timedelta(minutes=1):
            return known[1]
        fresh = replace(tokens, access_token=secrets.token_urlsafe(24), expires_at=now + TOKEN_LIFE)
        self._users[fresh.access_token] = self._users.get(tokens.access_token, "")
        self._sessions[tokens.refresh_token] = fresh.access_token
        self._refreshed[tokens.refresh_token] = (now, fresh)
        return fresh

    async def read_appointment(self, ref: AppointmentRef, *, tokens: Tokens | None = None) -> Appointment:
        self._reach(tokens)
        if ref not in self._appointments:
            raise AppointmentGone
        return self._appointments[ref]

    async def find_told(self, name: str) -> AppointmentRef | None:
        return AppointmentRef(name)

    async def read_appointments(self, refs: Sequence[AppointmentRef]) -> dict[AppointmentRef, Appointment]:
        self._reach()
        return {ref: self._appointments[ref] for ref in refs if ref in self._appointments}

    async def find_appointments_of_patient(
        self, patient: PatientRef, *, start: datetime, end: datetime, tokens: Tokens | None
    ) -> list[Appointment]:
        self._reach(tokens)
        return [found for found in self._between(start, end) if found.patient == patient]

    async def list_appointments(
        self,
        *,
        practitioners: Sequence[PractitionerRef] = (),
        locations: Sequence[LocationRef] = (),
        start: datetime,
        end: datetime,
    ) -> FeedPage:
        self._reach()
        found = [
            appointment
            for appointment in self._between(start, end)
            if not (practitioners or locations)
            or set(practitioners) & set(appointment.practitioners)
            or set(locations) & set(appointment.locations)
        ]
        return FeedPage(found, list(self.faults), 1)

    async def read_person(self, patient: PatientRef, *, tokens: Tokens | None = None) -> Person:
        self._reach(tokens)
        if patient not in self._people:
            raise PersonGone
        return self._people[patient]

    async def read_people(self, refs: Sequence[PatientRef]) -> dict[PatientRef, Person]:
        self._reach()
        return {ref: self._people[ref] for ref in refs if ref in self._people}

    async def read_clinician(self, ref: PractitionerRef, *, tokens: Tokens | None = None) -> Clinician:
        self._reach(tokens)
        if ref not in self._clinicians:
            raise ClinicianGone
        return self._clinicians[ref]

    async def search_clinicians(self, name: str, *, tokens: Tokens | None) -> list[Clinician]:
        self._reach(tokens)
        return [one for one in self._clinicians.values() if _is_named(one.display_name, name)][:20]

    async def search_places(self, name: str) -> dict[LocationRef, str]:
        self._reach()
        return {ref: called for ref, called in self.places.items() if _is_named(called, name)}

    async def write_links(self, ref: AppointmentRef, links: RoomLinks) -> None:
        known = self._writable(Writing.links, ref)
        check_links(links)
        if self.links.get(ref) == links:
            return
        if not known.is_virtual:
            raise WriteRefused
        self._change(known)
        self.links[ref] = links

    async def write_status(self, ref: AppointmentRef, status: AppointmentStatus) -> None:
        known = self._writable(Writing.status, ref)
        if needs_move(known.status, status):
            self._change(replace(known, status=status))

    async def write_presence(self, ref: AppointmentRef, presence: Presence) -> None:
        known = self._writable(Writing.presence, ref)
        if not known.is_virtual:
            raise WriteRefused
        self.presences.append((ref, presence))

    async def file_note(self, note: Note, *, tokens: Tokens) -> None:
        self._may_note(tokens)
        is_patients = self._encounters.get(note.encounter) == note.patient
        if (
            self._users.get(tokens.access_token) != note.author
            or note.patient not in self._people
            or not is_patients
        ):
            raise WriteRefused
        self.notes.append(note)
        if self.loses_answers is not None:
            raise self.loses_answers

    async def has_note(self, note: Note, *, tokens: Tokens) -> bool:
        self._may_note(tokens)
        wanted = (note.patient, note.author, note.encounter, note.start, note.end)
        return wanted in [(one.patient, one.author, one.encounter, one.start, one.end) for one in self.notes]

    async def close(self) -> None:
        return None

    def _writable(self, what: Writing, ref: AppointmentRef) -> Appointment:
        self._must(what)
        self._reach()
        if ref not in self._appointments:
            raise AppointmentGone
        return self._appointments[ref]

    def _must(self, what: Writing) -> None:
        if what not in self.writes:
            raise WriteUnsupported

    def _change(self, appointment: Appointment) -> None:
        self.requests += 1
        if self.conflicts:
            self.conflicts -= 1
            raise EhrConflict(status=409)
        self.writings += 1
        version = f"{appointment.version}w"
        self._appointments[appointment.ref] = replace(appointment, version=version)

    def _may_note(self, tokens: Tokens) -> None:
        self._must(Writing.notes)
        self._reach(tokens)
        if missing_scopes(NOTE_SCOPES, tokens.scope):
            raise ScopesMissing(NOTE_SCOPES)

    def _reach(self, tokens: Tokens | None = None) -> None:
        self.requests += 1
        if self.fault is not None:
            raise self.fault() if callable(self.fault) else self.fault
        if tokens is not None and tokens.expires_at <= self._clock.now():
            raise EhrTokenExpired

    def _between(self, start: datetime, end: datetime) -> list[Appointment]:
        inside = [
            found for found in self._appointments.values() if found.start and start <= found.start < end
        ]
        return sorted(inside, key=start_order)

    def _new_tokens(self, approval: _Approval) -> Tokens:
        refresh = secrets.token_urlsafe(24) if approval.persona == "practitioner" else None
        tokens = Tokens(
            access_token=secrets.token_urlsafe(24),
            refresh_token=refresh,
            expires_at=self._clock.now() + TOKEN_LIFE,
            scope=approval.granted,
            user=UserRef(approval.user),
        )
        self._users[tokens.access_token] = approval.user
        if refresh:
            self._sessions[refresh] = tokens.access_token
        return tokens


def _is_named(called: str, wanted: str) -> bool:
    """Whether a word of the name begins so; fewer than two letters name nothing."""
    begins = wanted.strip().casefold()
    words = called.casefold().replace(",", " ").split()
    return len(begins) > 1 and any(word.startswith(begins) for word in [called.casefold(), *words])


def _asked_scopes(persona: Persona) -> frozenset[str]:
    return PATIENT_SCOPES if persona == "patient" else CLINICIAN_SCOPES | NOTE_SCOPES
