"""The patient's way in from the EHR's patient portal: launch, redirect back, and the patient's own visits.

Pages of their own only: the seat's cookie does not live in another site's frame, so none of these may be framed.
The seat is the one that the link in a text leads to. No address here holds the link's secret: who may look is told
by the launch's cookie, and who holds the seat by the seat's.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from housecall.ehr.errors import EhrUnavailable
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_organisation
from housecall.tenancy.tables import Organisation
from housecall.visits.errors import AppointmentForeign, LinkLost
from housecall.visits.launches import begin_launch, find_launch
from housecall.visits.links import make_link
from housecall.visits.patient_launches import find_owner, finish_patient_launch, list_own
from housecall.visits.tables import Seat
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.cookies import launch_cookie, set_patient_launch_cookie
from housecall.web.errors import STATUS
from housecall.web.house import House, house_of
from housecall.web.launch import LaunchIncomplete, find_launched_connection
from housecall.web.patient import (
    LANGUAGE_COOKIE,
    Link,
    draw,
    frame_of_nobody,
    page,
    read_link,
    remember_language,
    show,
    take,
)
from housecall.web.wording import dial, long_time, pick_language


def never_framed(request: Request) -> None:
    """A launch is how a patient signs in: open on purpose, but in no frame."""
    request.state.frame_ancestors = "'none'"


@dataclass(frozen=True)
class OwnVisits:
    """What this browser's launch opens: the patient's own visits, as their links show them."""

    launch_id: str
    organisation: Organisation
    links: dict[str, Link]

    @property
    def shown(self) -> dict[str, Link]:
        """Those that can be opened; where there is none, the last, which says why."""
        alive = {visit_id: link for visit_id, link in self.links.items() if not link.dead}
        return alive or dict(list(self.links.items())[-1:])


async def own_visits_guard(request: Request, launch_id: str) -> OwnVisits | None:
    """The visits of the launch whose cookie the browser holds; None has a page of its own."""
    house = house_of(request)
    secret = request.cookies.get(launch_cookie(launch_id)) or ""
    async with house.database.work() as work:
        launch = await find_launch(work, launch_id, secret, now=house.clock.now(), persona="patient")
        if launch is None:
            return None
        org_id = OrgId(launch.org_id)
        links = {
            visit.id: await read_link(house, work, seat, _address_of(house, seat))
            for visit, seat in await list_own(work, launch)
        }
        organisation = await get_organisation(work, org_id)
    return OwnVisits(launch_id, organisation, links)


def _address_of(house: House, seat: Seat) -> str:
    try:
        return make_link(house.desk, seat)
    except LinkLost:
        # Only the picture for another phone is missing then: this browser needs no link.
        return ""


routes = Audience("patient launch", guard=never_framed, include_in_schema=False)
visits = Audience("patient's own visits", guard=own_visits_guard, include_in_schema=False)
Own = Annotated[OwnVisits | None, Depends(own_visits_guard)]
Text = Annotated[str | None, Query(max_length=4096)]


@routes.get("/ehr/patient/launch/{connection_id}")
async def launch_patient(
    request: Request, connection_id: str, iss: Text = None, launch: Text = None
) -> Response:
    """A patient's launch."""
    if not iss or not launch:
        return _notice(request, "again", status=STATUS[LaunchIncomplete.kind])
    house = house_of(request)
    owner: OrgId | None = None
    try:
        connection = await find_launched_connection(house, connection_id, iss, persona="patient")
        owner = OrgId(connection.org_id)
        begun = await begin_launch(house.desk, house.database, connection, launch=launch, persona="patient")
    except HousecallError as fault:
        return await _no(request, fault, owner)
    answer = go_to(begun.authorization_url, is_secret=True)
    set_patient_launch_cookie(answer, begun.launch_id, begun.cookie_secret)
    return answer


@routes.get("/ehr/patient/callback")
async def patient_callback(
    request: Request, state: Text = None, code: Text = None, error: Text = None, error_uri: Text = None
) -> Response:
    """The EHR's answer to a patient's launch; leads to the patient's own visits, never to an address it names."""
    house = house_of(request)
    try:
        launch = await finish_patient_launch(
            house.desk,
            house.database,
            state=state,
            code=code,
            error=error,
            cookie_of=lambda launch_id: request.cookies.get(launch_cookie(launch_id)),
        )
    except HousecallError as fault:
        async with house.database.work() as work:
            owner = await find_owner(work, state)
        return await _no(request, fault, owner)
    return go_to(f"/ehr/patient/visits/{launch.id}", is_secret=True)


@visits.get("/ehr/patient/visits/{launch_id}")
async def list_own_visits(request: Request, own: Own) -> Response:
    """The one visit at once; several to choose from by their times; none, and whom to call."""
    if own is None:
        return _notice(request, "again", status=401)
    shown = own.shown
    if len(shown) == 1:
        return go_to(_path_of(own, *shown), is_secret=True)
    return _notice(request, "choose" if shown else "none", own)


@visits.get("/ehr/patient/visits/{launch_id}/{visit_id}")
async def open_own_visit(request: Request, visit_id: str, own: Own) -> Response:
    """The landing page, which changes nothing; for who holds the seat already, the visit's own page."""
    link = own.links.get(visit_id) if own else None
    return await show(request, link) if link else _refused(request, own)


@visits.post("/ehr/patient/visits/{launch_id}/{visit_id}")
async def start_own_visit(request: Request, visit_id: str, own: Own) -> Response:
    """The first press: this browser takes the seat, whoever held it before."""
    link = own.links.get(visit_id) if own else None
    return await take(request, link) if link else _refused(request, own)


@visits.get("/ehr/patient/visits/{launch_id}/{visit_id}/qr.svg")
async def own_picture(visit_id: str, own: Own) -> Response:
    """The visit's link as a picture for another phone's camera."""
    return draw(own.links.get(visit_id) if own else None)


def _refused(request: Request, own: OwnVisits | None) -> Response:
    """Without a launch: begin in the portal. With one: the visit is somebody else's, or is no visit."""
    if own is None:
        return _notice(request, "again", status=401)
    return _notice(request, "foreign", own, status=403)


async def _no(request: Request, fault: HousecallError, owner: OrgId | None) -> Response:
    """What is wrong in the patient's words, with the clinic's number where the clinic is known."""
    organisation = None
    if owner is not None:
        async with house_of(request).database.work() as work:
            organisation = await get_organisation(work, owner)
    return _notice(request, _kind_of(fault), organisation=organisation, status=STATUS[fault.kind])


def _kind_of(fault: HousecallError) -> str:
    if isinstance(fault, AppointmentForeign):
        return "foreign"
    return "away" if isinstance(fault, EhrUnavailable) else "again"


def _path_of(own: OwnVisits, visit_id: str) -> str:
    return f"/ehr/patient/visits/{own.launch_id}/{visit_id}"


def _notice(
    request: Request,
    kind: str,
    own: OwnVisits | None = None,
    *,
    organisation: Organisation | None = None,
    status: int = 200,
) -> Response:
    shown, clinic = (own.shown, own.organisation) if own else ({}, organisation)
    language = pick_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        next((link.seat.language for link in shown.values() if link.seat.language), None),
        accepted=request.headers.get("accept-language", ""),
        fallback=clinic.language if clinic else "en",
    )
    values: dict[str, Any] = {**frame_of_nobody(), "kind": kind, "choices": []}
    if clinic:
        phone = clinic.clinic_phone
        values |= {"clinic": clinic.display_name, "phone": phone, "dial": dial(phone)}
        values["fallback"] = clinic.language
    if own and kind == "choose":
        values["choices"] = [
            {"href": _path_of(own, visit_id), "when": long_time(link.starts_at, link.time_zone, language)}
            for visit_id, link in shown.items()
        ]
    answer = page(request, "portal", language, values, status=status)
    remember_language(request, answer)
    return answer
