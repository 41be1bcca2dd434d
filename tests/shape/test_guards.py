"""Every route and socket belongs to an audience and has its guard."""

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from housecall import app as root
from housecall.web import sockets
from housecall.web.audience import Audience, anyone
from housecall.web.sockets_door import Door

# Open on purpose, each with its reason; the list may only shrink.
OPEN = {
    "operation": "health and metrics hold nothing of anybody",
    "hand-over": "the one-time code in the address is what is checked, and pressing uses it up",
    "branding": "a clinic's picture hangs at its door",
    "portal entrance": "where a stranger signs in",
    "read-out code": "the digits typed are what is checked, wrong ones are counted, and a right one is used up",
}


def audiences() -> list[Audience]:
    return list(root.AUDIENCES)


def owner_of(route: BaseRoute) -> object:
    """The router that a route came in with: FastAPI keeps an included router as one entry."""
    return getattr(route, "original_router", None)


def test_every_route_stands_in_an_audience(bare_app_routes: list[BaseRoute]) -> None:
    outside = []
    for route in bare_app_routes:
        match route:
            case WebSocketRoute():
                is_ours = route in sockets.routes
            case Mount():
                is_ours = route.name == "static"
            case _:
                is_ours = owner_of(route) in audiences()
        if not is_ours and getattr(route, "path", "") != "/api/v1/openapi.json":
            outside.append(getattr(route, "path", str(route)))
    assert not outside


def test_every_audience_is_mounted(bare_app_routes: list[BaseRoute]) -> None:
    mounted = [owner_of(route) for route in bare_app_routes]

    assert [audience.name for audience in audiences() if audience not in mounted] == []


def test_every_route_runs_its_audiences_guard() -> None:
    for audience in audiences():
        assert audience.routes
        for route in audience.routes:
            assert isinstance(route, APIRoute)
            assert audience.guard in [dependency.dependency for dependency in route.dependencies]


def test_every_socket_has_a_door_with_a_guard_of_its_own() -> None:
    doors = [route.app for route in sockets.routes]

    assert all(isinstance(door, Door) for door in doors)
    assert len({door.guard for door in doors if isinstance(door, Door)}) == len(doors)


def test_only_these_audiences_are_open() -> None:
    assert {audience.name for audience in audiences() if audience.guard is anyone} == set(OPEN)
