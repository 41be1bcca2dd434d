"""Writing to the EHR: a visit's links and status on its appointment, and notes to the chart.

Every write to an appointment reads it first: for its version, and to leave alone what stands already.

Source: Millennium's documentation of Appointment (PATCH) and DocumentReference (create).
"""

import base64
from datetime import UTC, datetime
from typing import Any, Final

from housecall.ehr.base import (
    AppointmentRef,
    AppointmentStatus,
    EhrEndpoint,
    Note,
    Presence,
    RoomLinks,
    Tokens,
    Writing,
)
from housecall.ehr.errors import AppointmentGone, RecordGone, ScopesMissing, WriteRefused, WriteUnsupported
from housecall.ehr.fhir import Fhir, resources_in
from housecall.ehr.fields import Record, instant, record, records, reference_to, text, words_of
from housecall.ehr.profile import VendorProfile
from housecall.ehr.readers import read_status
from housecall.ehr.scopes import NOTE_SCOPES

LONGEST_LINK: Final = 255
_S: Final = AppointmentStatus
# What a PATCH may do to a status; how far each state is says what needs no write any more.
STATUS_MOVES: Final[dict[AppointmentStatus, frozenset[AppointmentStatus]]] = {
    _S.proposed: frozenset({_S.booked, _S.cancelled}),
    _S.booked: frozenset({_S.arrived, _S.checked_in, _S.cancelled}),
    _S.arrived: frozenset({_S.checked_in, _S.cancelled}),
    _S.checked_in: frozenset({_S.fulfilled, _S.cancelled}),
}
_WAY: Final = (_S.proposed, _S.booked, _S.arrived, _S.checked_in, _S.fulfilled)
# LOINC "Note": the site maps it to a note type of its own.
_NOTE_TYPE: Final = {"system": "http://loinc.org", "code": "34109-9", "display": "Note"}
_MOST_PAGES: Final = 20


class Writer:
    """Writes with the connection's FHIR server, as far as the vendor's profile allows."""

    def __init__(self, endpoint: EhrEndpoint, fhir: Fhir, profile: VendorProfile) -> None:
        self._endpoint = endpoint
        self._fhir = fhir
        self._profile = profile

    @property
    def writes(self) -> frozenset[Writing]:
        """What this EHR takes from us."""
        return self._profile.writes

    async def write_links(self, ref: AppointmentRef, links: RoomLinks) -> None:
        """The appointment has these links; nothing is sent where they stand already."""
        self._must(Writing.links)
        check_links(links)
        resource = await self._read(ref)
        standing = standing_links(resource)
        if standing is None or _written(standing) != _written(links):
            operations = link_operations(links, is_first=standing is None)
            await self._patch(ref, operations, resource)

    async def write_status(self, ref: AppointmentRef, status: AppointmentStatus) -> None:
        """The appointment has come as far as ``status``, or further."""
        self._must(Writing.status)
        resource = await self._read(ref)
        if needs_move(read_status(resource.get("status")), status):
            value = status.value.replace("_", "-")
            await self._patch(ref, [{"op": "replace", "path": "/status", "value": value}], resource)

    async def write_presence(self, ref: AppointmentRef, presence: Presence) -> None:
        """The EHR's schedule shows who is in the visit."""
        self._must(Writing.presence)
        if self._profile.presence_call is None:
            raise WriteUnsupported
        resource = await self._read(ref)
        await self._fhir.call(self._profile.presence_call(self._endpoint, resource, presence))

    async def file_note(self, note: Note, *, tokens: Tokens) -> None:
        """The note is in the chart."""
        self._must(Writing.notes)
        try:
            await self._fhir.create("DocumentReference", note_resource(note), tokens=tokens)
        except ScopesMissing:
            raise ScopesMissing(NOTE_SCOPES) from None

    async def has_note(self, note: Note, *, tokens: Tokens) -> bool:
        """Whether the chart holds the note."""
        self._must(Writing.notes)
        try:
            page = await self._fhir.search("DocumentReference", {"patient": note.patient}, tokens=tokens)
        except ScopesMissing:
            raise ScopesMissing(NOTE_SCOPES) from None
        for _ in range(_MOST_PAGES):
            if any(_is_note(resource, note) for resource in resources_in(page)):
                return True
            following = await self._fhir.next_page(page, tokens=tokens)
            if following is None:
                return False
            page = following
        return False

    def _must(self, what: Writing) -> None:
        if what not in self._profile.writes:
            raise WriteUnsupported

    async def _read(self, ref: AppointmentRef) -> Record:
        try:
            return await self._fhir.read("Appointment", ref, tokens=None)
        except RecordGone:
            raise AppointmentGone from None

    async def _patch(self, ref: AppointmentRef, operations: list[dict[str, Any]], read: Record) -> None:
        version = text(record(read.get("meta")).get("versionId")) or ""
        try:
            await self._fhir.patch("Appointment", ref, operations, version=version)
        except RecordGone:
            raise AppointmentGone from None
        except ScopesMissing:
            raise ScopesMissing(self._profile.write_back_scopes) from None


def check_links(links: RoomLinks) -> None:
    """Both links are short enough; raises WriteRefused."""
    if max(len(links.clinician_url), len(links.patient_url)) > LONGEST_LINK:
        raise WriteRefused("A link is longer than the 255 characters that the EHR takes.")


def needs_move(now: AppointmentStatus, wanted: AppointmentStatus) -> bool:
    """Whether ``wanted`` is still to be written; raises WriteRefused where it cannot be reached."""
    if now is wanted or (now in _WAY and wanted in _WAY and _WAY.index(now) > _WAY.index(wanted)):
        return False
    if wanted not in STATUS_MOVES.get(now, frozenset()):
        raise WriteRefused("The appointment's status does not allow this change.")
    return True


def link_operations(links: RoomLinks, *, is_first: bool) -> list[dict[str, Any]]:
    """The four operations, exactly: number 0 is the clinician's room and 1 the patient's.

    The numbers are names. What a read shows may be in the other order, so nothing here is made by comparing.
    """
    values = (
        ("/contained/0/telecom/0/value", links.clinician_url),
        ("/contained/1/telecom/0/value", links.patient_url),
        ("/contained/0/telecom/0/period/start", stamp(links.start)),
        ("/contained/0/telecom/0/period/end", stamp(links.end)),
    )
    op = "add" if is_first else "replace"
    return [{"op": op, "path": path, "value": value} for path, value in values]


def standing_links(resource: Record) -> RoomLinks | None:
    """The links on the appointment, found by the rooms' names and never by their places; None without any."""
    rooms = {name: room for room in records(resource.get("contained")) for name in _names(room)}
    clinician, patient = _telecom(rooms, "provider"), _telecom(rooms, "patient")
    if not clinician and not patient:
        return None
    period = record((clinician or patient).get("period"))
    start, end = instant(period.get("start"), UTC), instant(period.get("end"), UTC)
    nowhere = datetime.min.replace(tzinfo=UTC)
    return RoomLinks(
        clinician_url=text(clinician.get("value")) or "",
        patient_url=text(patient.get("value")) or "",
        start=start or nowhere,
        end=end or nowhere,
    )


def note_resource(note: Note) -> dict[str, Any]:
    """The note as a DocumentReference."""
    data = base64.b64encode(note.text.encode()).decode()
    attachment = {"contentType": "text/plain;charset=utf-8", "data": data, "title": note.title}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [_NOTE_TYPE], "text": "Note"},
        "subject": {"reference": f"Patient/{note.patient}"},
        "author": [{"reference": f"Practitioner/{note.author}"}],
        "content": [{"attachment": attachment | {"creation": stamp(note.end)}}],
        "context": {
            "encounter": [{"reference": f"Encounter/{note.encounter}"}],
            "period": {"start": stamp(note.start), "end": stamp(note.end)},
        },
    }


def stamp(at: datetime) -> str:
    """The instant as Millennium writes it: UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(links: RoomLinks) -> list[str]:
    return [operation["value"] for operation in link_operations(links, is_first=False)]


def _is_note(resource: Record, note: Note) -> bool:
    context = record(resource.get("context"))
    period = record(context.get("period"))
    return (
        resource.get("status") == "current"
        and note.author in [reference_to("Practitioner", one) for one in records(resource.get("author"))]
        and note.encounter in [reference_to("Encounter", one) for one in records(context.get("encounter"))]
        and [instant(period.get(edge), UTC) for edge in ("start", "end")]
        == [instant(stamp(at), UTC) for at in (note.start, note.end)]
    )


def _names(room: Record) -> list[str]:
    said = [word.casefold() for kind in records(room.get("type")) for word in words_of(kind)]
    return [who for who in ("provider", "patient") if any(f"{who} virtual" in word for word in said)]


def _telecom(rooms: dict[str, Record], who: str) -> Record:
    return next(iter(records(rooms.get(who, {}).get("telecom"))), {})
