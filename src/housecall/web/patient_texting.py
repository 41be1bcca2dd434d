"""The waiting patient asks to be texted when it is their turn: a request with an answer, since the EHR is asked."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import OrgId
from housecall.visits.seats import find_seat_by_holder
from housecall.visits.tables import Seat
from housecall.visits.texting_ready import ask_for_text, drop_text
from housecall.web.answers import fresh
from housecall.web.audience import Audience
from housecall.web.cookies import seat_cookie
from housecall.web.house import House, house_of
from housecall.web.origin import refuse_foreign


class SeatNotHeld(HousecallError):
    """This page does not hold the place any more. Open the link again."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "web.seat_not_held"


@dataclass(frozen=True)
class Holder:
    """The browser that holds the seat."""

    house: House
    seat: Seat


async def seat_guard(request: Request, seat_id: str) -> Holder:
    """The seat by its holder's cookie, on a request of our own page; raises SeatNotHeld."""
    house = house_of(request)
    refuse_foreign(request, house.public_url)
    secret = request.cookies.get(seat_cookie(seat_id)) or ""
    async with house.database.work() as work:
        seat = await find_seat_by_holder(work, seat_id, secret)
    if seat is None:
        raise SeatNotHeld
    return Holder(house, seat)


routes = Audience("waiting patient", guard=seat_guard, include_in_schema=False)
Held = Annotated[Holder, Depends(seat_guard)]


@routes.post("/seat/{seat_id}/text-me")
async def text_me(seat_id: str, holder: Held) -> Response:
    """From now on the patient may leave the page; the answer is their state."""
    house = holder.house
    state = await ask_for_text(house.desk, house.database, OrgId(holder.seat.org_id), seat_id)
    return fresh(state)


@routes.post("/seat/{seat_id}/text-me/stop")
async def text_me_not(seat_id: str, holder: Held) -> Response:
    """The patient stays on the page; the answer is their state."""
    house = holder.house
    async with house.database.work() as work:
        state = await drop_text(house.desk, work, OrgId(holder.seat.org_id), seat_id)
    return fresh(state)
