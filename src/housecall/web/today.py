"""Today's visits by the organisation's own sign-in, for when the EHR cannot launch: times and states, no names."""

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.errors import ConnectionNotWorking
from housecall.tenancy.service import is_working
from housecall.tenancy.store import list_connections
from housecall.tenancy.tables import Connection
from housecall.visits import service
from housecall.visits.instant import begin_for_anybody
from housecall.visits.tables import Launch
from housecall.visits.without_ehr import open_by_account
from housecall.visits.worklist import Listing, check_on, list_views, listing_of
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.cookies import set_launch_cookie
from housecall.web.house import House, house_of
from housecall.web.pages import render
from housecall.web.portal_guards import visit_holder

routes = Audience("today", guard=visit_holder, include_in_schema=False)
Clinician = Annotated[SignedIn, Depends(visit_holder)]


@routes.get("/panel/today")
async def today(request: Request, person: Clinician, connection: str | None = None) -> Response:
    """The list of one connection; with several, the first one unless another is asked for."""
    house = house_of(request)
    now = house.clock.now()
    async with house.database.work() as work:
        there = [one for one in await list_connections(work, person.org_id) if is_working(one)]
        chosen = _chosen(there, connection)
        listing = listing_of(chosen, now) if chosen is not None else None
        views = await list_views(work, listing, now) if listing is not None else []
    first = {
        "base": "/panel/today",
        "list": "/panel/today",
        "query": f"connection={chosen.id}" if chosen is not None else "",
        "tabs": _tabs(there, chosen),
        "names": False,
        "user": "*",
        "whose": "everybody",
        "visits": views,
        "own": [],
        "clinic": person.clinic,
        "time_zone": chosen.time_zone if chosen is not None else "UTC",
        "until": listing.end.isoformat() if listing is not None else None,
        "server_now": now.isoformat(),
    }
    return render(request, "panel/today.html", first=first, clinic=person.clinic)


def _chosen(there: list[Connection], wanted: str | None) -> Connection | None:
    return next((one for one in there if one.id == wanted), there[0] if there else None)


@routes.post("/panel/today/instant")
async def begin(request: Request, person: Clinician, connection: str | None = None) -> Response:
    """A visit now, with somebody to whom a link is sent or read out; the answer is its address."""
    house = house_of(request)
    async with house.database.work() as work:
        there = [one for one in await list_connections(work, person.org_id) if is_working(one)]
        chosen = _chosen(there, connection)
        if chosen is None:
            raise ConnectionNotWorking
        visit = await begin_for_anybody(house.desk, work, chosen, by=person.by)
        opened = await open_by_account(house.desk, work, visit, by=person.by)
    return _opened(house, *opened)


def _opened(house: House, launch: Launch, secret: str) -> Response:
    answer = fresh({"url": f"{house.public_url}/panel/{launch.id}"})
    set_launch_cookie(answer, launch.id, secret)
    return answer


def _tabs(there: list[Connection], chosen: Connection | None) -> list[dict[str, Any]]:
    if len(there) < 2:
        return []
    return [
        {
            "query": f"connection={one.id}",
            "word": f"{one.base_url.split('/')[2]} ({one.environment})",
            "here": one is chosen,
        }
        for one in there
    ]


@routes.post("/panel/today/{visit_id}/acknowledge")
async def acknowledge(request: Request, visit_id: str, person: Clinician) -> Response:
    """The arrival is seen, and by whom is on record."""
    house = house_of(request)
    async with house.database.work() as work:
        await check_on(work, await _listings(house, work, person), [visit_id])
        view = await service.acknowledge_arrival(house.desk, work, person.org_id, visit_id, by=person.by)
    return fresh(view)


@routes.post("/panel/today/{visit_id}/open")
async def open_visit(request: Request, visit_id: str, person: Clinician) -> Response:
    """The visit's panel, without names; the answer is its address, and the browser holds it from now on."""
    house = house_of(request)
    async with house.database.work() as work:
        (visit,) = await check_on(work, await _listings(house, work, person), [visit_id])
        opened = await open_by_account(house.desk, work, visit, by=person.by)
    return _opened(house, *opened)


async def _listings(house: House, work: Work, person: SignedIn) -> list[Listing]:
    now = house.clock.now()
    return [listing_of(one, now) for one in await list_connections(work, person.org_id) if is_working(one)]
