"""What the FHIR server says it can do."""

from typing import Final

from housecall.sandbox.house import House
from housecall.sandbox.manner import Json

_ABILITIES: Final = {
    "Appointment": (
        ("read", "search-type", "patch"),
        ("_id", "_count", "date", "-date-or-req-period", "patient", "practitioner", "location", "status"),
    ),
    "DocumentReference": (("read", "search-type", "create"), ("_id", "patient")),
    "Encounter": (("read", "search-type"), ("_id", "patient", "subject")),
    "Location": (("read", "search-type"), ("_id", "name")),
    "Patient": (
        ("read", "search-type"),
        ("_id", "identifier", "name", "given", "family", "birthdate", "phone", "email"),
    ),
    "Practitioner": (("read", "search-type"), ("_id", "identifier", "name", "family", "active")),
}


def capability_statement(house: House) -> Json:
    """The document behind ``/metadata``."""
    base = house.options.fhir_base
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "name": "CernerCapabilityStatement",
        "title": "Cerner Capability Statement",
        "status": "active",
        "date": "2026-08-01",
        "publisher": "Cerner",
        "description": "Make-believe Cerner implementation of FHIR on top of a sandbox Millennium",
        "kind": "instance",
        "software": {"name": "Housecall sandbox: make-believe Oracle Health Millennium"},
        "implementation": {"description": "Make-believe FHIR on top of a sandbox Millennium", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "security": _security(house),
                "resource": [_ability(name) for name in _ABILITIES],
                "interaction": [{"code": "batch"}],
            }
        ],
    }


def _security(house: House) -> Json:
    options = house.options
    addresses = {
        "token": options.token_url,
        "revoke": f"{options.token_url}/revoke",
        "authorize": options.authorize_url,
        "introspect": f"{options.own_url}/auth/tokeninfo",
    }
    coding = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    return {
        "extension": [
            {
                "extension": [{"valueUri": address, "url": name} for name, address in addresses.items()],
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            }
        ],
        "cors": True,
        "service": [{"coding": [coding], "text": "OAuth2 using SMART-on-FHIR profile"}],
    }


def _ability(name: str) -> Json:
    interactions, parameters = _ABILITIES[name]
    kinds = {
        "_id": "token",
        "_count": "number",
        "status": "token",
        "date": "date",
        "-date-or-req-period": "date",
    }
    return {
        "type": name,
        "interaction": [{"code": code} for code in interactions],
        "searchParam": [{"name": word, "type": kinds.get(word, "string")} for word in parameters],
    }
