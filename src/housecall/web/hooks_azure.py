"""Where Azure's Event Grid tells of texts: it proves itself by the key in the address that was given to it."""

import hmac
import json
import logging
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.db.work import Work
from housecall.kit.sealing import Sealer
from housecall.messaging.errors import SignatureInvalid
from housecall.messaging.jobs import APPLY_RECEIPT
from housecall.messaging.providers.azure_words import read_report
from housecall.web.audience import Audience
from housecall.web.hooks import NotificationInvalid, take_reply
from housecall.web.house import House, house_of

log = logging.getLogger(__name__)

# Event Grid sends batches of up to a megabyte.
_LARGEST_BODY: Final = 1024 * 1024

REPORT: Final = "Microsoft.Communication.SMSDeliveryReportReceived"
RECEIVED: Final = "Microsoft.Communication.SMSReceived"
VALIDATION: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"


class Report(BaseModel):
    """What became of a text."""

    id: str = Field(alias="messageId")
    status: str = Field(alias="deliveryStatus")
    details: str | None = Field(default="", alias="deliveryStatusDetails")
    tag: str | None = ""
    at: AwareDatetime | None = Field(default=None, alias="receivedTimestamp")


class Reply(BaseModel):
    """What was answered to a text."""

    sender: str = Field(alias="from", repr=False)
    to: str
    body: str = Field(alias="message", repr=False)
    at: AwareDatetime | None = Field(default=None, alias="receivedTimestamp")


def hook_keys(sealer: Sealer) -> tuple[str, ...]:
    """The keys that may stand in the address, the one to give out first; older ones outlive a rotation."""
    return sealer.hashes("hook", "azure")


async def keyed_events(request: Request) -> list[dict[str, Any]]:
    """The guard: the events of a caller who knows the key; raises SignatureInvalid."""
    house = house_of(request)
    given = request.headers.get("x-housecall-key") or request.query_params.get("key", "")
    if not any(hmac.compare_digest(given.encode(), key.encode()) for key in hook_keys(house.sealer)):
        raise SignatureInvalid
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > _LARGEST_BODY:
        raise SignatureInvalid
    if request.method == "OPTIONS":
        return []
    try:
        events = json.loads(await request.body())
    except ValueError:
        raise NotificationInvalid from None
    listed = events if isinstance(events, list) else [events]
    return [event for event in listed if isinstance(event, dict)]


routes = Audience("hooks of Azure", guard=keyed_events)
Events = Annotated[list[dict[str, Any]], Depends(keyed_events)]


@routes.options("/hooks/azure", include_in_schema=False)
async def shaken_hands(request: Request) -> Response:
    """Event Grid may call here: the handshake of the CloudEvents schema."""
    origin = request.headers.get("webhook-request-origin", "")
    return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})


@routes.post("/hooks/azure", include_in_schema=False)
async def notified(request: Request, events: Events) -> Response:
    """Receipts and replies are in the queue when this answers; a subscription that is tried out is confirmed."""
    house = house_of(request)
    try:
        async with house.database.work() as work:
            for event in events:
                kind, told = event.get("eventType") or event.get("type"), event.get("data")
                if kind == VALIDATION and isinstance(told, dict):
                    return JSONResponse({"validationResponse": str(told.get("validationCode", ""))})
                if kind == REPORT:
                    await _take_receipt(house, work, Report.model_validate(told))
                elif kind == RECEIVED:
                    await _take_reply(house, work, Reply.model_validate(told))
                else:
                    log.warning("Azure told of something we do not know.")
    except ValidationError:
        # Without its cause, which would show the text.
        raise NotificationInvalid from None
    return Response(status_code=200)


async def _take_receipt(house: House, work: Work, report: Report) -> None:
    state, reason = read_report(report.status, report.details or "")
    await work.enqueue(
        APPLY_RECEIPT,
        provider="azure",
        reference=report.tag or "",
        provider_id=report.id,
        state=state.value,
        reason=reason.value if reason else None,
        at=_written(house, report.at),
    )


async def _take_reply(house: House, work: Work, reply: Reply) -> None:
    at = reply.at or house.clock.now()
    await take_reply(house, work, sender=reply.sender, to=reply.to, body=reply.body, at=at)


def _written(house: House, at: datetime | None) -> str:
    return (at or house.clock.now()).isoformat()
