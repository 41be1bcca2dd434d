"""A server that keeps to SMART App Launch 2.2 and FHIR R4, and does what the standard leaves to it.

Its token answers leave out how long they last, a refresh brings a new refresh token and kills the old one, the
launch names its appointment in ``fhirContext``, searches take any parameters together, pages are counted, and
every refusal is an OperationOutcome.
"""

import json
from datetime import timedelta
from typing import Final

from housecall.sandbox.auth.grants import Launch
from housecall.sandbox.auth.scopes import granted, supported
from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir import patching
from housecall.sandbox.fhir.coding import instant
from housecall.sandbox.fhir.exchange import Call, Reply, refused
from housecall.sandbox.house import House
from housecall.sandbox.manner import Json, Manner, Shapes, SignOn
from housecall.sandbox.manners import plain
from housecall.sandbox.manners.millennium import READING
from housecall.sandbox.manners.searching import search
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.world import World

_KNOWN: Final = ("_id", "date", "patient", "practitioner", "location", "status")
_READ: Final = ("read", "search-type")


def _search(call: Call) -> Reply:
    return search(call, known=_KNOWN)


def _patch(call: Call) -> Reply:
    """The status is changed by a JSON Patch, as the standard has it; nothing else is."""
    try:
        paths = {str(op.get("path")) for op in json.loads(call.body)}
    except (ValueError, TypeError, AttributeError):
        raise refused(400, "invalid", "The body is not a JSON Patch") from None
    if paths != {"/status"}:
        raise refused(422, "business-rule", "Only the status can be changed")
    return patching.patch(call)


def _appointment(world: World, visit: Appointment) -> Json:
    meta = {"versionId": visit.version_id, "lastUpdated": instant(visit.changed)}
    return plain.appointment(world, visit) | {"meta": meta}


def _context(house: House, launch: Launch) -> Json:
    context: Json = {"patient": launch.patient, "need_patient_banner": True}
    if launch.encounter:
        context["encounter"] = launch.encounter
    if launch.appointment:
        context["fhirContext"] = [{"reference": f"Appointment/{launch.appointment}"}]
    return context


def _grant(asked: str, persona: str) -> tuple[str, ...]:
    # Of the two words for a session that lasts, this server knows offline_access only.
    return tuple("offline_access" if word == "online_access" else word for word in granted(asked, persona))


def _issuer(options: SandboxOptions) -> str:
    return options.auth_base


def _errors(house: House, error: str, urn: str) -> Json:
    return {"error": error}


def _refusal(refusal: FhirRefused) -> FhirRefused:
    return plain.refusal_as_outcome(refusal)


def _statement(house: House) -> Json:
    abilities = dict.fromkeys(("Encounter", "Location", "Patient", "Practitioner"), _READ)
    software: Json = {"name": "Lakeside FHIR Server", "version": "6.2.1"}
    return plain.statement(house, software, abilities | {"Appointment": (*_READ, "patch")})


def _dress(call: Call, page: Json) -> Json:
    entries = page.get("entry")
    shown = entries if isinstance(entries, list) else []
    for entry in shown:
        entry["search"] = {"mode": "match"}
    return page | {"total": len(shown)}


GENERIC: Final = Manner(
    name="generic",
    title="a SMART EHR",
    sign_on=SignOn(
        algorithms=("RS384", "ES384"),
        auth_methods=("client_secret_basic", "private_key_jwt"),
        capabilities=(
            "launch-ehr", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
            "sso-openid-connect", "context-ehr-patient", "context-ehr-encounter", "permission-patient",
            "permission-user", "permission-offline", "permission-v2",
        ),
        token_lasts=timedelta(minutes=5),
        grant=_grant,
        supported=supported,
        context=_context,
        issuer=_issuer,
        errors=_errors,
        says_expiry=False,
        renews_refresh=True,
    ),
    shapes=Shapes(_appointment, plain.patient, plain.practitioner, plain.location, plain.encounter),
    rooms={("GET", "Appointment", False): _search, ("PATCH", "Appointment", True): _patch, **READING},
    statement=_statement,
    refusal=_refusal,
    dress=_dress,
    has_batch=True,
)  # fmt: skip
