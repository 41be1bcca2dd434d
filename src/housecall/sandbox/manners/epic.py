"""Epic, as far as it is known without documents behind a login.

Ids are long and say nothing, dots and dashes in them; the appointment's own number (CSN) is an identifier of it,
and what schedule messages call it by. Records have no versions. Appointments are searched by patient or by
identifier only: nobody lists a clinic. An empty page holds an OperationOutcome. Scopes are those the app is
registered for, whatever is asked, each letter a scope of its own. System accounts prove themselves by RS384
signatures only. Who is connected to a video visit is told by a call of Epic's own.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Final

from starlette.routing import Route

from housecall.sandbox.auth.grants import Launch
from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir import directory
from housecall.sandbox.fhir.exchange import Call, Reply
from housecall.sandbox.house import House
from housecall.sandbox.manner import Ids, Json, Manner, Shapes, SignOn
from housecall.sandbox.manners import plain
from housecall.sandbox.manners.context_linking import PATH, set_external_connection_status
from housecall.sandbox.manners.millennium import READING
from housecall.sandbox.manners.searching import search
from housecall.sandbox.options import ADDRESSES, SandboxOptions
from housecall.sandbox.world import World

CSN_SYSTEM: Final = "urn:oid:1.2.840.114350.1.13.999.2.7.3.698084.8"
_OUTCOMES: Final = "urn:oid:1.2.840.114350.1.13.999.2.7.2.657369"
# Epic's own numbers for what went wrong, beside FHIR's words.
_NUMBERS: Final = {400: "59100", 401: "0", 403: "59189", 404: "59008"}
_KNOWN: Final = ("_id", "date", "identifier", "patient", "status")
_SEARCHED_BY: Final = ("patient", "identifier", "_id")
_READ: Final = ("read", "search-type")
_REGISTERED: Final = {
    "provider": ("launch", "openid", "fhirUser"),
    "patient": ("launch", "openid", "fhirUser"),
    "system": (),
}
_LEVELS: Final = {"provider": "user", "patient": "patient", "system": "system"}
_RECORDS: Final = ("Appointment", "Encounter", "Location", "Patient", "Practitioner")


def outward_id(kind: str, ref: str) -> str:
    """The id outside: nobody reads the number out of it, and it is another for each kind of record."""
    inner = f"{kind[:3]}{ref}".encode()
    sealed = hashlib.sha256(b"epic" + inner).digest()[:9] + inner
    return "e" + base64.urlsafe_b64encode(sealed).decode().rstrip("=").replace("_", ".") + "3"


def inward_id(kind: str, ref: str) -> str:
    """The number behind an id; empty for a bare number, and for another kind's id."""
    try:
        padded = ref[1:-1].replace(".", "_") + "=" * (-len(ref[1:-1]) % 4)
        number = base64.urlsafe_b64decode(padded)[9:].decode()[3:]
    except ValueError:
        return ""
    return number if outward_id(kind, number) == ref else ""


def _search(call: Call) -> Reply:
    return search(call, known=_KNOWN, one_of=_SEARCHED_BY)


def _search_patients(call: Call) -> Reply:
    """By an identifier, or by name and birthday together; a list of ids is none of these."""
    names = {name for name, _ in call.query}
    if "identifier" in names or {"family", "birthdate"} <= names:
        return directory.search_patients(call)
    raise FhirRefused(400, "Not enough to find a patient by")


def _appointment(world: World, visit: Appointment) -> Json:
    named = plain.appointment(world, visit)
    return named | {"identifier": [{"system": CSN_SYSTEM, "value": visit.id}]}


def _context(house: House, launch: Launch) -> Json:
    context: Json = {
        "patient": outward_id("Patient", launch.patient),
        # Texts, where SMART has truth values.
        "need_patient_banner": "false",
        "smart_style_url": f"{house.options.own_url}/styles/smart-v1.json",
        "__epic.dstu2.patient": outward_id("Patient", launch.patient),
        "state": "",
    }
    if launch.encounter:
        context["encounter"] = outward_id("Encounter", launch.encounter)
    if launch.appointment:
        # A token that the site put into its launch record.
        context["csn"] = launch.appointment
    return context


def _grant(asked: str, persona: str) -> tuple[str, ...]:
    level = _LEVELS[persona]
    records = tuple(f"{level}/{kind}.{letter}" for kind in _RECORDS for letter in "rs")
    return (*_REGISTERED[persona], *records)


def _supported() -> list[str]:
    return ["fhirUser", "launch", "openid", "profile"]


def _issuer(options: SandboxOptions) -> str:
    return options.auth_base


def _errors(house: House, error: str, urn: str) -> Json:
    return {"error": error, "error_description": ""}


def _refusal(refusal: FhirRefused) -> FhirRefused:
    said = plain.refusal_as_outcome(refusal)
    if isinstance(said.body, dict) and isinstance(issues := said.body.get("issue"), list):
        number = _NUMBERS.get(refusal.status, "59006")
        issues[0]["details"] |= {"coding": [{"system": _OUTCOMES, "code": number}]}
    return said


def _dress(call: Call, page: Json) -> Json:
    entries = page.get("entry")
    shown = entries if isinstance(entries, list) else []
    for entry in shown:
        entry["search"] = {"mode": "match"}
    if not shown:
        issue = {
            "severity": "warning",
            "code": "processing",
            "details": {
                "coding": [{"system": _OUTCOMES, "code": "4101"}],
                "text": "Resource request returns no results.",
            },
        }
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        page["entry"] = [{"resource": outcome, "search": {"mode": "outcome"}}]
    return page | {"total": len(shown)}


def _statement(house: House) -> Json:
    software: Json = {"name": "Epic", "version": "August 2026", "releaseDate": "2026-08-14T12:00:00Z"}
    return plain.statement(house, software, dict.fromkeys(_RECORDS, _READ))


EPIC: Final = Manner(
    name="epic",
    title="Epic",
    sign_on=SignOn(
        algorithms=("RS384",),
        auth_methods=("client_secret_post", "client_secret_basic", "private_key_jwt"),
        capabilities=(
            "launch-ehr", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
            "sso-openid-connect", "context-banner", "context-style", "context-ehr-patient",
            "context-ehr-encounter", "permission-offline", "permission-patient", "permission-user",
            "permission-v1", "permission-v2",
        ),
        token_lasts=timedelta(hours=1),
        grant=_grant,
        supported=_supported,
        context=_context,
        issuer=_issuer,
        errors=_errors,
        system_by_key_only=True,
    ),
    shapes=Shapes(_appointment, plain.patient, plain.practitioner, plain.location, plain.encounter),
    rooms={
        **READING,
        ("GET", "Appointment", False): _search,
        ("GET", "Patient", False): _search_patients,
    },
    statement=_statement,
    refusal=_refusal,
    dress=_dress,
    ids=Ids(outward_id, inward_id),
    routes=(
        Route(
            ADDRESSES["epic"].fhir.removesuffix("/FHIR/R4") + PATH,
            set_external_connection_status,
            methods=["GET", "POST", "PUT"],
        ),
    ),
)  # fmt: skip
