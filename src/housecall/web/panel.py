"""The clinician's panel in the chart: one page, its acts, and the hand-over to a tab of its own."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from fastapi import Body, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.audit.model import Actor, By
from housecall.ehr.base import Writing
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import OrgId
from housecall.messaging.model import Channel
from housecall.messaging.service import list_messages
from housecall.tenancy.settings import reminder_of
from housecall.tenancy.store import get_connection, get_organisation
from housecall.tenancy.tables import Connection
from housecall.visits import elsewhere, service
from housecall.visits.details import read_details
from housecall.visits.errors import VisitUnknown
from housecall.visits.handover import make_handover, use_handover
from housecall.visits.instant import may_begin
from housecall.visits.launches import find_launch
from housecall.visits.resending import send_again, why_not_again
from housecall.visits.scene import visit_window
from housecall.visits.spoken import make_code
from housecall.visits.store import get_visit, list_visits, list_with_successors
from housecall.visits.summary import file_summary
from housecall.visits.tables import Launch
from housecall.visits.texting import send_link
from housecall.visits.texting_ready import call_in
from housecall.visits.views import visit_view, visit_views
from housecall.visits.without_ehr import ACCOUNT
from housecall.visits.words import WAITING_TEXTS
from housecall.web.answers import fresh, go_to
from housecall.web.audience import Audience, anyone
from housecall.web.cookies import launch_cookie, set_launch_cookie
from housecall.web.handovers import address_of
from housecall.web.house import House, house_of
from housecall.web.launch import frame_ancestors_of, mpages_parents_of
from housecall.web.origin import RequestForeign
from housecall.web.pages import render
from housecall.web.spoken import shown


class PanelClosed(HousecallError):
    """This panel's session is over. Open Housecall from the chart again."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "web.panel_closed"


@dataclass(frozen=True)
class Caller:
    """The clinician behind a request: a launch, its connection and organisation."""

    house: House
    launch: Launch
    connection: Connection
    org_id: OrgId
    visit_ids: list[str]

    @property
    def by(self) -> By:
        """The clinician as the audit log knows them."""
        return By(Actor.clinician, self.launch.user_ref or "")

    @property
    def has_ehr(self) -> bool:
        """Whether the EHR let this person in, or only the organisation's own account did."""
        return not (self.launch.user_ref or "").startswith(ACCOUNT)

    @property
    def user(self) -> str:
        """The clinician as colleagues ask them; ``*`` for an account, which the EHR does not know."""
        return (self.launch.user_ref or "") if self.has_ehr else "*"

    def visit(self, visit_id: str) -> str:
        """The visit's id, if this launch is about it; raises VisitUnknown."""
        if visit_id not in self.visit_ids:
            raise VisitUnknown
        return visit_id


async def panel_guard(request: Request, launch_id: str) -> Caller:
    """The caller by the launch's own cookie; an act must also come from our own page."""
    house = house_of(request)
    request.state.frame_ancestors = "*"
    if request.method != "GET":
        _refuse_foreign(request, house)
    secret = request.cookies.get(launch_cookie(launch_id)) or ""
    async with house.database.work() as work:
        launch = await find_launch(work, launch_id, secret, now=house.clock.now())
        if launch is None or launch.persona != "practitioner":
            raise PanelClosed
        org_id = OrgId(launch.org_id)
        connection = await get_connection(work, org_id, launch.connection_id)
        visit_ids = await list_with_successors(work, org_id, launch.visit_ids)
    request.state.frame_ancestors = frame_ancestors_of(connection)
    return Caller(house, launch, connection, org_id, visit_ids)


def _refuse_foreign(request: Request, house: House) -> None:
    origin = request.headers.get("origin")
    if request.headers.get("x-housecall") != "panel" or (origin and origin != house.public_url):
        raise RequestForeign


Act = Callable[..., Awaitable[dict[str, Any]]]


def find_act(acts: Mapping[str, Act], name: str) -> Act:
    """The act of that name; raises VisitUnknown, as an address that leads nowhere does."""
    if name not in acts:
        raise VisitUnknown
    return acts[name]


async def perform(caller: Caller, act: Act, visit_id: str, *about: Any, **named: Any) -> Response:
    """One act of the caller on a visit of theirs; the answer is the visit as it stands then."""
    async with caller.house.database.work() as work:
        view = await act(
            caller.house.desk, work, caller.org_id, caller.visit(visit_id), *about, by=caller.by, **named
        )
    return fresh(view)


routes = Audience("panel", guard=panel_guard, include_in_schema=False)
doors = Audience("hand-over", guard=anyone, include_in_schema=False)
Guarded = Annotated[Caller, Depends(panel_guard)]


@routes.get("/panel/{launch_id}")
async def panel(request: Request, launch_id: str, caller: Guarded) -> Response:
    """The panel; what it shows first is in the page, what changes comes by its socket."""
    async with caller.house.database.work() as work:
        visits = await list_visits(work, caller.org_id, caller.visit_ids)
        views = await visit_views(work, caller.org_id, visits)
        organisation = await get_organisation(work, caller.org_id)
    first = {
        "launch": caller.launch.id,
        "user": caller.user,
        "begins": may_begin(caller.launch, visits),
        "visits": views,
        "clinic": organisation.display_name,
        "time_zone": caller.connection.time_zone,
        "list": f"/panel/{caller.launch.id}/today" if caller.has_ehr else "/panel/today",
        "alone": caller.launch.handed_over_from is not None or not caller.has_ehr,
        "files_notes": caller.has_ehr
        and Writing.notes in caller.house.desk.ehr.client(caller.connection).writes,
        "reminder": reminder_of(organisation),
        "tells_guests": organisation.keeps_guest_addresses,
        "words": {key: texts["en"] for key, texts in WAITING_TEXTS.items()},
        "server_now": caller.house.clock.now().isoformat(),
    }
    return render(
        request,
        "panel/panel.html",
        frame_ancestors=request.state.frame_ancestors,
        parents=mpages_parents_of(caller.connection),
        first=first,
        clinic=organisation.display_name,
    )


@routes.get("/panel/{launch_id}/visits/{visit_id}/details")
async def details(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """Who and when, read from the EHR now; kept nowhere."""
    found = await read_details(
        caller.house.desk, caller.house.database, caller.launch, caller.visit(visit_id)
    )
    return fresh(found)


@routes.get("/panel/{launch_id}/visits/{visit_id}/messages")
async def messages(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """The visit's messages, oldest first, without addresses."""
    async with caller.house.database.work() as work:
        found = await list_messages(work, caller.org_id, caller.visit(visit_id))
        visit = await get_visit(work, caller.org_id, visit_id)
    is_past = visit_window(visit, caller.connection).is_past(caller.house.clock.now())
    return fresh(
        [
            {
                "id": str(one.id),
                "again": why_not_again(one, visit, is_past=is_past) is None,
                "kind": one.kind,
                "channel": one.channel,
                "state": one.state,
                "reason": one.reason,
                "due_at": one.due_at.isoformat(),
                "at": _changed_at(one).isoformat(),
            }
            for one in found
        ]
    )


def _changed_at(message: Any) -> Any:
    return (
        message.delivered_at
        or message.failed_at
        or message.accepted_at
        or message.queued_at
        or message.created_at
    )


ACTS: Final[dict[str, Act]] = {
    "admit": service.admit,
    "decline": service.decline,
    "hold": service.hold,
    "resume": service.resume,
    "send-back": service.send_back,
    "end": service.end_visit,
    "acknowledge": service.acknowledge_arrival,
    "restart": service.restart_visit,
    "call-in": call_in,
    "hold-here": elsewhere.hold_here,
}


class LinkRequest(BaseModel):
    """Where to send the link: nowhere named means as on file; ``by`` says how, if the clinician chose."""

    to: str | None = Field(default=None, max_length=254)
    by: Channel | None = None


@routes.post("/panel/{launch_id}/visits/{visit_id}/send-link")
async def send_link_by_hand(
    launch_id: str, visit_id: str, caller: Guarded, wanted: Annotated[LinkRequest, Body()]
) -> Response:
    """The link goes out now, by text or by e-mail."""
    view = await send_link(
        caller.house.desk,
        caller.house.database,
        caller.org_id,
        caller.visit(visit_id),
        typed=(wanted.to or "").strip() or None,
        channel=wanted.by,
        by=caller.by,
    )
    return fresh(view)


@routes.post("/panel/{launch_id}/visits/{visit_id}/read-out-code")
async def read_out_code(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """A short address and code for a patient who gets no text: read out, or printed."""
    house = caller.house
    async with house.database.work() as work:
        spoken = await make_code(house.desk, work, caller.org_id, caller.visit(visit_id), by=caller.by)
    return fresh(shown(house, spoken))


@routes.post("/panel/{launch_id}/visits/{visit_id}/messages/{message_id}/again")
async def send_message_again(
    launch_id: str, visit_id: str, message_id: uuid.UUID, caller: Guarded
) -> Response:
    """A message that did not arrive leaves once more; the answer is the visit as it stands then."""
    return await perform(caller, send_again, visit_id, message_id)


@routes.post("/panel/{launch_id}/visits/{visit_id}/handover")
async def hand_over(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """A one-time address that opens this visit in a tab or browser of its own."""
    async with caller.house.database.work() as work:
        code = await make_handover(caller.house.desk, work, caller.launch, caller.visit(visit_id))
    return fresh(address_of(caller.house.public_url, code))


@routes.post("/panel/{launch_id}/visits/{visit_id}/meeting")
async def go_to_meeting(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """The ways into a meeting that is held elsewhere, in the browser and in the service's app."""
    async with caller.house.database.work() as work:
        ways = await elsewhere.go_there(
            caller.house.desk,
            work,
            caller.org_id,
            caller.visit(visit_id),
            user_ref=caller.launch.user_ref or "",
            by=caller.by,
        )
    return fresh(ways)


@routes.post("/panel/{launch_id}/visits/{visit_id}/file-summary")
async def file_to_chart(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """The ended visit's summary is in the chart; the answer is the visit."""
    house, visit_id = caller.house, caller.visit(visit_id)
    await file_summary(house.desk, house.database, caller.launch, visit_id)
    async with house.database.work() as work:
        visit = await get_visit(work, caller.org_id, visit_id)
        view = await visit_view(work, caller.org_id, visit, now=house.clock.now())
    return fresh(view)


class Word(BaseModel):
    """Which of the clinic's sentences whoever waits is to read."""

    key: str = Field(max_length=40)


@routes.post("/panel/{launch_id}/visits/{visit_id}/tell")
async def tell_waiting(
    launch_id: str, visit_id: str, caller: Guarded, word: Annotated[Word, Body()]
) -> Response:
    """Whoever waits reads the sentence at once, in their language."""
    return await perform(caller, service.message_waiting, visit_id, text_key=word.key)


@routes.post("/panel/{launch_id}/visits/{visit_id}/{act}")
async def act_on_visit(launch_id: str, visit_id: str, act: str, caller: Guarded) -> Response:
    """One act of the clinician on a visit; the answer is the visit as it stands then."""
    return await perform(caller, find_act(ACTS, act), visit_id)


@doors.get("/h/{code}")
async def door(request: Request, code: str) -> Response:
    """The page behind a hand-over address; it changes nothing until it is pressed."""
    return render(request, "panel/handover.html")


@doors.post("/h/{code}")
async def walk_through(request: Request, code: str) -> Response:
    """The code is used up, and this browser holds the visit."""
    house = house_of(request)
    async with house.database.work() as work:
        launch, secret = await use_handover(house.desk, work, code)
    response = go_to(f"/panel/{launch.id}", is_secret=True)
    set_launch_cookie(response, launch.id, secret)
    return response
