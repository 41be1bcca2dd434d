"""How people, places and encounters look when read."""

from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.fhir.coding import EXTENSIONS, code_set, concept, instant, narrative
from housecall.sandbox.manner import Json
from housecall.sandbox.options import CLINIC_NAME
from housecall.sandbox.people import LANGUAGES, Location, Patient, Phone, Practitioner
from housecall.sandbox.world import World

_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_INTERPRETER: Final = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_LONG_AGO: Final = "2019-04-01T14:00:00.000Z"


def patient_shape(patient: Patient) -> Json:
    """A patient; one merged into another is hollow but for the link to who replaced it."""
    if patient.merged_into:
        return _merged_shape(patient)
    shape: Json = {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": {"versionId": "3", "lastUpdated": _LONG_AGO},
        "text": narrative("Patient", ("Name", patient.listed), ("Status", "Active")),
        "identifier": [_mrn(patient)],
        "active": patient.is_active,
        "name": [
            {
                "id": f"CI-{patient.id}-0",
                "use": "official",
                "text": patient.listed,
                "family": patient.family,
                "given": patient.given.split(),
                "period": {"start": _LONG_AGO},
            },
            {"use": "old", "text": "FORMER, NAME", "family": "FORMER", "period": {"end": _LONG_AGO}},
        ],
        "telecom": _telecom(patient),
        "gender": patient.gender,
        "birthDate": patient.birth_date.isoformat(),
        "communication": [_language(patient.language)],
    }
    if patient.died_on:
        shape["deceasedDateTime"] = f"{patient.died_on.isoformat()}T06:30:00.000Z"
    else:
        shape["deceasedBoolean"] = False
    extensions = [_reminder_wish(patient.reminders_by)] if patient.reminders_by else []
    if patient.needs_interpreter:
        extensions.append({"url": _INTERPRETER, "valueBoolean": True})
    if extensions:
        shape["extension"] = extensions
    return shape


def _merged_shape(patient: Patient) -> Json:
    absent = {"extension": [{"valueCode": "unknown", "url": _ABSENT}]}
    other = {"reference": f"Patient/{patient.merged_into}"}
    return {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": {"versionId": "9", "lastUpdated": _LONG_AGO},
        "identifier": [absent],
        "active": False,
        "name": [absent],
        "_gender": absent,
        "link": [{"other": other, "type": "replaced-by"}],
    }


def _mrn(patient: Patient) -> Json:
    kind = concept(
        4, "10", "MRN", ("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical record number")
    )
    return {
        "id": f"CI-{patient.mrn}-0",
        "use": "usual",
        "type": kind,
        "system": "urn:oid:2.999.1000",
        "value": patient.mrn,
    }


def _telecom(patient: Patient) -> list[Json]:
    listed = [_phone(patient, index, phone) for index, phone in enumerate(patient.phones)]
    if patient.email:
        listed.append(
            {
                "id": f"CI-EM-{patient.id}-0",
                "system": "email",
                "value": patient.email,
                "use": "home",
                "rank": 1,
                "period": {"start": _LONG_AGO},
            }
        )
    return listed


def _phone(patient: Patient, index: int, phone: Phone) -> Json:
    digits = phone.number.removeprefix("+1")
    shape: Json = {
        "id": f"CI-PH-{patient.id}-{index}",
        "extension": [
            {"valueString": digits, "url": "http://hl7.org/fhir/StructureDefinition/iso21090-TEL-address"}
        ],
        "system": "phone",
        "value": digits,
        "use": phone.use,
        "period": {"start": _LONG_AGO} | ({"end": "2021-02-02T10:00:00.000Z"} if phone.is_over else {}),
    }
    if phone.rank is not None:
        shape["rank"] = phone.rank
    return shape


def _language(code: str) -> Json:
    display = LANGUAGES.get(code, code)
    coding = [
        {"system": code_set(36), "code": f"1{sum(map(ord, code))}", "display": display, "userSelected": True},
        {"system": "urn:ietf:bcp:47", "code": code, "display": display, "userSelected": False},
    ]
    return {"language": {"coding": coding, "text": display}, "preferred": True}


def _reminder_wish(way: str) -> Json:
    topic = (
        "http://terminology.hl7.org/CodeSystem/communication-topic",
        "appointment-reminder",
        "Appointment Reminder",
    )
    method = ("http://hl7.org/fhir/contact-point-system", way, way.upper())
    return {
        "extension": [
            {
                "valueCodeableConcept": concept(4640016, "485602811", "Appointment Reminders", topic),
                "url": "communication-type",
            },
            {
                "valueCodeableConcept": concept(23042, "495085611", way.title(), method),
                "url": "contact-method",
            },
            {"valueDateTime": _LONG_AGO, "url": "verified-datetime"},
        ],
        "url": f"{EXTENSIONS}/communication-preference",
    }


def practitioner_shape(practitioner: Practitioner) -> Json:
    """A clinician."""
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NPI"}
    return {
        "resourceType": "Practitioner",
        "id": practitioner.id,
        "meta": {"versionId": "12", "lastUpdated": _LONG_AGO},
        "text": narrative("Practitioner", ("Name", practitioner.listed), ("Status", "Active")),
        "extension": [
            {"valueBoolean": practitioner.title in ("MD", "DO"), "url": f"{EXTENSIONS}/is-physician"}
        ],
        "identifier": [
            {
                "use": "usual",
                "type": {"coding": [kind], "text": "National Provider Identifier"},
                "system": "http://hl7.org/fhir/sid/us-npi",
                "value": practitioner.npi,
            }
        ],
        "active": practitioner.is_active,
        "name": [
            {
                "use": "usual",
                "text": practitioner.listed,
                "family": practitioner.family,
                "given": practitioner.given.split(),
                "suffix": [practitioner.title],
                "period": {"start": _LONG_AGO},
            }
        ],
        "telecom": [
            {"system": "phone", "value": practitioner.phone, "use": "work"},
            {"system": "email", "value": practitioner.email, "use": "work"},
        ],
    }


def location_shape(location: Location) -> Json:
    """A place of the clinic."""
    kind = concept(
        222,
        "772",
        "Ambulatory(s)",
        ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "OF", "Outpatient facility"),
    )
    return {
        "resourceType": "Location",
        "id": location.id,
        "meta": {"versionId": "4", "lastUpdated": "2019-04-01T14:00:00Z"},
        "text": narrative("Location", ("Name", location.name), ("Status", "Active")),
        "status": "active",
        "name": location.name,
        "alias": [location.alias],
        "mode": "instance",
        "telecom": [{"system": "phone", "value": "312 555 0100"}],
        "type": [kind],
        "physicalType": kind,
        "managingOrganization": {"reference": "Organization/667101", "display": CLINIC_NAME},
    }


def encounter_shape(world: World, appointment: Appointment) -> Json:
    """The encounter of an appointment."""
    patient, clinician = world.patient(appointment.patient), world.practitioner(appointment.practitioner)
    states = {"fulfilled": "finished", "cancelled": "cancelled", "checked-in": "in-progress"}
    standard = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "ATND", "attender")
    return {
        "resourceType": "Encounter",
        "id": appointment.encounter,
        "meta": {"versionId": "0", "lastUpdated": instant(appointment.changed)},
        "text": narrative("Encounter", ("Patient", patient.listed), ("Type", "Outpatient")),
        "status": states.get(appointment.status, "planned"),
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "VR" if appointment.is_video else "AMB",
            "userSelected": False,
        },
        "type": [concept(71, "309309", "Outpatient")],
        "subject": {"reference": f"Patient/{patient.id}", "display": patient.listed},
        "participant": [
            {
                "type": [concept(333, "1119", "Attending Physician", standard)],
                "individual": {"reference": f"Practitioner/{clinician.id}", "display": clinician.listed},
            }
        ],
        "period": {"start": instant(appointment.start), "end": instant(appointment.end)},
        "location": [{"location": {"reference": f"Location/{appointment.location}"}, "status": "active"}],
    }
