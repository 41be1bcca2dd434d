"""Online meetings as Graph keeps them: made once for each organiser and external id, changed, deleted."""

import base64
import re
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.kit.ids import new_uuid
from housecall.sandbox.house import House
from housecall.sandbox.teams import words
from housecall.sandbox.teams.directory import user_named
from housecall.sandbox.teams.door import graph, read_form
from housecall.sandbox.teams.errors import GraphRefused
from housecall.sandbox.teams.tenant import TENANT_ID, Meeting, User

_WRITE: Final = "OnlineMeetings.ReadWrite.All"
_READ: Final = ("OnlineMeetings.Read.All", _WRITE)
_HOUR: Final = timedelta(hours=1)
_BY_JOIN_URL: Final = re.compile(r"JoinWebUrl eq '((?:[^']|'')*)'", re.IGNORECASE)


@graph(_WRITE)
async def create_or_get(house: House, request: Request) -> Response:
    """201 with a new meeting, 200 with the one that this organiser has under this external id."""
    organiser = _organiser(house, request, "Create")
    form = await read_form(request)
    words.check(form, words.CREATE_OR_GET, of="onlineMeeting")
    external = form.get("externalId")
    if not external:
        raise GraphRefused(400, "BadRequest", "externalId is required.")
    start, end = _times(house, form)
    for known in house.teams.meetings.values():
        if (known.organiser, known.external_id) == (organiser.id, external):
            return JSONResponse(known.fields, 200)
    meeting = _make(house, organiser, external, {**form, "startDateTime": start, "endDateTime": end})
    house.teams.meetings[meeting.id] = meeting
    house.world.touch()
    return JSONResponse(meeting.fields, 201)


def _times(house: House, form: dict[str, Any]) -> tuple[str, str]:
    if "endDateTime" in form and "startDateTime" not in form:
        raise GraphRefused(400, "BadRequest", "endDateTime is given without startDateTime.")
    start = form.get("startDateTime") or house.clock.now().isoformat()
    begins = words.read_time("startDateTime", start)
    end = form.get("endDateTime") or (begins + _HOUR).isoformat()
    if words.read_time("endDateTime", end) < begins:
        raise GraphRefused(400, "BadRequest", "endDateTime is before startDateTime.")
    return start, end


def _make(house: House, organiser: User, external: str, form: dict[str, Any]) -> Meeting:
    thread = f"19:meeting_{base64.urlsafe_b64encode(new_uuid().bytes * 2).decode().rstrip('=')}@thread.v2"
    context = f'{{"Tid":"{TENANT_ID}","Oid":"{organiser.id}"}}'
    own = house.options.own_url
    join = f"{own}/teams/l/meetup-join/{quote(thread, safe='')}/0?context={quote(context, safe='')}"
    meeting_id = base64.urlsafe_b64encode(f"1*{organiser.id}*0**{thread}".encode()).decode()
    identity = {"user": {"id": organiser.id, "displayName": None}}
    fields = {
        "@odata.type": "#microsoft.graph.onlineMeeting",
        "id": meeting_id,
        "creationDateTime": house.clock.now().isoformat(),
        "startDateTime": form["startDateTime"],
        "endDateTime": form["endDateTime"],
        "subject": form.get("subject"),
        "externalId": external,
        "joinWebUrl": join,
        "meetingOptionsWebUrl": f"{own}/teams/options",
        "chatInfo": {"threadId": thread, "messageId": "0", "replyChainMessageId": None},
        "participants": {
            "organizer": {"upn": organiser.mail, "role": "presenter", "identity": identity},
            "attendees": form.get("participants", {}).get("attendees", []),
        },
        "lobbyBypassSettings": {"scope": "organization", "isDialInBypassEnabled": False},
        "allowedPresenters": "everyone",
        "allowMeetingChat": "enabled",
        "allowRecording": True,
        "recordAutomatically": False,
        "isEntryExitAnnounced": True,
    }
    return Meeting(meeting_id, organiser.id, thread, external, house.clock.now(), fields)


def _organiser(house: House, request: Request, verb: str) -> User:
    user = user_named(house, request)
    if not house.teams.allows(user.id):
        # Word for word what administrators search for; it comes with 403 and without a Retry-After.
        raise GraphRefused(
            403,
            "General",
            "No application access policy found for this app. "
            f"Unauthorized: the app is not authorized to {verb} meeting on behalf of user.",
        )
    if is_unlicensed(user):
        raise GraphRefused(403, "Forbidden", "User does not have a license for Teams meetings.")
    return user


def is_unlicensed(user: User) -> bool:
    """Whether the user has no plan with Teams meetings in it."""
    return "TEAMS1" not in user.plans


def meeting_named(house: House, request: Request, verb: str) -> Meeting:
    """The organiser's meeting in the path; raises GraphRefused, also while it cannot be seen yet."""
    organiser = _organiser(house, request, verb)
    meeting = house.teams.meetings.get(request.path_params["meeting_id"])
    is_hidden = meeting is None or not house.teams.shows(meeting.made, house.clock.now())
    if meeting is None or is_hidden or meeting.organiser != organiser.id:
        raise GraphRefused(404, "NotFound", "The meeting does not exist.")
    return meeting


@graph(*_READ)
async def show(house: House, request: Request) -> Response:
    """One meeting."""
    return JSONResponse(meeting_named(house, request, "Get").fields)


@graph(*_READ)
async def find(house: House, request: Request) -> Response:
    """The organiser's meeting with the join address in the filter, which is the only filter there is."""
    organiser = _organiser(house, request, "Get")
    match = _BY_JOIN_URL.fullmatch(request.query_params.get("$filter", ""))
    if match is None:
        raise GraphRefused(
            400, "InvalidArgument", "Filter expression expected: JoinWebUrl or VideoTeleconferenceId."
        )
    meeting = house.teams.meeting_at(match[1].replace("''", "'"))
    found = meeting is not None and meeting.organiser == organiser.id
    return JSONResponse({"value": [meeting.fields] if meeting is not None and found else []})


@graph(_WRITE)
async def change(house: House, request: Request) -> Response:
    """The meeting with these properties."""
    meeting = meeting_named(house, request, "Update")
    form = await read_form(request)
    words.check(form, words.ONLINE_MEETING, of="onlineMeeting")
    wanted = {**meeting.fields, **form}
    if _read(wanted, "endDateTime") < _read(wanted, "startDateTime"):
        raise GraphRefused(400, "BadRequest", "endDateTime is before startDateTime.")
    lobby = {**meeting.fields["lobbyBypassSettings"], **form.get("lobbyBypassSettings", {})}
    meeting.fields.update(wanted | {"lobbyBypassSettings": lobby})
    house.world.touch()
    return JSONResponse(meeting.fields)


def _read(fields: dict[str, Any], name: str) -> datetime:
    return words.read_time(name, fields[name])


@graph(_WRITE)
async def delete(house: House, request: Request) -> Response:
    """The meeting is gone, and with it what was reported of it."""
    meeting = meeting_named(house, request, "Delete")
    del house.teams.meetings[meeting.id]
    house.teams.reports.pop(meeting.id, None)
    house.world.touch()
    return Response(status_code=204)


@graph("VirtualAppointment.Read.All", "VirtualAppointment.ReadWrite.All")
async def virtual_link(house: House, request: Request) -> Response:
    """The address for a guest's browser; refused where the tenant holds no licence for it."""
    meeting = meeting_named(house, request, "Get")
    if house.teams.switches.cloud != "global":
        raise GraphRefused(
            400, "BadRequest", "Resource not found for the segment 'getVirtualAppointmentJoinWebUrl'."
        )
    if not house.teams.switches.virtual_links:
        raise GraphRefused(403, "Forbidden", "The tenant does not have the license for virtual appointments.")
    route = f"{house.options.own_url}/teams/webrtc-svc/api/route"
    return JSONResponse({"value": f"{route}?tid={TENANT_ID}&convId={quote(meeting.thread, safe='')}"})


_U: Final = "/graph/v1.0/users/{user_id}/onlineMeetings"
ROUTES = [
    Route(f"{_U}/createOrGet", create_or_get, methods=["POST"]),
    Route(_U, find),
    Route(f"{_U}/{{meeting_id}}", show),
    Route(f"{_U}/{{meeting_id}}", change, methods=["PATCH"]),
    Route(f"{_U}/{{meeting_id}}", delete, methods=["DELETE"]),
    Route(f"{_U}/{{meeting_id}}/getVirtualAppointmentJoinWebUrl", virtual_link),
]
