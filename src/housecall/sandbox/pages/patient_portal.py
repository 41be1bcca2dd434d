"""The EHR's own patient portal: sign in as somebody, see the appointments, begin the video visit."""

from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from housecall.sandbox.booking import OVER, Appointment
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.launching import launch_for, launch_link
from housecall.sandbox.pages.frame import page
from housecall.sandbox.people import Patient

# A visit may run over, or begin late: it is offered this long after its end.
_LATE: Final = timedelta(hours=2)


async def portal(request: Request) -> Response:
    """The list of people to sign in as, or the portal of one."""
    house = house_of(request)
    who = request.query_params.get("as")
    if not who:
        people = [
            each for each in house.world.record.patients.values() if each.is_active and not each.died_on
        ]
        return page(request, "people.html", title="Patient portal", people=_by_next_visit(house, people))
    patient = house.world.patient(who)
    visits = [each for each in house.world.list_of_patient(patient.id) if _is_shown(each)]
    now = house.clock.now()
    return page(
        request,
        "patient.html",
        title="Patient portal",
        patient=patient,
        coming=[each for each in visits if _is_coming(each, now)],
        past=[each for each in reversed(visits) if not _is_coming(each, now)],
        record=house.world.record,
    )


def _is_shown(visit: Appointment) -> bool:
    """A patient sees neither slips nor what is marked as sensitive."""
    return visit.status != "entered-in-error" and not visit.is_sensitive


def _is_coming(visit: Appointment, now: datetime) -> bool:
    return visit.status not in OVER and visit.end + _LATE > now


def _by_next_visit(house: House, people: list[Patient]) -> list[tuple[Patient, Appointment | None]]:
    """Each with the visit that comes next or is going on; whose is soonest comes first, then by name."""
    now, coming = house.clock.now(), dict[str, Appointment]()
    for each in sorted(house.world.record.appointments.values(), key=lambda each: each.start):
        if _is_shown(each) and _is_coming(each, now):
            coming.setdefault(each.patient, each)
    listed = [(each, coming.get(each.id)) for each in people]
    return sorted(
        listed, key=lambda pair: (pair[1] is None, pair[1].start if pair[1] else now, pair[0].listed)
    )


async def begin(request: Request) -> Response:
    """To Housecall, with a launch of the patient's own."""
    house = house_of(request)
    form = await request.form()
    visit = house.world.appointment(str(form.get("appointment", "")))
    if not visit.is_video:
        raise RequestRefused("This is not a video visit.")
    made = launch_for(house, patient=visit.patient, appointment=visit.id, persona="patient")
    return RedirectResponse(launch_link(house, made), 303)


ROUTES = [
    Route("/patient", portal),
    Route("/patient/begin", begin, methods=["POST"]),
]
