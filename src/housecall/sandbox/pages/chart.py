"""A patient's chart, with Housecall as one of its tabs."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import house_of
from housecall.sandbox.launching import launch_for, launch_link
from housecall.sandbox.pages.clinician import acting_clinician
from housecall.sandbox.pages.frame import own_address, page
from housecall.sandbox.pages.schedule import CANCEL_REASONS
from housecall.sandbox.seed.charts import chart_of
from housecall.sandbox.world import local_day

TABS: Final = {
    "summary": "Summary",
    "results": "Results Review",
    "medications": "Medication List",
    "documents": "Documents",
    "appointments": "Appointments",
    "housecall": "Housecall",
}


async def chart(request: Request) -> Response:
    """One tab of the chart; opening Housecall's makes a fresh launch, as the clinician signed in."""
    house = house_of(request)
    world, query = house.world, request.query_params
    patient = world.patient(request.path_params["patient_id"])
    wanted = query.get("appointment")
    visit = world.appointment(wanted) if wanted else world.find_next_of_patient(patient.id)
    if visit and visit.patient != patient.id:
        raise RequestRefused("The appointment is another patient's.")
    acting = acting_clinician(request, visit)
    tab = query.get("tab", "summary")
    tab = tab if tab in TABS else "summary"
    launch = None
    if tab == "housecall":
        made = launch_for(house, patient=patient.id, practitioner=acting.id, appointment=wanted)
        launch = launch_link(house, made)
    today = local_day(house.clock.now())
    return page(
        request,
        "chart.html",
        title=f"{patient.listed}: {TABS[tab]}",
        patient=patient,
        age=patient.age_on(today),
        visit=visit,
        wanted=wanted or "",
        acting=acting,
        tabs=TABS,
        tab=tab,
        chart=chart_of(patient, today),
        launch=launch,
        visits=list(reversed(world.list_of_patient(patient.id))),
        notes=[each for each in reversed(world.record.notes.values()) if each.patient == patient.id],
        record=world.record,
        reasons=CANCEL_REASONS,
        back=own_address(request),
    )


ROUTES = [Route("/chart/{patient_id}", chart)]
