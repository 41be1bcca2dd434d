"""Azure Communication Services' official SDKs, loaded only when the first text or number needs them."""

import asyncio
import json
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from housecall.messaging.providers.base import ProviderMisconfigured, ProviderUnavailable, Trouble

CONNECT_WITHIN_S: Final = 3
ANSWER_WITHIN_S: Final = 10
# The SDK tries again by itself; the outbox does that better, since it knows of STOPs that came meanwhile.
QUIET: Final = {
    "retry_total": 0,
    "connection_timeout": CONNECT_WITHIN_S,
    "read_timeout": ANSWER_WITHIN_S,
}


class Lazily:
    """Makes one SDK client when it is first wanted; a missing extra is told as what to mend."""

    def __init__(self, make: Callable[[], Callable[[], Any]]) -> None:
        """``make`` imports, which takes long, and returns what makes the client on the loop."""
        self._make = make
        self._client: Any = None
        self._loading = asyncio.Lock()

    async def get(self) -> Any:
        """The client; raises ProviderMisconfigured when the extra ``housecall[azure]`` is missing."""
        async with self._loading:
            if self._client is None:
                try:
                    finish = await asyncio.to_thread(self._make)
                except ImportError:
                    raise ProviderMisconfigured(Trouble.not_installed) from None
                self._client = finish()
        return self._client

    async def close(self) -> None:
        """Give back connections."""
        if self._client is not None:
            await self._client.close()


# When the text being sent in this task was first claimed: the service counts repeats from there.
FIRST_SENT: Final[ContextVar[datetime | None]] = ContextVar("first_sent", default=None)


def write_repeatability(request: Any) -> None:
    """Our own reference stands where the SDK would invent one, so that a repeat is known as such."""
    body = json.loads(request.http_request.body)
    for recipient in body.get("smsRecipients", []):
        recipient["repeatabilityRequestId"] = body["smsSendOptions"]["tag"]
        first = FIRST_SENT.get() or datetime.now(UTC)
        recipient["repeatabilityFirstSent"] = format_datetime(first.astimezone(UTC), usegmt=True)
    request.http_request.set_json_body(body)


def is_unsent(fault: Exception) -> bool:
    """Whether the request surely never left: there was no connection."""
    import aiohttp

    inner = getattr(fault, "inner_exception", None)
    return isinstance(inner, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def unavailable(fault: Exception) -> ProviderUnavailable:
    """What a request without an answer means."""
    return ProviderUnavailable(is_fate_unknown=not is_unsent(fault))
