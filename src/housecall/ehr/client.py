"""The real client: SMART App Launch and FHIR R4 over HTTP, for any vendor profile."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from housecall.ehr.access import Refresher, SystemAccess
from housecall.ehr.allowance import Allowance, Lane, Unlimited
from housecall.ehr.base import (
    Appointment,
    AppointmentRef,
    AppointmentStatus,
    AuthorizationRequest,
    Clinician,
    EhrEndpoint,
    FeedPage,
    LaunchContext,
    LocationRef,
    Note,
    PatientRef,
    Person,
    Persona,
    PractitionerRef,
    Presence,
    RoomLinks,
    SmartConfiguration,
    Tokens,
    Writing,
)
from housecall.ehr.bulk import BulkReader
from housecall.ehr.discovery import Discovery
from housecall.ehr.errors import AnswerUnreadable, AppointmentGone, ClinicianGone, PersonGone, RecordGone
from housecall.ehr.feed import Feed, date_range, start_order
from housecall.ehr.fhir import Fhir, resources_in
from housecall.ehr.id_token import IdTokenVerifier, IssuerKeys
from housecall.ehr.outward import Outward
from housecall.ehr.profile import VendorProfile
from housecall.ehr.readers import (
    RecordUnreadable,
    is_called,
    read_appointment,
    read_clinician,
    read_person,
    read_place,
    zone_of,
)
from housecall.ehr.scopes import PLACE_SCOPES
from housecall.ehr.smart import SmartLaunch
from housecall.ehr.token_endpoint import TokenEndpoint
from housecall.ehr.writing import Writer
from housecall.kit.clock import Clock

_MOST_FOUND: Final = 20
# A name is searched by so many letters at least: "name must have at least 2 characters" (Millennium).
_FEWEST_LETTERS: Final = 2
_MOST_PAGES: Final = 50


class SmartFhirClient:
    """One connection's EHR over HTTP; keep it, for it holds the system token and what is shared."""

    def __init__(
        self,
        endpoint: EhrEndpoint,
        profile: VendorProfile,
        outward: Outward,
        clock: Clock,
        allowance: Allowance | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._profile = profile
        self._outward = outward
        self._clock = clock
        self._zone = zone_of(endpoint.time_zone)
        self._discovery = Discovery(endpoint.base_url, outward, clock)
        token_endpoint = TokenEndpoint(endpoint, outward, self._discovery, clock)
        keys = IssuerKeys(outward, self._discovery, clock)
        verifier = IdTokenVerifier(endpoint, profile, keys, self._discovery, clock)
        self._launch = SmartLaunch(endpoint, profile, self._discovery, token_endpoint, verifier)
        self._refresher = Refresher(token_endpoint, profile, clock)
        scopes = profile.system_scopes_for(writes_back=endpoint.writes_back)
        system, allowance = SystemAccess(token_endpoint, scopes, clock), allowance or Unlimited()
        self._fhir = Fhir(endpoint, outward, system, clock, allowance=allowance)
        self._writer = Writer(endpoint, self._fhir, profile)
        self._bulk = BulkReader(self._fhir, profile)
        directory = SystemAccess(token_endpoint, PLACE_SCOPES, clock)
        self._places = Fhir(endpoint, outward, directory, clock, allowance=allowance)
        feeding = Fhir(endpoint, outward, system, clock, allowance=allowance, lane=Lane.feed)
        self._feed = Feed(feeding, profile, clock, rules=endpoint.virtual_rules, zone=self._zone)

    @property
    def writes(self) -> frozenset[Writing]:
        return self._writer.writes

    async def discover(self) -> SmartConfiguration:
        return await self._discovery.configuration()

    async def begin_launch(
        self, *, launch: str | None, redirect_url: str, persona: Persona = "practitioner"
    ) -> AuthorizationRequest:
        return await self._launch.begin(launch=launch, redirect_url=redirect_url, persona=persona)

    async def finish_launch(
        self,
        *,
        code: str,
        redirect_url: str,
        code_verifier: str,
        nonce: str,
        persona: Persona = "practitioner",
    ) -> LaunchContext:
        return await self._launch.finish(
            code=code, redirect_url=redirect_url, code_verifier=code_verifier, nonce=nonce, persona=persona
        )

    async def refresh(self, tokens: Tokens, *, active_for: timedelta | None = None) -> Tokens:
        return await self._refresher.refresh(tokens, active_for=active_for)

    async def read_appointment(self, ref: AppointmentRef, *, tokens: Tokens | None = None) -> Appointment:
        try:
            return self._appointment(await self._fhir.read("Appointment", ref, tokens=tokens))
        except RecordGone:
            raise AppointmentGone from None
        except RecordUnreadable:
            raise AnswerUnreadable from None

    async def find_told(self, name: str) -> AppointmentRef | None:
        if not self._profile.told_by_identifier:
            return AppointmentRef(name)
        page = await self._fhir.search("Appointment", {"identifier": name}, tokens=None)
        # A server that does not know the parameter answers with anybody's.
        found = [one for one in resources_in(page) if is_called(one, name)]
        return self._appointment(found[0]).ref if found else None

    async def read_appointments(self, refs: Sequence[AppointmentRef]) -> dict[AppointmentRef, Appointment]:
        found: dict[AppointmentRef, Appointment] = {}
        for resource in (await self._bulk.by_ids("Appointment", refs)).values():
            try:
                appointment = self._appointment(resource)
            except RecordUnreadable:
                continue
            found[appointment.ref] = appointment
        return found

    async def find_appointments_of_patient(
        self, patient: PatientRef, *, start: datetime, end: datetime, tokens: Tokens | None
    ) -> list[Appointment]:
        params: dict[str, str | list[str]] = {"patient": patient, "date": date_range(start, end)}
        page = await self._fhir.search("Appointment", params, tokens=tokens)
        found: dict[AppointmentRef, Appointment] = {}
        for _ in range(_MOST_PAGES):
            for resource in resources_in(page):
                try:
                    appointment = self._appointment(resource)
                except RecordUnreadable:
                    continue
                found[appointment.ref] = appointment
            following = await self._fhir.next_page(page, tokens=tokens)
            if following is None:
                break
            page = following
        return sorted(found.values(), key=start_order)

    async def list_appointments(
        self,
        *,
        practitioners: Sequence[PractitionerRef] = (),
        locations: Sequence[LocationRef] = (),
        start: datetime,
        end: datetime,
    ) -> FeedPage:
        return await self._feed.list_appointments(
            practitioners=practitioners, locations=locations, start=start, end=end
        )

    async def read_person(self, patient: PatientRef, *, tokens: Tokens | None = None) -> Person:
        try:
            resource = await self._fhir.read("Patient", patient, tokens=tokens)
        except RecordGone:
            raise PersonGone from None
        found = read_person(resource, region=self._endpoint.phone_region, now=self._clock.now())
        if found is None:
            raise AnswerUnreadable
        return found

    async def read_people(self, refs: Sequence[PatientRef]) -> dict[PatientRef, Person]:
        now = self._clock.now()
        resources = await self._bulk.by_batch("Patient", refs)
        people = (
            read_person(found, region=self._endpoint.phone_region, now=now) for found in resources.values()
        )
        return {person.ref: person for person in people if person}

    async def read_clinician(self, ref: PractitionerRef, *, tokens: Tokens | None = None) -> Clinician:
        try:
            resource = await self._fhir.read("Practitioner", ref, tokens=tokens)
        except RecordGone:
            raise ClinicianGone from None
        found = read_clinician(resource, now=self._clock.now())
        if found is None:
            raise AnswerUnreadable
        return found

    async def search_clinicians(self, name: str, *, tokens: Tokens | None) -> list[Clinician]:
        if len(name.strip()) < _FEWEST_LETTERS:
            return []
        page = await self._fhir.search("Practitioner", _by_name(name), tokens=tokens)
        now = self._clock.now()
        found = (read_clinician(resource, now=now) for resource in resources_in(page))
        return [clinician for clinician in found if clinician][:_MOST_FOUND]

    async def search_places(self, name: str) -> dict[LocationRef, str]:
        if len(name.strip()) < _FEWEST_LETTERS:
            return {}
        page = await self._places.search("Location", _by_name(name), tokens=None)
        found = map(read_place, resources_in(page))
        return dict([place for place in found if place][:_MOST_FOUND])

    async def write_links(self, ref: AppointmentRef, links: RoomLinks) -> None:
        await self._writer.write_links(ref, links)

    async def write_status(self, ref: AppointmentRef, status: AppointmentStatus) -> None:
        await self._writer.write_status(ref, status)

    async def write_presence(self, ref: AppointmentRef, presence: Presence) -> None:
        await self._writer.write_presence(ref, presence)

    async def file_note(self, note: Note, *, tokens: Tokens) -> None:
        await self._writer.file_note(note, tokens=tokens)

    async def has_note(self, note: Note, *, tokens: Tokens) -> bool:
        return await self._writer.has_note(note, tokens=tokens)

    async def close(self) -> None:
        await self._outward.close()

    def _appointment(self, resource: dict[str, object]) -> Appointment:
        return read_appointment(resource, rules=self._endpoint.virtual_rules, zone=self._zone)


def _by_name(name: str) -> dict[str, str | list[str]]:
    return {"name": name.strip(), "_count": str(_MOST_FOUND)}
