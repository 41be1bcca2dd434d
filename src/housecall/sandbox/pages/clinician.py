"""Who is signed in to the EHR in this browser: each visit's own clinician, until somebody else is chosen."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from housecall.sandbox.booking import Appointment
from housecall.sandbox.house import house_of
from housecall.sandbox.pages.frame import same_site_path
from housecall.sandbox.people import Practitioner

_COOKIE: Final = "sandbox_clinician"


def find_signed_in(request: Request) -> Practitioner | None:
    """The clinician chosen in this browser."""
    everybody = house_of(request).world.record.practitioners
    return everybody.get(request.cookies.get(_COOKIE, ""))


def acting_clinician(request: Request, visit: Appointment | None) -> Practitioner:
    """Who opens the chart: named in the address, else signed in, else the visit's own clinician.

    The address comes first, so that two charts side by side may belong to two clinicians.
    """
    world = house_of(request).world
    if wanted := request.query_params.get("as"):
        return world.practitioner(wanted)
    if chosen := find_signed_in(request):
        return chosen
    return world.practitioner(visit.practitioner if visit else next(iter(world.record.practitioners)))


async def sign_in(request: Request) -> Response:
    """The clinician is signed in; an empty choice leaves it to each visit. Back to where the form was."""
    form = await request.form()
    chosen = str(form.get("clinician", ""))
    if chosen:
        house_of(request).world.practitioner(chosen)
    back = RedirectResponse(same_site_path(str(form.get("back", "")), "/"), 303)
    back.set_cookie(_COOKIE, chosen, httponly=True, samesite="lax", path="/")
    return back


ROUTES = [Route("/clinician", sign_in, methods=["POST"])]
