"""Colleagues on the panel: found in the EHR, asked to a visit, and what whoever is asked answers."""

from typing import Annotated, Final

from fastapi import Body, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.visits import asking
from housecall.visits.colleagues import find_colleagues, read_colleagues
from housecall.visits.model import Wish
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.panel import Act, Caller, find_act, panel_guard, perform

routes = Audience("colleagues on the panel", guard=panel_guard, include_in_schema=False)
Guarded = Annotated[Caller, Depends(panel_guard)]
_COLLEAGUES: Final = "/panel/{launch_id}/visits/{visit_id}/colleagues"

ACTS: Final[dict[str, Act]] = {
    "take-over": asking.take_over,
    "decline": asking.decline,
    "seen": asking.see,
}


class NameTyped(BaseModel):
    """The beginning of a colleague's name: in the body, since addresses are written to logs."""

    name: str = Field(max_length=80)


class Wanted(BaseModel):
    """Who is asked, by the EHR's id, and for what."""

    to: str = Field(max_length=64)
    wish: Wish


@routes.post("/panel/{launch_id}/colleagues")
async def search(launch_id: str, caller: Guarded, typed: Annotated[NameTyped, Body()]) -> Response:
    """Clinicians of the EHR whose name begins so."""
    house = caller.house
    found = await find_colleagues(house.desk, house.database, caller.launch, typed.name)
    return fresh([{"ref": one.ref, "name": one.name} for one in found])


@routes.post(_COLLEAGUES)
async def ask(launch_id: str, visit_id: str, caller: Guarded, wanted: Annotated[Wanted, Body()]) -> Response:
    """A colleague is asked; the answer is the visit as it stands then."""
    house = caller.house
    view = await asking.ask(
        house.desk, house.database, caller.launch, caller.visit(visit_id), to=wanted.to, wish=wanted.wish
    )
    return fresh(view)


@routes.post(_COLLEAGUES + "/names")
async def names(launch_id: str, visit_id: str, caller: Guarded) -> Response:
    """By their EHR ids the names of the colleagues of this visit, read from the EHR now; kept nowhere."""
    house = caller.house
    found = await read_colleagues(house.desk, house.database, caller.launch, caller.visit(visit_id))
    return fresh({one.ref: one.name for one in found})


@routes.post(_COLLEAGUES + "/{act}")
async def answer(launch_id: str, visit_id: str, act: str, caller: Guarded) -> Response:
    """What whoever is asked does about it; the answer is the visit as it stands then."""
    return await perform(caller, find_act(ACTS, act), visit_id)


@routes.post(_COLLEAGUES + "/{participant}/withdraw")
async def withdraw(launch_id: str, visit_id: str, participant: str, caller: Guarded) -> Response:
    """The colleague is not asked any more; the answer is the visit as it stands then."""
    return await perform(caller, asking.withdraw, visit_id, who=participant)
