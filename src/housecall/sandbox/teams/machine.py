"""The tenant's interface for programs, under ``/sandbox/teams``: switching, planting, looking, calling."""

from dataclasses import asdict, fields
from typing import Any, Final

from cryptography import x509
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.teams import calls
from housecall.sandbox.teams.login import CLOUDS
from housecall.sandbox.teams.notices import tell_lifecycle
from housecall.sandbox.teams.tenant import CLIENT_ID, SERVICE_ACCOUNT, TENANT_ID, Meeting, Switches, User
from housecall.sandbox.wire import find_text, read_json, text_field

_WORDS: Final = {
    "cloud": tuple(CLOUDS),
    "graph": ("up", "down", "slow"),
    "policy": ("global", "none", "users"),
    "quality": ("good", "poor"),
}


async def show(request: Request) -> Response:
    """The tenant: its ids, its people, its switches."""
    house = house_of(request)
    teams = house.teams
    return JSONResponse(
        {
            "tenant": TENANT_ID,
            "client": CLIENT_ID,
            "service_account": SERVICE_ACCOUNT,
            "switches": asdict(teams.switches),
            "users": [asdict(user) for user in teams.users.values()],
        }
    )


async def switch(request: Request) -> Response:
    """The named switches are set; a ``missed`` is told to who lost a notification meanwhile."""
    house = house_of(request)
    switches, wanted = house.teams.switches, await read_json(request)
    known = {field.name: type(getattr(switches, field.name)) for field in fields(Switches)}
    for name, value in wanted.items():
        if name not in known:
            raise RequestRefused(f"There is no switch {name}; there are {', '.join(known)}.")
        if not isinstance(value, known[name] if known[name] is not float else int | float):
            raise RequestRefused(f"{name} is of another kind.")
        if name in _WORDS and value not in _WORDS[name]:
            raise RequestRefused(f"{name} is one of {', '.join(_WORDS[name])}.")
    for name, value in wanted.items():
        setattr(switches, name, value)
    if switches.notify:
        await _tell_missed(house)
    house.world.touch()
    return JSONResponse(asdict(switches))


async def _tell_missed(house: House) -> None:
    missed, house.teams.missed = house.teams.missed, []
    for subscription_id in missed:
        if subscription_id in house.teams.subscriptions:
            await tell_lifecycle(house, house.teams.subscriptions[subscription_id], "missed")


async def register(request: Request) -> Response:
    """The certificate, the public half of the app's key, is registered on the application."""
    house = house_of(request)
    pem = text_field(await read_json(request), "certificate")
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise RequestRefused("certificate is a certificate in PEM.") from None
    if pem not in house.teams.certificates:
        house.teams.certificates.append(pem)
        house.world.touch()
    return Response(status_code=204)


async def change_user(request: Request) -> Response:
    """The user's plans or mail are others from now on; 404 for a user that is not there."""
    house = house_of(request)
    user: User | None = house.teams.users.get(request.path_params["user_id"])
    if user is None:
        raise RequestRefused("There is no such user.", status=404)
    form = await read_json(request)
    if isinstance(form.get("plans"), list):
        user.plans = [str(plan) for plan in form["plans"]]  # type: ignore[attr-defined]
    user.mail = find_text(form, "mail") or user.mail
    house.world.touch()
    return JSONResponse(asdict(user))


async def list_meetings(request: Request) -> Response:
    """All meetings with what Graph was told of them, and who is there."""
    meetings = house_of(request).teams.meetings.values()
    return JSONResponse([_shown(each) for each in meetings])


def _shown(meeting: Meeting) -> dict[str, Any]:
    callers = [asdict(each) | {"in_call": each.is_in_call} for each in meeting.callers.values()]
    for each in callers:
        del each["stays"]
    return meeting.fields | {"organiser": meeting.organiser, "callers": callers}


async def act(request: Request) -> Response:
    """Somebody enters, is let in, leaves, or ends the meeting: ``do``, and whom or what it takes."""
    house = house_of(request)
    form = await read_json(request)
    match text_field(form, "do"):
        case "enter":
            meeting = house.teams.meeting_at(text_field(form, "join_url"))
            if meeting is None:
                raise RequestRefused("There is no such meeting.", status=404)
            user = find_text(form, "user")
            name = find_text(form, "name") or (house.teams.users[user].name if user else "Guest")
            return JSONResponse({"id": calls.enter(house, meeting, name=name, user_id=user).id}, 201)
        case "admit":
            calls.admit(house, *calls.called(house, text_field(form, "who")))
        case "leave":
            calls.leave(house, *calls.called(house, text_field(form, "who")))
        case "end":
            calls.end(house, calls.called(house, text_field(form, "who"))[0])
        case _:
            raise RequestRefused("do is enter, admit, leave or end.")
    return Response(status_code=204)


async def lifecycle(request: Request) -> Response:
    """Every subscriber hears of this event; at ``subscriptionRemoved`` the subscription is gone."""
    house = house_of(request)
    event = text_field(await read_json(request), "event")
    for one in list(house.teams.subscriptions.values()):
        if event == "subscriptionRemoved":
            del house.teams.subscriptions[one.id]
        await tell_lifecycle(house, one, event)
    return Response(status_code=204)


async def list_asked(request: Request) -> Response:
    """Method, path and status of every request to Graph, oldest first."""
    return JSONResponse([list(each) for each in house_of(request).graph_asked])


async def list_received(request: Request) -> Response:
    """Every request to Graph with all that was in it, oldest first: to look for what should not be there."""
    return JSONResponse(list(house_of(request).graph_received))


ROUTES = [
    Route("/sandbox/teams", show),
    Route("/sandbox/teams", switch, methods=["PATCH"]),
    Route("/sandbox/teams/certificates", register, methods=["POST"]),
    Route("/sandbox/teams/users/{user_id}", change_user, methods=["PATCH"]),
    Route("/sandbox/teams/meetings", list_meetings),
    Route("/sandbox/teams/calls", act, methods=["POST"]),
    Route("/sandbox/teams/lifecycle", lifecycle, methods=["POST"]),
    Route("/sandbox/teams/requests", list_asked),
    Route("/sandbox/teams/received", list_received),
]
