"""What a patient's page asks for besides its live connection: their turn, and the relay to try."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from housecall.kit.ids import OrgId
from housecall.kit.languages import LANGUAGES
from housecall.visits.lending import relay_to_try
from housecall.visits.turn import read_turn
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.patient_sight import of_relay, of_turn
from housecall.web.patient_texting import Holder, seat_guard
from housecall.web.wording import time_of_day

routes = Audience("patient's questions", guard=seat_guard, include_in_schema=False)
Held = Annotated[Holder, Depends(seat_guard)]


@routes.get("/seat/{seat_id}/turn")
async def turn(seat_id: str, holder: Held, language: str = "en") -> Response:
    """How many are before the patient, about when they may be seen as people say it there, and whether that is late.

    Without a word where they do not wait, or for nobody in particular.
    """
    house = holder.house
    async with house.database.work() as work:
        stands = await read_turn(house.desk, work, OrgId(holder.seat.org_id), seat_id)
    if stands is None:
        return fresh({})
    spoken = language if language in LANGUAGES else "en"
    about = time_of_day(stands.about, stands.zone, spoken) if stands.about else ""
    return fresh(of_turn({"ahead": stands.ahead, "about": about, "late": stands.is_late}))


@routes.get("/seat/{seat_id}/relay")
async def relay(seat_id: str, holder: Held) -> Response:
    """The relay to try from the page; none where no call of the visit would go through one."""
    house = holder.house
    async with house.database.work() as work:
        servers = await relay_to_try(house.desk, work, OrgId(holder.seat.org_id), seat_id)
    return fresh(of_relay({"ice_servers": servers}))
