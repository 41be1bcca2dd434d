"""Appointments, people and clinicians out of FHIR records, forgivingly.

Vendors' own samples break strict models, so nothing here insists on more than an id.
"""

import hashlib
import json
import re
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from housecall.ehr.base import (
    Appointment,
    AppointmentRef,
    AppointmentStatus,
    Clinician,
    LocationRef,
    PatientRef,
    Person,
    PractitionerRef,
    RecordFault,
)
from housecall.ehr.fields import (
    Record,
    codings,
    day,
    instant,
    is_open,
    record,
    record_id,
    records,
    reference,
    reference_to,
    text,
    words_of,
)
from housecall.ehr.places import time_zone_of
from housecall.ehr.telecom import email_of, email_reach, sms_reach
from housecall.ehr.virtual import rule_that_holds, traits_of

_LANGUAGE: Final = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
_INTERPRETER_REQUIRED: Final = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_INTERPRETER_NEEDED: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
# SNOMED CT's yes and no, as US Core binds them.
_ANSWERS: Final = {"373066001": True, "373067005": False}
_STARTLESS: Final = frozenset(
    {
        AppointmentStatus.proposed,
        AppointmentStatus.waitlist,
        AppointmentStatus.pending,
        AppointmentStatus.cancelled,
        AppointmentStatus.entered_in_error,
    }
)


class RecordUnreadable(Exception):
    """A record lacks what makes it one; becomes a RecordFault."""

    def __init__(self, reason_code: str, ref: str | None = None) -> None:
        super().__init__(reason_code)
        self.fault = RecordFault(AppointmentRef(ref) if ref else None, reason_code)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC for a name nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def read_appointment(
    resource: Record, *, rules: tuple[str, ...] = (), zone: ZoneInfo | None = None
) -> Appointment:
    """The appointment; raises RecordUnreadable if it is none or has no id."""
    ref = record_id(resource.get("id"))
    if resource.get("resourceType") != "Appointment":
        raise RecordUnreadable("not_an_appointment", ref)
    if ref is None:
        raise RecordUnreadable("no_id")
    zone = zone or ZoneInfo("UTC")
    meta = record(resource.get("meta"))
    people = [record(who.get("actor")) for who in records(resource.get("participant"))]
    actors = [found for actor in people if (found := reference(actor))]
    traits = traits_of(resource)
    return Appointment(
        ref=AppointmentRef(ref),
        version=text(meta.get("versionId")) or _fingerprint(resource, actors),
        status=read_status(resource.get("status")),
        start=instant(resource.get("start"), zone),
        end=instant(resource.get("end"), zone),
        patient=next((PatientRef(found) for found in _all("Patient", actors)), None),
        practitioners=tuple(PractitionerRef(found) for found in _all("Practitioner", actors)),
        locations=tuple(LocationRef(found) for found in _all("Location", actors)),
        is_virtual=rule_that_holds(traits, rules) is not None,
        service=_service(resource),
        place=_place(people),
        last_updated=instant(meta.get("lastUpdated"), zone),
        traits=traits,
    )


def _place(people: list[Record]) -> str | None:
    """The display of the first location among the participants."""
    places = (one for one in people if reference_to("Location", one) is not None)
    return next((text(one.get("display")) for one in places), None)


def _fingerprint(resource: Record, actors: list[tuple[str, str]]) -> str:
    """A version for a record that has none: the same as long as what matters to a visit is."""
    said = [resource.get(name) for name in ("status", "start", "end", "serviceType", "description")]
    named = [*_all("Practitioner", actors), "|", *_all("Location", actors)]
    return "=" + hashlib.sha256(json.dumps([said, named], sort_keys=True).encode()).hexdigest()[:20]


def is_called(resource: Record, name: str) -> bool:
    """Whether an identifier of the record is this one."""
    return any(text(one.get("value")) == name for one in records(resource.get("identifier")))


def read_listed_appointment(resource: Record, *, rules: tuple[str, ...], zone: ZoneInfo) -> Appointment:
    """An appointment out of a schedule: one that should take place must say when."""
    found = read_appointment(resource, rules=rules, zone=zone)
    if found.start is None and found.status not in _STARTLESS:
        raise RecordUnreadable("no_start", found.ref)
    return found


def read_person(resource: Record, *, region: str, now: datetime) -> Person | None:
    """The person; None if the record is no patient or has no id."""
    ref = record_id(resource.get("id"))
    if resource.get("resourceType") != "Patient" or ref is None:
        return None
    is_deceased = (
        resource.get("deceasedBoolean") is True or text(resource.get("deceasedDateTime")) is not None
    )
    replaced_by = _replaced_by(resource)
    barred = "merged" if replaced_by else "deceased" if is_deceased else None
    sms = sms_reach(resource, region=region, now=now, barred=barred)
    email = email_reach(resource, now=now, barred=barred)
    return Person(
        ref=PatientRef(ref),
        display_name=display_name(resource, now),
        birth_date=day(resource.get("birthDate")),
        is_deceased=is_deceased,
        is_active=resource.get("active") is not False,
        replaced_by=replaced_by,
        language=_language(resource),
        sms_number=sms.address,
        sms_refusal=sms.refusal,
        email=email.address,
        email_refusal=email.refusal,
        gender=text(resource.get("gender")),
        needs_interpreter=_needs_interpreter(resource),
        time_zone=time_zone_of(resource, now),
    )


def read_clinician(resource: Record, *, now: datetime) -> Clinician | None:
    """The clinician; None if the record is no practitioner or has no id."""
    ref = record_id(resource.get("id"))
    if resource.get("resourceType") != "Practitioner" or ref is None:
        return None
    return Clinician(PractitionerRef(ref), display_name(resource, now), email_of(resource, now))


def read_place(resource: Record) -> tuple[LocationRef, str] | None:
    """The location's id and name; None if the record is none, has no id, or is not in use."""
    ref = record_id(resource.get("id"))
    is_used = text(resource.get("status")) in (None, "active")
    if resource.get("resourceType") != "Location" or ref is None or not is_used:
        return None
    return LocationRef(ref), text(resource.get("name")) or ""


def display_name(resource: Record, now: datetime) -> str:
    """The name as the EHR shows it, the official one first; empty if it is withheld."""
    order = {"official": 0, "usual": 1, None: 2}
    names = [
        name
        for name in records(resource.get("name"))
        if name.get("use") not in ("old", "maiden", "temp") and is_open(name.get("period"), now)
    ]
    for name in sorted(names, key=lambda name: order.get(text(name.get("use")), 3)):
        given = name.get("given")
        parts: list[Any] = [*(given if isinstance(given, list) else [given]), name.get("family")]
        if shown := text(name.get("text")) or " ".join(part for part in map(text, parts) if part):
            return shown
    return ""


def read_status(value: object) -> AppointmentStatus:
    """The status; ``unknown`` for what the standard does not have."""
    try:
        return AppointmentStatus(str(value).replace("-", "_"))
    except ValueError:
        return AppointmentStatus.unknown


def _all(kind: str, actors: list[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(ref for found, ref in actors if found == kind))


def _service(resource: Record) -> str | None:
    said = [word for service in records(resource.get("serviceType")) for word in words_of(service)]
    return said[0] if said else text(resource.get("description"))


def _replaced_by(resource: Record) -> PatientRef | None:
    for link in records(resource.get("link")):
        if link.get("type") == "replaced-by" and (found := reference_to("Patient", link.get("other"))):
            return PatientRef(found)
    return None


def _needs_interpreter(resource: Record) -> bool | None:
    """By the extension of FHIR R4 itself or by US Core's; what else it may say is no yes and no no."""
    for extension in records(resource.get("extension")):
        url, value = text(extension.get("url")), extension.get("valueBoolean")
        if url == _INTERPRETER_REQUIRED and isinstance(value, bool):
            return value
        if url == _INTERPRETER_NEEDED:
            return _ANSWERS.get(text(record(extension.get("valueCoding")).get("code")) or "")
    return None


def _language(resource: Record) -> str | None:
    spoken = records(resource.get("communication"))
    for said in sorted(spoken, key=lambda said: said.get("preferred") is not True):
        for coding in codings(said.get("language")):
            code = text(coding.get("code"))
            if coding.get("system") == "urn:ietf:bcp:47" and code and _LANGUAGE.match(code):
                return code
    return None
