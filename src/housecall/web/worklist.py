"""The clinician's list of the day: who waits, who is in a visit, who is still to come, across charts."""

from typing import Annotated, Any

from fastapi import Body, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.tenancy.store import get_organisation
from housecall.visits import asking, service
from housecall.visits.errors import NamesNotShown
from housecall.visits.handover import make_handover
from housecall.visits.instant import begin_consult
from housecall.visits.worklist import MOST_NAMES, Whose, check_listed, list_views, listing_for, read_names
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.handovers import address_of
from housecall.web.launch import mpages_parents_of
from housecall.web.pages import render
from housecall.web.panel import Caller, panel_guard

routes = Audience("worklist", guard=panel_guard, include_in_schema=False)
Guarded = Annotated[Caller, Depends(panel_guard)]


class NamesWanted(BaseModel):
    """The visits whose names a page is about to show."""

    visits: list[Annotated[str, Field(max_length=64)]] = Field(max_length=MOST_NAMES)


@routes.get("/panel/{launch_id}/today")
async def today(request: Request, launch_id: str, caller: Guarded, whose: Whose = Whose.mine) -> Response:
    """The list; what changes comes by its socket, names by a request of their own."""
    house = caller.house
    now = house.clock.now()
    if whose is Whose.everybody:
        whose = Whose.place
    async with house.database.work() as work:
        listing = await listing_for(work, caller.launch, whose, now)
        views = await list_views(work, listing, now)
        organisation = await get_organisation(work, caller.org_id)
    first = {
        "base": f"/panel/{launch_id}",
        "list": f"/panel/{launch_id}/today",
        "query": f"whose={whose.value}",
        "tabs": _tabs(whose) if listing.locations else [],
        "names": True,
        "user": caller.user,
        "whose": whose.value,
        "visits": views,
        "own": caller.visit_ids,
        "clinic": organisation.display_name,
        "time_zone": caller.connection.time_zone,
        "until": listing.end.isoformat(),
        "server_now": now.isoformat(),
    }
    return render(
        request,
        "panel/today.html",
        frame_ancestors=request.state.frame_ancestors,
        parents=mpages_parents_of(caller.connection),
        first=first,
        clinic=organisation.display_name,
    )


@routes.post("/panel/{launch_id}/today/names")
async def names(launch_id: str, caller: Guarded, wanted: Annotated[NamesWanted, Body()]) -> Response:
    """Names for the rows that are in sight, read from the EHR now; kept nowhere."""
    house = caller.house
    return fresh(await read_names(house.desk, house.database, caller.launch, wanted.visits))


@routes.post("/panel/{launch_id}/today/{visit_id}/acknowledge")
async def acknowledge(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """The arrival is seen, and by whom is on record."""
    house = caller.house
    async with house.database.work() as work:
        await check_listed(work, caller.launch, [visit_id], house.clock.now())
        view = await service.acknowledge_arrival(house.desk, work, caller.org_id, visit_id, by=caller.by)
    return fresh(view)


@routes.post("/panel/{launch_id}/today/{visit_id}/seen")
async def see(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """That a colleague asks is seen; the answer is the visit as it stands then."""
    house = caller.house
    async with house.database.work() as work:
        await check_listed(work, caller.launch, [visit_id], house.clock.now())
        view = await asking.see(house.desk, work, caller.org_id, visit_id, by=caller.by)
    return fresh(view)


@routes.post("/panel/{launch_id}/today/consult")
async def consult(launch_id: str, caller: Guarded) -> Response:
    """A one-time address for a visit between colleagues, which begins now and has no patient."""
    house = caller.house
    if not caller.has_ehr:
        # Colleagues are found in the EHR, as whoever launched there.
        raise NamesNotShown
    async with house.database.work() as work:
        visit = await begin_consult(house.desk, work, caller.connection, clinician=caller.user, by=caller.by)
        code = await make_handover(house.desk, work, caller.launch, visit.id)
    return fresh(address_of(house.public_url, code))


@routes.post("/panel/{launch_id}/today/{visit_id}/open")
async def open_visit(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """A one-time address for this visit: another patient's visit never opens in this patient's chart."""
    house = caller.house
    async with house.database.work() as work:
        await check_listed(work, caller.launch, [visit_id], house.clock.now())
        code = await make_handover(house.desk, work, caller.launch, visit_id)
    return fresh(address_of(caller.house.public_url, code))


def _tabs(whose: Whose) -> list[dict[str, Any]]:
    words = {Whose.mine: "My visits", Whose.place: "Everybody here"}
    return [
        {"query": f"whose={one.value}", "word": word, "here": one is whose} for one, word in words.items()
    ]
