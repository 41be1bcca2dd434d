"""The HTTP gateway for texts: one POST a text, our id as its idempotency key, a look-up by the same id."""

import asyncio
import logging
import urllib.request
from datetime import timedelta
from typing import Any, Final

import httpx

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import (
    Capabilities,
    OutgoingText,
    ProviderAnswer,
    ProviderMisconfigured,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    Trouble,
)
from housecall.messaging.providers.direct import DirectTransport

log = logging.getLogger(__name__)

# Longer than any gateway we know needs to take a text, and well within the outbox's lease.
_TIMEOUT: Final = timedelta(seconds=10)
_CONNECT_WITHIN: Final = timedelta(seconds=3)
# As many as the outbox sends and looks up at once.
_LANES: Final = 40

# The gateway's words for what became of a text. "sent" has left the gateway, but is not on the handset yet.
STATES: Final = {
    "accepted": MessageState.accepted,
    "queued": MessageState.accepted,
    "sending": MessageState.accepted,
    "sent": MessageState.accepted,
    "delivered": MessageState.delivered,
    "failed": MessageState.failed,
    "undelivered": MessageState.failed,
    "rejected": MessageState.failed,
}

# Answers that no text can cause: the address or the key is wrong, and that is for the administrator to mend.
TROUBLES: Final[dict[int, Trouble]] = {
    httpx.codes.UNAUTHORIZED: Trouble.key_refused,
    httpx.codes.FORBIDDEN: Trouble.key_refused,
    httpx.codes.NOT_FOUND: Trouble.address_wrong,
    httpx.codes.METHOD_NOT_ALLOWED: Trouble.address_wrong,
}

# The gateway's words for why, in a refusal or a receipt.
REASONS: Final = {
    "opted_out": FailReason.opted_out,
    "blocked_by_recipient": FailReason.opted_out,
    "invalid": FailReason.invalid_number,
    "invalid_number": FailReason.invalid_number,
    "unknown_number": FailReason.unknown_number,
    "nonexistent_number": FailReason.unknown_number,
    "number_does_not_exist": FailReason.unknown_number,
    "blocked": FailReason.blocked_number,
    "blocked_number": FailReason.blocked_number,
    "unreachable": FailReason.unreachable,
    "unreachable_number": FailReason.unreachable,
    "spam": FailReason.spam_detected,
    "spam_detected": FailReason.spam_detected,
    "recipient_blocked": FailReason.recipient_blocked,
    "landline": FailReason.landline,
    "other": FailReason.other,
    "other_error": FailReason.other,
}


def read_state(word: str) -> MessageState:
    """Our state for the gateway's word; an unknown one is logged and counts as accepted: it has the text."""
    state = STATES.get(word.strip().lower())
    if state is None:
        log.warning("The gateway used a status that is not in our table.")
        return MessageState.accepted
    return state


def read_reason(word: str | None) -> FailReason:
    """Our reason for the gateway's word; an unknown word is logged and becomes ``other``."""
    reason = REASONS.get((word or "").strip().lower())
    if reason is None:
        log.warning("The gateway gave a reason that is not in our table.")
        return FailReason.other
    return reason


class GatewayProvider:
    """Talks to the gateway at ``url``; keeps connections open, one text on each at a time.

    Each connection is a client of its own: what one shared pool does for every request grows with the square
    of its connections.
    """

    name = "gateway"
    capabilities = Capabilities(idempotent=True, lookup=True)

    def __init__(
        self, url: str, *, timeout: timedelta = _TIMEOUT, client: httpx.AsyncClient | None = None
    ) -> None:
        self._url = httpx.URL(url)
        self._timeout_s = timeout.total_seconds()
        self._lanes = [client] if client else _lanes(self._url, self._timeout_s)
        # The one used last comes first, so that few are kept open when little is sent.
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for lane in self._lanes:
            self._free.put_nowait(lane)

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        body = {"reference": text.reference, "from": text.sent_from, "to": text.to, "body": text.body}
        answer = await self._ask("POST", self._url, body)
        if answer.is_success:
            provider_id = _json(answer).get("id")
            if isinstance(provider_id, str | int) and str(provider_id):
                return ProviderAnswer(str(provider_id))
            # Taken, by the look of it, but without an id nobody can tell: look it up.
            raise ProviderUnavailable(is_fate_unknown=True)
        _raise_for_delay(answer)
        if answer.status_code in TROUBLES:
            raise ProviderMisconfigured(TROUBLES[answer.status_code])
        if answer.is_client_error:
            raise ProviderRefused(read_reason(_refusal(_json(answer))))
        raise ProviderUnavailable(is_fate_unknown=True)

    async def lookup(self, reference: str) -> ProviderStatus | None:
        url = self._url.copy_merge_params({"reference": reference})
        answer = await self._ask("GET", url)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found = _json(answer)
        if not answer.is_success or not found.get("id"):
            raise ProviderUnavailable(is_fate_unknown=True)
        state = read_state(_word(found.get("status")) or "accepted")
        reason = read_reason(_word(found.get("reason"))) if state is MessageState.failed else None
        return ProviderStatus(str(found["id"]), state, reason)

    async def close(self) -> None:
        for lane in self._lanes:
            await lane.aclose()

    async def _ask(self, method: str, url: httpx.URL, body: dict[str, str] | None = None) -> httpx.Response:
        lane = await self._free.get()
        # The cause is left out of what is raised: it holds the request, and that the number and the link.
        try:
            async with asyncio.timeout(self._timeout_s):
                return await lane.request(method, url, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise ProviderUnavailable(is_fate_unknown=False) from None
        except (httpx.HTTPError, TimeoutError):
            raise ProviderUnavailable(is_fate_unknown=True) from None
        finally:
            self._free.put_nowait(lane)


def _lanes(url: httpx.URL, timeout_s: float) -> list[httpx.AsyncClient]:
    trusted = httpx.create_ssl_context()
    timeout = httpx.Timeout(timeout_s, connect=_CONNECT_WITHIN.total_seconds())
    if _has_proxy(url):
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return [httpx.AsyncClient(verify=trusted, timeout=timeout, limits=limits) for _ in range(_LANES)]
    return [httpx.AsyncClient(transport=DirectTransport(trusted), timeout=timeout) for _ in range(_LANES)]


def _has_proxy(url: httpx.URL) -> bool:
    proxies = urllib.request.getproxies()
    return bool(proxies.get(url.scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(url.host)


def _raise_for_delay(answer: httpx.Response) -> None:
    if answer.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.REQUEST_TIMEOUT):
        seconds = answer.headers.get("retry-after", "")
        wait = timedelta(seconds=min(int(seconds), 3600)) if seconds.isdigit() else None
        raise ProviderUnavailable(
            is_fate_unknown=answer.status_code == httpx.codes.REQUEST_TIMEOUT, wait=wait
        )


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(body: dict[str, Any]) -> str | None:
    # Gateways do not agree on the name of the field.
    words = (_word(body.get(name)) for name in ("code", "reason", "error"))
    return next((word for word in words if word), None)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None
