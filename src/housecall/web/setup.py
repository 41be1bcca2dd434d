"""The setup wizard: each step at its own address, to be left and come back to at any point."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.store import list_connections
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_steps import STEPS, Progress, show_step, steps_of

routes = Audience("setup", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


@routes.get("/portal/setup")
async def setup(request: Request, person: Administrator) -> Response:
    """On to the first step that is not done; to the review when all are, or only what is optional is missing."""
    async with house_of(request).database.work() as work:
        steps = steps_of(await list_connections(work, person.org_id))
    todo = (one.kind for one in steps if one.progress is not Progress.done and not one.kind.is_optional)
    return RedirectResponse(next(todo, STEPS[-1]).address, status_code=303)


@routes.get("/portal/setup/connections")
async def connections(request: Request, person: Administrator) -> Response:
    """The EHRs that are connected, and those begun."""
    async with house_of(request).database.work() as work:
        found = await list_connections(work, person.org_id)
    return await show_step(
        request, person, "portal/setup_connections.html", step="connections", connections=found
    )


@routes.get("/portal/setup/review")
async def review(request: Request, person: Administrator) -> Response:
    """What to register with each EHR, and how far the whole is."""
    async with house_of(request).database.work() as work:
        found = await list_connections(work, person.org_id)
    return await show_step(request, person, "portal/setup_review.html", step="review", connections=found)
