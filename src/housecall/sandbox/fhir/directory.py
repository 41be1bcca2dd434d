"""Reading and searching patients, clinicians, places and encounters."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.exchange import Call, Reply, bundle, insufficient_scope, missing, resource
from housecall.sandbox.manner import Json
from housecall.sandbox.people import Location, Patient, Practitioner

_MOST_IDS: Final = 100
Each = TypeVar("Each")


def read_patient(call: Call) -> Reply:
    """One patient; a caller bound to one sees no other."""
    own = call.own_patient("r")
    if own and call.resource_id != own:
        raise insufficient_scope()
    patient = call.house.world.record.patients.get(call.resource_id or "")
    if patient is None:
        raise missing()
    return resource(call.house.manner.shapes.patient(patient))


def search_patients(call: Call) -> Reply:
    """Patients by ids, or by what is known of them."""
    own = call.own_patient("s")
    tests: dict[str, Callable[[Patient, str], bool]] = {
        "_id": lambda patient, value: patient.id in value.split(","),
        "identifier": lambda patient, value: value.rpartition("|")[2] == patient.mrn,
        "family": lambda patient, value: _starts(patient.family, value),
        "given": lambda patient, value: _starts(patient.given, value),
        "name": lambda patient, value: _starts(patient.family, value) or _starts(patient.given, value),
        "birthdate": lambda patient, value: value.removeprefix("eq") == patient.birth_date.isoformat(),
        "phone": lambda patient, value: any(value in phone.number for phone in patient.phones),
        "email": lambda patient, value: patient.email == value,
    }
    found = _matching(call, call.house.world.record.patients.values(), tests)
    shape = call.house.manner.shapes.patient
    return bundle(call, [shape(each) for each in found if not own or each.id == own])


def read_practitioner(call: Call) -> Reply:
    """One clinician."""
    call.may("r")
    practitioner = call.house.world.record.practitioners.get(call.resource_id or "")
    if practitioner is None:
        raise missing()
    return resource(call.house.manner.shapes.practitioner(practitioner))


def search_practitioners(call: Call) -> Reply:
    """Clinicians by ids, name, family name, identifier, or whether they are active."""
    call.may("s")
    for value in call.values("name"):
        if len(value) < 2:
            raise FhirRefused(400, "name must have at least 2 characters")
    tests: dict[str, Callable[[Practitioner, str], bool]] = {
        "_id": lambda each, value: each.id in value.split(","),
        "identifier": lambda each, value: value.rpartition("|")[2] == each.npi,
        "family": lambda each, value: _starts(each.family, value),
        "name": lambda each, value: _starts(each.family, value) or _starts(each.given, value),
        "active": lambda each, value: each.is_active == (value == "true"),
    }
    found = _matching(call, call.house.world.record.practitioners.values(), tests)
    return bundle(call, [call.house.manner.shapes.practitioner(each) for each in found])


def read_location(call: Call) -> Reply:
    """One place."""
    call.may("r")
    location = call.house.world.record.locations.get(call.resource_id or "")
    if location is None:
        raise missing()
    return resource(call.house.manner.shapes.location(location))


def search_locations(call: Call) -> Reply:
    """Places by ids or name."""
    call.may("s")
    tests: dict[str, Callable[[Location, str], bool]] = {
        "_id": lambda each, value: each.id in value.split(","),
        "name": lambda each, value: _starts(each.name, value),
    }
    found = _matching(call, call.house.world.record.locations.values(), tests)
    return bundle(call, [call.house.manner.shapes.location(each) for each in found])


def read_encounter(call: Call) -> Reply:
    """One encounter: that of an appointment."""
    own = call.own_patient("r")
    world = call.house.world
    for appointment in world.record.appointments.values():
        if appointment.encounter == call.resource_id and (not own or appointment.patient == own):
            return resource(call.house.manner.shapes.encounter(world, appointment))
    raise missing()


def search_encounters(call: Call) -> Reply:
    """Encounters by ids or patient."""
    own = call.own_patient("s")
    tests: dict[str, Callable[[Appointment, str], bool]] = {
        "_id": lambda each, value: each.encounter in value.split(","),
        "patient": lambda each, value: each.patient == value.rpartition("/")[2],
        "subject": lambda each, value: each.patient == value.rpartition("/")[2],
    }
    world = call.house.world
    found: Iterable[Appointment] = _matching(call, world.record.appointments.values(), tests)
    shape = call.house.manner.shapes.encounter
    shapes: list[Json] = [shape(world, each) for each in found if not own or each.patient == own]
    return bundle(call, shapes)


def _matching(call: Call, shelf: Iterable[Each], tests: dict[str, Callable[[Each, str], bool]]) -> list[Each]:
    wanted = [(name, value) for name, value in call.query if name in tests]
    if not wanted:
        raise FhirRefused(400, f"At least one of these parameters is needed: {', '.join(tests)}")
    unknown = [name for name, _ in call.query if name not in tests and name not in ("_count", "_format")]
    if unknown:
        raise FhirRefused(400, f"Unknown query parameter: {unknown[0]}")
    if any(name == "_id" and value.count(",") >= _MOST_IDS for name, value in wanted):
        raise FhirRefused(400, f"_id takes at most {_MOST_IDS} values")
    return [each for each in shelf if all(tests[name](each, value) for name, value in wanted)]


def _starts(text: str, value: str) -> bool:
    return any(part.casefold().startswith(value.casefold()) for part in [text, *text.split()])
