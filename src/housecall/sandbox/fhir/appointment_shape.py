"""How an appointment looks when read, with the traps of real records."""

from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.fhir.coding import EXTENSIONS, code_set, concept, instant, narrative
from housecall.sandbox.manner import Json
from housecall.sandbox.world import World

_SERVICES: Final = {
    "Video Visit": "2572308101", "Office Visit": "4047711", "Lab Draw": "4047722", "Immunization": "4047733",
    "Minor Procedure": "4047744",
}  # fmt: skip
_PERFORMER: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "PPRF",
            "display": "primary performer",
        }
    ]
}
# Contained ids and kinds in the order they are read: the patient's room comes first here,
# although a PATCH calls the provider's room number 0.
_ROOMS: Final = (("28", "Patient Virtual Meeting Room"), ("31", "Provider Virtual Meeting Room"))


def appointment_shape(world: World, appointment: Appointment) -> Json:
    """The resource as a search or a read shows it."""
    millis = appointment.is_video
    shape: Json = {
        "resourceType": "Appointment",
        "id": appointment.id,
        "meta": {
            "versionId": appointment.version_id,
            "lastUpdated": instant(appointment.changed, millis=millis),
        },
        "text": _text(world, appointment),
        "extension": _extensions(appointment),
        "status": appointment.status,
        "serviceType": [concept(14249, _SERVICES.get(appointment.service, "4047999"), appointment.service)],
        "reasonCode": [{"text": appointment.reason}],
        "description": appointment.service,
        "start": instant(appointment.start, millis=millis),
        "end": instant(appointment.end, millis=millis),
        "minutesDuration": appointment.minutes,
        "slot": [
            {"reference": f"Slot/21265-{appointment.location}-{int(appointment.start.timestamp()) // 60}-0"}
        ],
        "participant": _participants(world, appointment),
        "requestedPeriod": [
            {
                "start": instant(appointment.start, millis=millis),
                "end": instant(appointment.end, millis=millis),
            }
        ],
    }
    if appointment.is_video:
        shape["contained"] = [_room(appointment, room_id, kind) for room_id, kind in _ROOMS]
    if appointment.status in ("cancelled", "noshow") and appointment.cancel_reason:
        shape["cancelationReason"] = _cancel_reason(appointment)
    return shape


def _text(world: World, appointment: Appointment) -> dict[str, str]:
    people = f"Patient: {world.patient(appointment.patient).listed}"
    lines = [
        ("Status", appointment.status.title()),
        ("Service Type", appointment.service),
        ("Start", appointment.start.strftime("%b %d, %Y %I:%M %p UTC")),
        ("Participants", people),
    ]
    if appointment.is_video:
        lines.append(("Video Visit", "Yes"))
    return narrative("Appointment", *lines)


def _extensions(appointment: Appointment) -> list[Json]:
    standing = appointment.status in ("proposed", "booked")
    listed: list[Json] = [
        {"valueBoolean": standing, "url": f"{EXTENSIONS}/is-cancelable"},
        {"valueBoolean": standing, "url": f"{EXTENSIONS}/is-reschedulable"},
    ]
    if appointment.comment is not None or "empty-comment" in appointment.oddities:
        listed.insert(0, {"valueString": appointment.comment or "", "url": f"{EXTENSIONS}/action-comment"})
    return listed


def _room(appointment: Appointment, room_id: str, kind: str) -> Json:
    room: Json = {"resourceType": "HealthcareService", "id": room_id, "type": [{"text": kind}]}
    if rooms := appointment.rooms:
        url = rooms.patient_url if kind.startswith("Patient") else rooms.provider_url
        period = {"start": rooms.start, "end": rooms.end}
        room["telecom"] = [{"system": "url", "value": url, "period": period}]
    return room


def _participants(world: World, appointment: Appointment) -> list[Json]:
    patient = world.patient(appointment.patient)
    clinician = world.practitioner(appointment.practitioner)
    place = world.location(appointment.location)
    role = {
        "coding": [{"system": code_set(14250), "code": "4572", "display": "Patient", "userSelected": True}]
    }
    listed: list[Json] = [
        {
            "type": [role | {"text": "Patient"}],
            "actor": {"reference": f"Patient/{patient.id}", "display": patient.listed},
            "required": "required",
            "status": appointment.patient_status,
            # The period of the person's part need not be that of the appointment.
            "period": {"start": instant(appointment.start, millis=False)},
        },
        {
            "type": [concept(14250, "4574", "Resource"), _PERFORMER],
            "actor": {"reference": f"Practitioner/{clinician.id}", "display": clinician.listed},
            "required": "required",
            "status": "accepted",
        },
        {
            "actor": {"reference": f"Location/{place.id}", "display": place.name},
            "required": "required",
            "status": "accepted",
        },
    ]
    if "display-only" in appointment.oddities:
        equipment: Json = {
            "type": [concept(14250, "269830117", "Treatment Room")],
            "actor": {"display": "Treatment Room"},
        }
        listed.insert(0, equipment | {"required": "required", "status": "accepted"})
    if appointment.is_video:
        listed += [
            {"type": [{"text": kind}], "actor": {"reference": f"#{room_id}"}, "status": "accepted"}
            for room_id, kind in _ROOMS
        ]
    return listed


def _cancel_reason(appointment: Appointment) -> Json:
    if "uncoded-cancel" in appointment.oddities:
        return {"coding": [{"system": code_set(14229), "code": "0", "userSelected": True}]}
    standard = (
        "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",
        "oth-err",
        "Other: Error",
    )
    return concept(14229, "2191417711", appointment.cancel_reason or "Other", standard)
