"""Oracle Health Millennium: the manners that the sandbox had first, and has unless told otherwise."""

from typing import Final

from housecall.sandbox.auth.answers import username
from housecall.sandbox.auth.authorize import error_uri
from housecall.sandbox.auth.grants import TOKEN_LASTS, Launch
from housecall.sandbox.auth.scopes import granted, supported
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir import appointments, directory, documents, patching
from housecall.sandbox.fhir.appointment_shape import appointment_shape
from housecall.sandbox.fhir.capability import capability_statement
from housecall.sandbox.fhir.exchange import Call
from housecall.sandbox.fhir.people_shape import (
    encounter_shape,
    location_shape,
    patient_shape,
    practitioner_shape,
)
from housecall.sandbox.house import House
from housecall.sandbox.manner import Json, Manner, Rooms, Shapes, SignOn
from housecall.sandbox.options import TENANT, SandboxOptions

READING: Final[Rooms] = {
    ("GET", "Appointment", True): appointments.read,
    ("GET", "Patient", True): directory.read_patient,
    ("GET", "Patient", False): directory.search_patients,
    ("GET", "Practitioner", True): directory.read_practitioner,
    ("GET", "Practitioner", False): directory.search_practitioners,
    ("GET", "Location", True): directory.read_location,
    ("GET", "Location", False): directory.search_locations,
    ("GET", "Encounter", True): directory.read_encounter,
    ("GET", "Encounter", False): directory.search_encounters,
}
WRITING: Final[Rooms] = {
    ("PATCH", "Appointment", True): patching.patch,
    ("GET", "DocumentReference", True): documents.read,
    ("GET", "DocumentReference", False): documents.search,
    ("POST", "DocumentReference", False): documents.create,
}


def _context(house: House, launch: Launch) -> Json:
    context: Json = {
        "patient": launch.patient,
        "user": launch.user,
        "tenant": TENANT,
        "username": username(house, launch),
        "need_patient_banner": False,
        "smart_style_url": f"{house.options.own_url}/styles/smart-v1.json",
    }
    if launch.encounter:
        context["encounter"] = launch.encounter
    if launch.appointment and house.switches.launch_has_appointment:
        context["fhirContext"] = [{"reference": f"Appointment/{launch.appointment}"}]
    return context


def _issuer(options: SandboxOptions) -> str:
    # Not the advertised issuer, but an address below it: so do real tokens.
    return f"{options.auth_base}/oidc/idsps/{TENANT}/"


def _errors(house: House, error: str, urn: str) -> Json:
    return {"error": error, "error_uri": error_uri(house, urn)}


def _as_it_is(refusal: FhirRefused) -> FhirRefused:
    return refusal


def _undressed(call: Call, page: Json) -> Json:
    return page


MILLENNIUM: Final = Manner(
    name="millennium",
    title="Oracle Health Millennium",
    sign_on=SignOn(
        algorithms=("RS384", "ES384"),
        auth_methods=("client_secret_basic", "private_key_jwt"),
        capabilities=(
            "authorize-post", "launch-ehr", "client-public", "client-confidential-symmetric",
            "client-confidential-asymmetric", "sso-openid-connect", "context-banner", "context-style",
            "context-ehr-patient", "context-ehr-encounter", "permission-patient", "permission-user",
            "permission-offline", "permission-online", "permission-v1", "permission-v2",
        ),
        token_lasts=TOKEN_LASTS,
        grant=granted,
        supported=supported,
        context=_context,
        issuer=_issuer,
        errors=_errors,
        watches_presence=True,
    ),
    shapes=Shapes(appointment_shape, patient_shape, practitioner_shape, location_shape, encounter_shape),
    rooms={("GET", "Appointment", False): appointments.search, **READING, **WRITING},
    statement=capability_statement,
    refusal=_as_it_is,
    dress=_undressed,
    has_batch=True,
)  # fmt: skip
