"""The gateway for texts: each reference is sent once, each text ends in a receipt.

Numbers that end in a magic way fail, so that every reason can be rehearsed:

    ...0001  invalid_number      ...0006  code-7391 (a reason nobody has heard of)
    ...0002  blocked_number      ...0007  opted_out
    ...0003  unreachable         ...0008  spam_detected
    ...0004  landline            ...0009  recipient_blocked
    ...0005  no receipt comes    ...0010  unknown_number
"""

import asyncio
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.kit.ids import short_id
from housecall.sandbox.errors import RequestRefused
from housecall.sandbox.house import House, house_of
from housecall.sandbox.texts import numbers
from housecall.sandbox.texts.hooks import tell_housecall
from housecall.sandbox.wire import read_json, text_field
from housecall.sandbox.world import Text

MAGIC: Final = {
    "0001": "invalid_number",
    "0002": "blocked_number",
    "0003": "unreachable",
    "0004": "landline",
    "0006": "code-7391",
    "0007": "opted_out",
    "0008": "spam_detected",
    "0009": "recipient_blocked",
    "0010": "unknown_number",
}
_SILENT_ENDING: Final = "0005"
_SLOW_S: Final = 12.0
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")


async def send(request: Request) -> Response:
    """202 with the text's id; a repeated reference gets the id it got before and is not sent again."""
    house = house_of(request)
    await _suffer(house)
    form = await read_json(request)
    reference, to = text_field(form, "reference"), text_field(form, "to")
    sender, body = text_field(form, "from"), text_field(form, "body")
    known = house.world.record.references.get(reference)
    if known:
        house.world.record.texts[known].posts += 1
        house.world.touch()
        return JSONResponse({"id": known, "repeated": True}, 200)
    if house.switches.gateway.startswith("reject:"):
        reason = house.switches.gateway.partition(":")[2] or "other"
        raise RequestRefused("The gateway refuses the text.", status=422, word=reason)
    if not _NUMBER.fullmatch(to):
        raise RequestRefused("That is no number.", status=422, word="invalid_number")
    text = Text(short_id("t"), sender, to, body, house.clock.now(), reference)
    house.world.record.texts[text.id] = text
    house.world.record.references[reference] = text.id
    house.world.touch()
    house.begin(_deliver(house, text))
    return JSONResponse({"id": text.id}, 202)


async def status(request: Request) -> Response:
    """What became of the text with the reference, or 404 if the gateway never saw it."""
    house = house_of(request)
    await _suffer(house)
    known = house.world.record.references.get(request.query_params.get("reference", ""))
    if known is None:
        raise RequestRefused("There is no text with that reference.", status=404)
    text = house.world.record.texts[known]
    answer = {"id": text.id, "status": text.status}
    return JSONResponse(answer | ({"reason": text.reason} if text.reason else {}))


async def _suffer(house: House) -> None:
    if house.switches.gateway == "down":
        raise RequestRefused("The gateway is down.", status=503)
    if house.switches.gateway == "slow":
        await asyncio.sleep(_SLOW_S)


async def _deliver(house: House, text: Text) -> None:
    """A second or so later the text has arrived, or has not; Housecall is told."""
    await asyncio.sleep(house.options.receipt_after.total_seconds())
    if house.switches.gateway == "silent" or text.to.endswith(_SILENT_ENDING):
        text.is_told = True
        house.world.touch()
        return
    text.reason = MAGIC.get(text.to[-4:])
    text.status = "failed" if text.reason else "delivered"
    house.world.touch()
    receipt: dict[str, object] = {
        "type": "receipt",
        "id": text.id,
        "reference": text.reference,
        "status": text.status,
        "at": house.clock.now().isoformat(),
    }
    await _tell(house, text, receipt | ({"reason": text.reason} if text.reason else {}))


async def _tell(house: House, text: Text, message: dict[str, object]) -> None:
    await tell_housecall(house, message)
    # Also when Housecall did not take it: it can still ask what became of the reference.
    text.is_told = True
    house.world.touch()


def go_on(house: House) -> None:
    """What was under way when the sandbox stopped goes on: receipts and answers not told yet."""
    for text in house.world.record.texts.values():
        if not text.is_told:
            house.begin(_tell_reply(house, text) if text.is_reply else _deliver(house, text))


def reply(house: House, *, sender: str, to: str, body: str) -> Text:
    """Somebody answered on a phone: the answer is on its way to Housecall, signed."""
    text = Text(short_id("r"), sender, to, body, house.clock.now(), is_reply=True, status="delivered")
    house.world.record.texts[text.id] = text
    house.world.touch()
    house.begin(_tell_reply(house, text))
    return text


async def _tell_reply(house: House, text: Text) -> None:
    message: dict[str, object] = {
        "type": "reply",
        "id": text.id,
        "from": text.sender,
        "to": text.to,
        "body": text.body,
        "at": text.at.isoformat(),
    }
    await _tell(house, text, message)


ROUTES = [
    Route("/gateway", send, methods=["POST"]),
    Route("/gateway", status, methods=["GET"]),
    Route("/gateway/numbers", numbers.ask, methods=["POST"]),
    Route("/gateway/numbers", numbers.find, methods=["GET"]),
    Route("/gateway/numbers/{number_id}", numbers.show, methods=["GET"]),
    Route("/gateway/numbers/{number_id}", numbers.release, methods=["DELETE"]),
]
