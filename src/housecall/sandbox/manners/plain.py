"""What plain R4 servers share: records without a vendor's codes, errors as outcomes, counted pages."""

from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.coding import instant
from housecall.sandbox.fhir.exchange import outcome
from housecall.sandbox.house import House
from housecall.sandbox.manner import Json
from housecall.sandbox.options import CLINIC_NAME
from housecall.sandbox.people import LANGUAGES, Location, Patient, Phone, Practitioner
from housecall.sandbox.world import World

_WORDS: Final = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    409: "conflict", 412: "conflict", 429: "throttled", 503: "transient",
}  # fmt: skip
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def appointment(world: World, visit: Appointment) -> Json:
    """An appointment: who, where, when, and what service, in words."""
    patient, clinician = world.patient(visit.patient), world.practitioner(visit.practitioner)
    place = world.location(visit.location)
    actors = (
        (f"Patient/{patient.id}", patient.name),
        (f"Practitioner/{clinician.id}", clinician.name),
        (f"Location/{place.id}", place.name),
    )
    shape: Json = {
        "resourceType": "Appointment",
        "id": visit.id,
        "status": visit.status,
        "serviceType": [{"text": visit.service}],
        "reasonCode": [{"text": visit.reason}],
        "start": instant(visit.start, millis=False),
        "end": instant(visit.end, millis=False),
        "minutesDuration": visit.minutes,
        "participant": [
            {"actor": {"reference": reference, "display": name}, "required": "required", "status": "accepted"}
            for reference, name in actors
        ],
    }
    if visit.status == "cancelled":
        shape["cancelationReason"] = {"text": visit.cancel_reason or "Other"}
    return shape


def patient(person: Patient) -> Json:
    """A patient; one merged into another links to who replaced it."""
    shape: Json = {
        "resourceType": "Patient",
        "id": person.id,
        "identifier": [{"use": "usual", "system": "urn:oid:2.999.1000", "value": person.mrn}],
        "active": person.is_active,
        "name": [
            {"use": "official", "text": person.name, "family": person.family, "given": person.given.split()}
        ],
        "telecom": [_phone(phone) for phone in person.phones],
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "communication": [_language(person.language)],
        "deceasedBoolean": person.died_on is not None,
    }
    if person.email:
        shape["telecom"] = [_phone(phone) for phone in person.phones] + [
            {"system": "email", "value": person.email}
        ]
    if person.merged_into:
        shape["link"] = [{"other": {"reference": f"Patient/{person.merged_into}"}, "type": "replaced-by"}]
    return shape


def _phone(phone: Phone) -> Json:
    digits = phone.number.removeprefix("+1")
    written = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    shape: Json = {"system": "phone", "value": written, "use": phone.use}
    if phone.is_over:
        shape["period"] = {"end": "2021-02-02"}
    return shape


def _language(code: str) -> Json:
    coding = {"system": "urn:ietf:bcp:47", "code": code, "display": LANGUAGES.get(code, code)}
    return {"language": {"coding": [coding], "text": LANGUAGES.get(code, code)}, "preferred": True}


def practitioner(person: Practitioner) -> Json:
    """A clinician."""
    name = {"use": "usual", "text": person.name, "family": person.family, "given": person.given.split()}
    return {
        "resourceType": "Practitioner",
        "id": person.id,
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": person.npi}],
        "active": person.is_active,
        "name": [name],
    }


def location(place: Location) -> Json:
    """A place of the clinic."""
    return {
        "resourceType": "Location",
        "id": place.id,
        "status": "active",
        "name": place.name,
        "mode": "instance",
        "managingOrganization": {"display": CLINIC_NAME},
    }


def encounter(world: World, visit: Appointment) -> Json:
    """The encounter of an appointment."""
    return {
        "resourceType": "Encounter",
        "id": visit.encounter,
        "status": {"fulfilled": "finished", "cancelled": "cancelled"}.get(visit.status, "planned"),
        "class": {"system": _ACT, "code": "VR" if visit.is_video else "AMB"},
        "subject": {"reference": f"Patient/{visit.patient}"},
        "period": {"start": instant(visit.start, millis=False), "end": instant(visit.end, millis=False)},
    }


def refusal_as_outcome(refusal: FhirRefused) -> FhirRefused:
    """The refusal with an OperationOutcome, whatever it was said in."""
    body = refusal.body
    if isinstance(body, dict) and body.get("resourceType") == "OperationOutcome":
        return refusal
    text = body if isinstance(body, str) else "The token does not allow this"
    return FhirRefused(
        refusal.status, outcome(_WORDS.get(refusal.status, "processing"), text), refusal.headers
    )


def statement(house: House, software: Json, abilities: dict[str, tuple[str, ...]]) -> Json:
    """A CapabilityStatement of R4 that names its software and what each resource is good for."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-08-01",
        "kind": "instance",
        "software": software,
        "implementation": {"description": CLINIC_NAME, "url": house.options.fhir_base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {"type": name, "interaction": [{"code": code} for code in codes]}
                    for name, codes in abilities.items()
                ],
            }
        ],
    }
