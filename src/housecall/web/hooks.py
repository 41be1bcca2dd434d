"""Where outside services tell us what became of a text and what was replied: queued, answered at once."""

import logging
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Depends
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.signing import verify
from housecall.messaging.errors import SignatureInvalid
from housecall.messaging.jobs import APPLY_CONFIRM, APPLY_RECEIPT, APPLY_REPLY
from housecall.messaging.model import MessageState
from housecall.messaging.providers.gateway import read_reason, read_state
from housecall.messaging.replies import answer_help, refusal_hash, reply_hashes
from housecall.messaging.words import ReplyWord, understand
from housecall.web.audience import Audience
from housecall.web.house import House, house_of

log = logging.getLogger(__name__)

# A receipt or a reply is a few hundred bytes.
_LARGEST_BODY: Final = 64 * 1024


class NotificationInvalid(HousecallError):
    """The notification is not of a form we know."""

    kind = Kind.invalid
    code = "web.notification_invalid"


class ReceiptBody(BaseModel):
    """What became of a text."""

    type: Literal["receipt"]
    id: str
    reference: str = ""
    status: str
    reason: str | None = None
    at: AwareDatetime


class ReplyBody(BaseModel):
    """What was answered to a text."""

    type: Literal["reply"]
    id: str
    sender: str = Field(alias="from", repr=False)
    to: str
    body: str = Field(repr=False)
    at: AwareDatetime


_NOTIFICATION: Final[TypeAdapter[ReceiptBody | ReplyBody]] = TypeAdapter(
    Annotated[ReceiptBody | ReplyBody, Field(discriminator="type")]
)


async def signed_body(request: Request) -> bytes:
    """The guard: the body, proven to come from the gateway; raises SignatureInvalid."""
    secret = house_of(request).settings.text("HOUSECALL_SMS_GATEWAY_SECRET")
    return await read_signed(request, secret, largest=_LARGEST_BODY)


async def read_signed(request: Request, secret: str, *, largest: int) -> bytes:
    """The body, proven by the secret; raises SignatureInvalid for one that is not, or too large."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > largest:
        raise SignatureInvalid
    body = await request.body()
    if not secret or not verify(secret, body, request.headers.get("x-signature", "")):
        raise SignatureInvalid
    return body


routes = Audience("hooks", guard=signed_body)


@routes.post("/hooks/gateway", status_code=202, include_in_schema=False)
async def gateway(request: Request, body: Annotated[bytes, Depends(signed_body)]) -> Response:
    """The gateway's receipt or reply is in the queue when this answers 202; no number and no text is."""
    try:
        notification = _NOTIFICATION.validate_json(body)
    except ValidationError:
        # Without its cause, which would show the body.
        raise NotificationInvalid from None
    house = house_of(request)
    async with house.database.work() as work:
        if isinstance(notification, ReceiptBody):
            await _take_receipt(work, notification)
        else:
            await take_reply(
                house,
                work,
                sender=notification.sender,
                to=notification.to,
                body=notification.body,
                at=notification.at,
            )
    return Response(status_code=202)


async def _take_receipt(work: Work, receipt: ReceiptBody) -> None:
    state = read_state(receipt.status)
    await work.enqueue(
        APPLY_RECEIPT,
        provider="gateway",
        reference=receipt.reference,
        provider_id=receipt.id,
        state=state.value,
        reason=read_reason(receipt.reason).value if state is MessageState.failed else None,
        at=_written(receipt.at),
    )


async def take_reply(house: House, work: Work, *, sender: str, to: str, body: str, at: datetime) -> None:
    """A STOP, START or C is in the queue, a HELP is answered; anything else is nobody's business."""
    wish = understand(body)
    if wish is None:
        return
    if wish.word is ReplyWord.help:
        # Not through the queue: the number it is answered to may stand nowhere but sealed in the outbox.
        await answer_help(
            work,
            number=sender,
            sent_to=to,
            language=wish.language,
            sealer=house.sealer,
            now=house.clock.now(),
        )
        return
    if wish.word is ReplyWord.confirm:
        hashes = list(reply_hashes(house.sealer, sender))
        await work.enqueue(APPLY_CONFIRM, hashes=hashes, sent_to=to, at=_written(at))
        return
    await work.enqueue(
        APPLY_REPLY,
        word=wish.word.value,
        number_hash=refusal_hash(house.sealer, number=sender, sent_from=to),
        sent_to=to,
        at=_written(at),
    )


def _written(at: datetime) -> str:
    return at.isoformat()
