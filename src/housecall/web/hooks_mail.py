"""Where a mail server posts what came back: the notification as it is, signed."""

import asyncio
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from housecall.messaging.errors import SignatureInvalid
from housecall.messaging.jobs import enqueue_returned
from housecall.messaging.returned import LARGEST, read_returned
from housecall.web.audience import Audience
from housecall.web.hooks import read_signed
from housecall.web.house import house_of


async def signed_notification(request: Request) -> bytes:
    """The guard: the notification, proven to come from our mail server; raises SignatureInvalid."""
    settings = house_of(request).settings
    if not settings.text("HOUSECALL_RETURNS_TO"):
        raise SignatureInvalid
    return await read_signed(request, settings.text("HOUSECALL_RETURNS_SECRET"), largest=LARGEST)


routes = Audience("mail hooks", guard=signed_notification)


@routes.post("/hooks/mail", status_code=202, include_in_schema=False)
async def returned(request: Request, body: Annotated[bytes, Depends(signed_notification)]) -> Response:
    """What came back on an e-mail of ours is in the queue when this answers 202; anything else is let go of."""
    house = house_of(request)
    # A hostile one takes its time to be read.
    found = await asyncio.to_thread(
        read_returned, body, returns_to=house.settings.text("HOUSECALL_RETURNS_TO")
    )
    if found is not None:
        async with house.database.work() as work:
            await enqueue_returned(work, found, now=house.clock.now())
    return Response(status_code=202)
