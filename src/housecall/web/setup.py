"""The setup wizard: each step at its own address, to be left and come back to at any point."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.readiness import lacks_of
from housecall.tenancy.setup import add_draft
from housecall.tenancy.store import list_connections
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_steps import STATE_WORDS, STEPS, Progress, show_step, steps_of

routes = Audience("setup", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


@routes.get("/portal/setup")
async def setup(request: Request, person: Administrator) -> Response:
    """On to the first step that is not done; to the review when all are, or only what is optional is missing."""
    async with house_of(request).database.work() as work:
        steps = steps_of(await list_connections(work, person.org_id))
    todo = (one.kind for one in steps if one.progress is not Progress.done and not one.kind.is_optional)
    return go_to(next(todo, STEPS[-1]).address)


@routes.get("/portal/setup/connections")
async def connections(request: Request, person: Administrator, done: str = "", removed: str = "") -> Response:
    """The EHRs that are connected, and those begun; ``done`` and ``removed`` say what has just been done."""
    async with house_of(request).database.work() as work:
        found = await list_connections(work, person.org_id)
    return await show_step(
        request,
        person,
        "portal/setup_connections.html",
        step="connections",
        connections=[(one, lacks_of(one)) for one in found],
        state_words=STATE_WORDS,
        done=next((one for one in found if one.id == done), None),
        removed=bool(removed),
    )


@routes.post("/portal/setup/connections")
async def add(request: Request, person: Administrator) -> Response:
    """A draft to fill in."""
    house = house_of(request)
    async with house.database.work() as work:
        made = await add_draft(work, person.org_id, sealer=house.sealer, now=house.clock.now(), by=person.by)
    return go_to(f"/portal/setup/connections/{made.id}")
