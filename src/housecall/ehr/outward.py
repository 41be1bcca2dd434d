"""The one HTTP client behind all EHRs: guarded addresses, no cookies, no redirects, bounded time and size."""

import asyncio
import http.cookiejar
import json
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from housecall.ehr.addresses import GuardedTransport, NetworkRules, parse_url
from housecall.ehr.errors import CertificateRefused, EhrFaulted, EhrThrottled, EhrUnavailable

TOTAL: Final = timedelta(seconds=15)
MAX_BYTES: Final = 20 * 1024 * 1024
DEFAULT_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_LIMITS: Final = httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=30.0)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object; None if it is anything else."""
        try:
            body = json.loads(self.content)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    @property
    def request_id(self) -> str:
        """The EHR's own name for this exchange, for its support staff; empty if it gave none."""
        found = self.headers.get("x-request-id") or self.headers.get("opc-request-id") or ""
        return "".join(char for char in found if char.isalnum() or char in "-_./")[:80]

    def retry_after(self, now: datetime) -> timedelta:
        """How long the EHR asked us to wait: seconds or a date; half a minute if it did not say."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdigit():
            wait = timedelta(seconds=min(int(text), 86_400))
        else:
            try:
                until = parsedate_to_datetime(text)
            except ValueError:
                return DEFAULT_WAIT
            wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
        return min(max(wait, timedelta(seconds=1)), LONGEST_WAIT)


class Outward:
    """Sends requests and gives whole answers back; owns its share of the HTTP client."""

    def __init__(self, rules: NetworkRules, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``transport``: for tests that need no network."""
        self._rules = rules
        self._own = _http(transport) if transport else None
        self._held: _Shared | None = None
        self._is_closed = False

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | list[str]] | None = None,
        form: Mapping[str, str] | None = None,
        body: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> Answer:
        """The answer, of any status; raises EhrUnavailable or AddressRefused, nothing of the library's."""
        target = parse_url(url)
        # httpx drops the query of a URL when params are given, even empty ones.
        if params:
            target = target.copy_merge_params(params)
        content = json.dumps(body).encode() if body is not None else None
        try:
            async with asyncio.timeout(TOTAL.total_seconds()):
                request = self._client().build_request(
                    method, target, headers=headers, data=form, content=content, timeout=_TIMEOUT
                )
                return await _whole(self._client(), request)
        except (TimeoutError, httpx.TimeoutException):
            raise EhrUnavailable("The EHR took too long to answer.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
            # The cause may hold the URL: keep its kind only.
            raise _unavailable(fault) from None

    async def close(self) -> None:
        """Give the share back; the last one closes the connections."""
        self._is_closed = True
        if self._own:
            await self._own.aclose()
        if self._held:
            held, self._held = self._held, None
            await held.give_back()

    def _client(self) -> httpx.AsyncClient:
        if self._own:
            return self._own
        if self._is_closed:
            raise RuntimeError("this EHR client is closed")
        if self._held is None:
            self._held = _share(self._rules)
        return self._held.client


class _Shared:
    def __init__(self, rules: NetworkRules) -> None:
        self.client = _http(GuardedTransport(rules, limits=_LIMITS))
        self.holders = 0

    async def give_back(self) -> None:
        self.holders -= 1
        if self.holders == 0:
            await self.client.aclose()


# An HTTP client belongs to the event loop it was first used in.
_SHARED: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[NetworkRules, _Shared]]
_SHARED = weakref.WeakKeyDictionary()


def _share(rules: NetworkRules) -> _Shared:
    of_loop = _SHARED.setdefault(asyncio.get_running_loop(), {})
    shared = of_loop.get(rules)
    if shared is None or shared.holders == 0:
        shared = of_loop[rules] = _Shared(rules)
    shared.holders += 1
    return shared


def _http(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    # One organisation's EHR must not see cookies set for another's on the same host.
    jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        transport=transport,
        cookies=jar,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "housecall", "Accept": "application/json"},
    )


async def _whole(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    response = await client.send(request, stream=True)
    try:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_BYTES:
                raise EhrUnavailable("The EHR's answer was too large.")
    finally:
        await response.aclose()
    return Answer(response.status_code, response.headers, bytes(content))


def _unavailable(fault: Exception) -> EhrUnavailable:
    if "CERTIFICATE_VERIFY_FAILED" in str(fault):
        return CertificateRefused()
    if isinstance(fault, httpx.ConnectError):
        return EhrUnavailable("The EHR could not be reached.")
    return EhrUnavailable("The EHR broke off its answer.")


def raise_if_busy(answer: Answer, now: datetime) -> None:
    """Raise EhrThrottled, EhrUnavailable or EhrFaulted for a status that says: not now.

    A 503 that names no wait is an EHR that is away: it may be back in a second, and nobody asked us to wait.
    """
    if answer.status == 503 and "retry-after" not in answer.headers:
        raise EhrUnavailable
    if answer.status in (429, 503):
        raise EhrThrottled(answer.retry_after(now))
    if answer.status >= 500:
        raise EhrFaulted
