"""Interpreters and relatives on the panel: links made and taken back, and each let in by themselves."""

from typing import Annotated, Final

from fastapi import Body, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from housecall.visits import guests, service
from housecall.visits.guest_texting import invite_and_send, send_invitation
from housecall.visits.spoken import make_code
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.panel import Act, Caller, find_act, panel_guard, perform
from housecall.web.spoken import shown

routes = Audience("people on the panel", guard=panel_guard, include_in_schema=False)
Guarded = Annotated[Caller, Depends(panel_guard)]
_PEOPLE: Final = "/panel/{launch_id}/visits/{visit_id}/people"

ACTS: Final[dict[str, Act]] = {
    "admit": service.admit,
    "decline": service.decline,
    "send-back": service.send_back,
    "acknowledge": service.acknowledge_arrival,
    "withdraw": guests.withdraw,
}


class Wanted(BaseModel):
    """Who is to have a link: a role and a language, never a name."""

    role: str = Field(max_length=20)
    language: str = Field(max_length=8)
    # Where the link is sent at once; it can also be copied or read out.
    to: str | None = Field(default=None, max_length=254)


class Letter(BaseModel):
    """Where a link is sent: nowhere named means where the one before went."""

    to: str | None = Field(default=None, max_length=254)


@routes.post(_PEOPLE)
async def invite(
    launch_id: str, visit_id: str, caller: Guarded, wanted: Annotated[Wanted, Body()]
) -> Response:
    """A link for one more interpreter or relative; the answer has it, and the visit as it stands then."""
    house, to = caller.house, (wanted.to or "").strip()
    async with house.database.work() as work:
        made = await invite_and_send(
            house.desk, work, caller.org_id, caller.visit(visit_id),
            role=wanted.role, language=wanted.language, to=to, by=caller.by,
        )  # fmt: skip
    return fresh({"participant": made.participant, "link": made.link, "visit": made.view})


@routes.post(_PEOPLE + "/{participant}/send")
async def send_link(
    launch_id: str, visit_id: str, participant: str, caller: Guarded, letter: Annotated[Letter, Body()]
) -> Response:
    """The link leaves now, by text or by e-mail; the answer is the visit as it stands then."""
    typed = (letter.to or "").strip() or None
    return await perform(caller, send_invitation, visit_id, who=participant, typed=typed)


@routes.post(_PEOPLE + "/{participant}/link")
async def show_link(launch_id: str, visit_id: str, participant: str, caller: Guarded) -> Response:
    """The link once more, to be copied."""
    house = caller.house
    async with house.database.work() as work:
        link = await guests.show_link(
            house.desk, work, caller.org_id, caller.visit(visit_id), who=participant, by=caller.by
        )
    return fresh({"link": link})


@routes.post(_PEOPLE + "/{participant}/read-out-code")
async def read_out_code(launch_id: str, visit_id: str, participant: str, caller: Guarded) -> Response:
    """A short address and code that lead to the link, to be read out."""
    house = caller.house
    async with house.database.work() as work:
        spoken = await make_code(
            house.desk, work, caller.org_id, caller.visit(visit_id), who=participant, by=caller.by
        )
    return fresh(shown(house, spoken))


@routes.post(_PEOPLE + "/{participant}/{act}")
async def act_on_guest(
    launch_id: str, visit_id: str, participant: str, act: str, caller: Guarded
) -> Response:
    """One act of the clinician on a guest; the answer is the visit as it stands then."""
    return await perform(caller, find_act(ACTS, act), visit_id, who=participant)
