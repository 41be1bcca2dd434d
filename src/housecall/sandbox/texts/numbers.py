"""The number provider: a number takes its time, and sometimes cannot be had."""

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.kit.ids import short_id
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.wire import read_json
from housecall.sandbox.world import Number

_AREAS: Final = ("833", "844", "855", "866", "877", "888", "800")


async def ask(request: Request) -> Response:
    """202 with the id of a number that is being set up."""
    house = house_of(request)
    _check_open(house)
    record = house.world.record
    reference = await _reference(request)
    known = _by_reference(house, reference)
    if known is not None:
        return JSONResponse({"id": known.id, "repeated": True}, 202)
    place = len(record.numbers)
    number = Number(
        id=short_id("n"),
        ready_at=house.clock.now() + timedelta(seconds=house.switches.number_after_s),
        number=f"+1{_AREAS[place // 100 % len(_AREAS)]}55501{place % 100:02d}",
        will_fail=house.switches.numbers == "fail",
        reference=reference,
    )
    record.numbers[number.id] = number
    house.world.touch()
    return JSONResponse({"id": number.id}, 202)


async def find(request: Request) -> Response:
    """The id of the number that was asked for under the reference, or 404."""
    house = house_of(request)
    _check_open(house)
    known = _by_reference(house, request.query_params.get("reference", ""))
    if known is None:
        raise RequestRefused("There is no number with that reference.", status=404)
    return JSONResponse({"id": known.id})


async def show(request: Request) -> Response:
    """The number's state: provisioning, active, failed or released; the number itself once active."""
    house = house_of(request)
    _check_open(house)
    number = _get(house, request)
    is_ready = house.clock.now() >= number.ready_at
    match (number.is_released, is_ready, number.will_fail):
        case (True, _, _):
            state = "released"
        case (_, False, _):
            state = "provisioning"
        case (_, _, True):
            state = "failed"
        case _:
            state = "active"
    answer: dict[str, object] = {"id": number.id, "state": state, "number": None}
    if state == "active":
        answer["number"] = number.number
    if state == "failed":
        answer["reason"] = "no_number_available"
    return JSONResponse(answer)


async def release(request: Request) -> Response:
    """The number is given back; giving it back twice is no fault."""
    house = house_of(request)
    _check_open(house)
    _get(house, request).is_released = True
    house.world.touch()
    return Response(status_code=204)


async def _reference(request: Request) -> str:
    # The contract's older form had no body.
    if not await request.body():
        return ""
    return str((await read_json(request)).get("reference", ""))


def _by_reference(house: House, reference: str) -> Number | None:
    numbers = house.world.record.numbers.values()
    return next((one for one in numbers if reference and one.reference == reference), None)


def _get(house: House, request: Request) -> Number:
    number = house.world.record.numbers.get(request.path_params["number_id"])
    if number is None:
        raise RequestRefused("There is no such number.", status=404)
    return number


def _check_open(house: House) -> None:
    if house.switches.gateway == "down":
        raise RequestRefused("The gateway is down.", status=503)
