"""Teams as people see it: the page that offers app or browser, the guest's lobby, the meeting with its roster."""

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.pages.frame import live_page, page
from housecall.sandbox.teams import calls
from housecall.sandbox.teams.tenant import Meeting

_LONGEST_NAME: Final = 60


async def launcher(request: Request) -> Response:
    """The join address: the app, this browser, or, for who is signed in to the tenant, straight in."""
    house = house_of(request)
    meeting = _meeting_on(house, unquote(request.path_params["thread"]))
    organiser = house.teams.users[meeting.organiser]
    others = [user for user in house.teams.users.values() if user.id != organiser.id]
    return page(
        request, "teams.html", title="Join the meeting", step="launcher", meeting=meeting,
        staff=[organiser, *others],
    )  # fmt: skip


async def guest(request: Request) -> Response:
    """The address for guests: in this browser, with a name to be known by; the app is not mentioned."""
    house = house_of(request)
    meeting = _meeting_on(house, request.query_params.get("convId", ""))
    return page(request, "teams.html", title="Join the meeting", step="guest", meeting=meeting, staff=[])


def _meeting_on(house: House, thread: str) -> Meeting:
    meeting = house.teams.meeting_on(thread)
    if meeting is None:
        raise RequestRefused("This meeting does not exist any more.", status=404)
    return meeting


async def join(request: Request) -> Response:
    """Somebody comes to the meeting, by a name of their own or as a user of the tenant."""
    house = house_of(request)
    form = await request.form()
    meeting = _meeting_on(house, str(form.get("thread", "")))
    user = house.teams.users.get(str(form.get("user", "")))
    name = user.name if user else str(form.get("name", "")).strip()[:_LONGEST_NAME]
    if not name:
        raise RequestRefused("Type a name to be known by.")
    caller = calls.enter(house, meeting, name=name, user_id=user.id if user else None)
    return RedirectResponse(f"/teams/call/{caller.id}", 303)


async def call(request: Request) -> Response:
    """The lobby, or the meeting with whom is in it; renews itself."""
    house = house_of(request)
    caller_id = request.path_params["caller_id"]
    try:
        meeting, caller = calls.called(house, caller_id)
    except RequestRefused:
        meeting, caller = None, None
    return live_page(
        request, "teams_call.html", "_teams_call.html", title="Meeting", live=request.url.path,
        meeting=meeting, caller=caller,
    )  # fmt: skip


async def act(request: Request) -> Response:
    """What somebody in the meeting does: let a guest in, leave, end it for everybody."""
    house = house_of(request)
    meeting, caller = calls.called(house, request.path_params["caller_id"])
    form = await request.form()
    match str(form.get("do", "")):
        case "admit" if caller.user_id and caller.is_in_call:
            calls.admit(house, meeting, calls.called(house, str(form.get("who", "")))[1])
        case "end" if caller.user_id:
            calls.end(house, meeting)
        case "leave":
            calls.leave(house, meeting, caller)
        case _:
            raise RequestRefused("Only staff in the meeting can do that.", status=403)
    return RedirectResponse(f"/teams/call/{caller.id}", 303)


ROUTES = [
    Route("/teams/l/meetup-join/{thread}/0", launcher),
    Route("/teams/webrtc-svc/api/route", guest),
    Route("/teams/join", join, methods=["POST"]),
    Route("/teams/call/{caller_id}", call),
    Route("/teams/call/{caller_id}", act, methods=["POST"]),
]
