"""Signed calls to Housecall's hooks, tried again until they are taken."""

import asyncio
import json
import logging
from typing import Final

import httpx

from housecall.kit.signing import sign
from housecall.sandbox.house import House

_LOG = logging.getLogger("housecall.sandbox.hooks")
_TRIES: Final = 5


async def tell_housecall(house: House, message: dict[str, object]) -> None:
    """The message has been taken by Housecall, or five tries were in vain."""
    body = json.dumps(message, ensure_ascii=False).encode()
    await post_signed(house, "/hooks/gateway", body, kind="application/json")


async def post_signed(house: House, path: str, body: bytes, *, kind: str) -> None:
    """The body has been taken by Housecall at this path, or five tries were in vain."""
    headers = {"Content-Type": kind, "X-Signature": sign(house.options.gateway_secret, body)}
    wait = house.options.retry_after
    for _ in range(_TRIES):
        try:
            answer = await house.outward.post(
                f"{house.options.housecall_url}{path}", content=body, headers=headers
            )
            if answer.status_code < 300:
                return
        except httpx.HTTPError:
            pass  # nobody there yet: the next try may find somebody
        await asyncio.sleep(wait.total_seconds())
        wait *= 2
    _LOG.warning("Housecall did not take a signed call; given up.", extra={"path": path})
