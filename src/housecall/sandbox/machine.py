"""The sandbox's interface for programs, under ``/sandbox``: planting, booking, switching, looking."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.sandbox import desk
from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.launching import launch_for, launch_link
from housecall.sandbox.people import Patient, Phone, Practitioner
from housecall.sandbox.seed.newcomers import free_number
from housecall.sandbox.wire import find_text, flag_field, number_field, read_json, text_field
from housecall.sandbox.world import Mail, Text

_FURTHEST_MINUTES: Final = desk.FURTHEST_YEARS * 365 * 24 * 60


async def book(request: Request) -> Response:
    """201 with the appointment's id, its patient and the patient's mobile number."""
    house = house_of(request)
    world, form = house.world, await read_json(request)
    start = _start(house, form, default=10)
    patient = world.patient(find_text(form, "patient") or desk.free_patient(world, start).id)
    is_video = flag_field(form, "video", default=True)
    wish = desk.Wish(
        start=start,
        minutes=int(number_field(form, "minutes", 20)),
        patient=patient.id,
        practitioner=find_text(form, "practitioner") or next(iter(world.record.practitioners)),
        location=find_text(form, "location") or desk.usual_place(world, is_video=is_video),
        is_video=is_video,
        service=find_text(form, "service"),
        reason=find_text(form, "reason") or "Follow-up",
        status=find_text(form, "status") or "booked",
        is_sensitive=flag_field(form, "sensitive", default=False),
    )
    appointment = desk.book(world, wish)
    answer = {"id": appointment.id, "patient": patient.id, "phone": patient.mobile}
    fhir = {
        kind.lower(): house.manner.ids.outward(kind, ref)
        for kind, ref in (
            ("Appointment", appointment.id),
            ("Patient", patient.id),
            ("Practitioner", appointment.practitioner),
        )
    }
    return JSONResponse(answer | {"practitioner": appointment.practitioner, "fhir": fhir}, 201)


async def change(request: Request) -> Response:
    """The appointment, moved or with another status."""
    house = house_of(request)
    appointment = house.world.appointment(request.path_params["appointment_id"])
    form = await read_json(request)
    start = _start(house, form, default=0) if "in_minutes" in form else None
    if status := find_text(form, "status"):
        desk.set_status(house.world, appointment, status, why="Cancelled by the clinic")
    if start:
        desk.move(house.world, appointment, start)
    return JSONResponse(_appointment(appointment))


def _start(house: House, form: dict[str, object], *, default: float) -> datetime:
    minutes = number_field(form, "in_minutes", default)
    if abs(minutes) > _FURTHEST_MINUTES:
        raise RequestRefused("in_minutes reaches two years either way.")
    return (house.clock.now() + timedelta(minutes=minutes)).replace(microsecond=0)


async def show(request: Request) -> Response:
    """One appointment, as the clinic knows it."""
    house = house_of(request)
    return JSONResponse(_appointment(house.world.appointment(request.path_params["appointment_id"])))


def _appointment(appointment: Appointment) -> dict[str, object]:
    return {
        "id": appointment.id,
        "encounter": appointment.encounter,
        "patient": appointment.patient,
        "practitioner": appointment.practitioner,
        "location": appointment.location,
        "start": appointment.start.isoformat(),
        "minutes": appointment.minutes,
        "status": appointment.status,
        "video": appointment.is_video,
        "version": appointment.version_id,
        "rooms": asdict(appointment.rooms) if appointment.rooms else None,
    }


async def list_appointments(request: Request) -> Response:
    """All appointments, in the order of their booking."""
    book_of = house_of(request).world.record.appointments
    return JSONResponse([_appointment(each) for each in book_of.values()])


async def list_patients(request: Request) -> Response:
    """All patients."""
    return JSONResponse([_patient(each) for each in house_of(request).world.record.patients.values()])


def _patient(patient: Patient) -> dict[str, object]:
    return {
        "id": patient.id,
        "name": patient.name,
        "phone": patient.mobile,
        "language": patient.language,
        "birth_date": patient.birth_date.isoformat(),
        "email": patient.email,
        "mrn": patient.mrn,
    }


async def list_practitioners(request: Request) -> Response:
    """All clinicians."""
    world = house_of(request).world
    return JSONResponse([asdict(each) | {"name": each.name} for each in world.record.practitioners.values()])


async def list_locations(request: Request) -> Response:
    """All places."""
    return JSONResponse([asdict(each) for each in house_of(request).world.record.locations.values()])


async def plant(request: Request) -> Response:
    """201 with a new person as described: a patient, or with ``kind`` practitioner a clinician."""
    house = house_of(request)
    form = await read_json(request)
    if (find_text(form, "kind") or "patient") == "practitioner":
        clinician = Practitioner(
            id=house.world.new_id(),
            family=text_field(form, "family"),
            given=text_field(form, "given"),
            title=find_text(form, "title") or "MD",
            npi=find_text(form, "npi") or "1999999984",
            login=find_text(form, "login") or "",
            phone=find_text(form, "phone") or "3125550100",
        )
        house.world.record.practitioners[clinician.id] = clinician
        house.teams.hire(clinician)
        house.world.touch()
        return JSONResponse(asdict(clinician) | {"name": clinician.name}, 201)
    patient = _planted(house, form)
    house.world.add_patient(patient)
    return JSONResponse(_patient(patient), 201)


def _planted(house: House, form: dict[str, object]) -> Patient:
    try:
        born = date.fromisoformat(find_text(form, "birth_date") or "1970-01-01")
    except ValueError:
        raise RequestRefused("birth_date is a date like 1970-01-31.") from None
    patient_id = house.world.new_id()
    phone = free_number(house.world) if "phone" not in form else find_text(form, "phone")
    return Patient(
        id=patient_id,
        mrn=find_text(form, "mrn") or str(800000 + len(house.world.record.patients)),
        family=text_field(form, "family"),
        given=text_field(form, "given"),
        birth_date=born,
        gender=find_text(form, "gender") or "unknown",
        language=find_text(form, "language") or "en",
        phones=[Phone(phone, use=find_text(form, "phone_use") or "mobile", rank="1")] if phone else [],
        email=find_text(form, "email"),
        reminders_by=find_text(form, "reminders_by"),
    )


async def list_texts(request: Request) -> Response:
    """All texts, newest first; ``?to=`` narrows them to one phone."""
    to = request.query_params.get("to")
    texts = [each for each in house_of(request).world.record.texts.values() if not to or each.to == to]
    return JSONResponse([_text(each) for each in reversed(texts)])


def _text(text: Text) -> dict[str, object]:
    return {
        "id": text.id,
        "reference": text.reference,
        "from": text.sender,
        "to": text.to,
        "body": text.body,
        "at": text.at.isoformat(),
        "status": text.status,
        "reason": text.reason,
        "posts": text.posts,
        "reply": text.is_reply,
    }


async def take_mail(request: Request) -> Response:
    """201: the letter is in the mailbox."""
    house = house_of(request)
    form = await read_json(request)
    mail = Mail(
        id=house.world.new_id(),
        sender=find_text(form, "from") or "no-reply@housecall.example",
        to=text_field(form, "to"),
        subject=find_text(form, "subject") or "",
        body=text_field(form, "body"),
        at=house.clock.now(),
    )
    house.world.record.mails.append(mail)
    house.world.touch()
    return JSONResponse({"id": mail.id}, 201)


async def list_mail(request: Request) -> Response:
    """All letters, newest first."""
    mails = house_of(request).world.record.mails
    return JSONResponse([asdict(each) | {"at": each.at.isoformat()} for each in reversed(mails)])


async def list_requests(request: Request) -> Response:
    """The newest FHIR requests, oldest first."""
    asked = house_of(request).asked
    return JSONResponse([asdict(each) | {"at": each.at.isoformat()} for each in asked])


async def forget_requests(request: Request) -> Response:
    """The log of FHIR requests is empty."""
    house_of(request).asked.clear()
    return Response(status_code=204)


async def launch(request: Request) -> Response:
    """201 with what the EHR would open: for a clinician, or with ``persona`` patient for the patient."""
    house = house_of(request)
    form = await read_json(request)
    made = launch_for(
        house,
        patient=house.world.patient(text_field(form, "patient")).id,
        practitioner=find_text(form, "practitioner"),
        appointment=find_text(form, "appointment"),
        persona=find_text(form, "persona") or "provider",
    )
    answer = {"iss": house.options.fhir_base, "launch": made.code, "url": launch_link(house, made)}
    return JSONResponse(answer, 201)


async def list_told(request: Request) -> Response:
    """Who was said to be connected or gone, in the order it was told."""
    return JSONResponse([asdict(each) | {"at": each.at.isoformat()} for each in house_of(request).told])


async def show_switches(request: Request) -> Response:
    """All switches."""
    return JSONResponse(house_of(request).switches.shown())


async def turn_switches(request: Request) -> Response:
    """All switches, the named ones turned."""
    house = house_of(request)
    house.switches.turn(await read_json(request))
    house.recent.clear()
    house.world.touch()
    return JSONResponse(house.switches.shown())


async def register_client(request: Request) -> Response:
    """201 with the client as it is registered now; its secret is not shown."""
    house = house_of(request)
    client = house.clients.register(await read_json(request))
    house.world.touch()
    return JSONResponse({**asdict(client), "secret": None}, 201)


async def rotate_keys(request: Request) -> Response:
    """New keys sign from now on."""
    house_of(request).keys.rotate()
    return Response(status_code=204)


ROUTES = [
    Route("/sandbox/appointments", book, methods=["POST"]),
    Route("/sandbox/appointments", list_appointments),
    Route("/sandbox/appointments/{appointment_id}", change, methods=["PATCH"]),
    Route("/sandbox/appointments/{appointment_id}", show),
    Route("/sandbox/patients", list_patients),
    Route("/sandbox/practitioners", list_practitioners),
    Route("/sandbox/locations", list_locations),
    Route("/sandbox/people", plant, methods=["POST"]),
    Route("/sandbox/messages", list_texts),
    Route("/sandbox/mail", take_mail, methods=["POST"]),
    Route("/sandbox/mail", list_mail),
    Route("/sandbox/requests", list_requests),
    Route("/sandbox/requests", forget_requests, methods=["DELETE"]),
    Route("/sandbox/launches", launch, methods=["POST"]),
    Route("/sandbox/presences", list_told),
    Route("/sandbox/settings", show_switches),
    Route("/sandbox/settings", turn_switches, methods=["POST"]),
    Route("/sandbox/clients", register_client, methods=["POST"]),
    Route("/sandbox/keys/rotate", rotate_keys, methods=["POST"]),
]
