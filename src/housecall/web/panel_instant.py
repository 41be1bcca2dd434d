"""A visit without an appointment, begun from the panel: for the patient of the open chart, now."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from housecall.visits import instant
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.panel import Caller, panel_guard

routes = Audience("instant visits on the panel", guard=panel_guard, include_in_schema=False)
Guarded = Annotated[Caller, Depends(panel_guard)]


@routes.post("/panel/{launch_id}/instant")
async def begin(launch_id: str, caller: Guarded) -> Response:
    """A visit now with this patient; the page that is loaded anew has it."""
    house = caller.house
    async with house.database.work() as work:
        visit = await instant.begin(house.desk, work, caller.launch, by=caller.by)
    return fresh({"visit": visit.id})
