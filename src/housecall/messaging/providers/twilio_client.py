"""Twilio's official SDK over our own connections, loaded only when the first text or number needs it."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from housecall.messaging.providers.base import ProviderMisconfigured, ProviderUnavailable, Trouble

_TIMEOUT_S: Final = 10.0
_API: Final = "https://api.twilio.com"


@dataclass(frozen=True)
class TwilioAccount:
    """An account SID, its auth token, and where Twilio is."""

    sid: str
    token: str = field(repr=False)
    url: str = _API


class TwilioClient:
    """Holds the SDK's client for one account; ``rest()`` is ready after the SDK was loaded."""

    def __init__(self, account: TwilioAccount) -> None:
        self.account = account
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S)
        self._rest: Any = None
        self._loading = asyncio.Lock()

    async def rest(self) -> Any:
        """The SDK's client; raises ProviderMisconfigured when the extra ``housecall[twilio]`` is missing."""
        async with self._loading:
            if self._rest is None:
                # Loading takes a second of processor time: not on the loop.
                self._rest = await asyncio.to_thread(_load, self.account, self._http)
        return self._rest

    async def close(self) -> None:
        """Give back connections."""
        await self._http.aclose()


def _load(account: TwilioAccount, http: httpx.AsyncClient) -> Any:
    try:
        from twilio.http import AsyncHttpClient
        from twilio.http.response import Response
        from twilio.rest import Client
    except ImportError:
        raise ProviderMisconfigured(Trouble.not_installed) from None

    class OverHttpx(AsyncHttpClient):  # type: ignore[misc, unused-ignore]
        """The SDK's requests on httpx: one pool, our time-outs, no retry behind our back, nothing logged."""

        async def request(
            self,
            method: str,
            uri: str,
            params: Mapping[str, Any] | None = None,
            data: Mapping[str, Any] | None = None,
            headers: Mapping[str, str] | None = None,
            auth: tuple[str, str] | None = None,
            timeout: float | None = None,
            allow_redirects: bool = False,
        ) -> Any:
            there = uri if account.url == _API else account.url.rstrip("/") + httpx.URL(uri).path
            answer = await http.request(
                method, there, params=params, data=data, headers=dict(headers or {}) | _basic(auth)
            )
            return Response(answer.status_code, answer.text, answer.headers)

    return Client(account.sid, account.token, http_client=OverHttpx(_Silent(), True))


def _basic(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


class _Silent:
    """Stands where the SDK would log requests, which hold numbers and links."""

    def info(self, *words: object) -> None:
        """Nothing is written down."""


def unavailable(fault: httpx.HTTPError) -> ProviderUnavailable:
    """What a failed request means: without a connection nothing has been taken."""
    is_sure = isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return ProviderUnavailable(is_fate_unknown=not is_sure)


def told(fault: Exception) -> tuple[int | None, int | None]:
    """HTTP status and error code of what the SDK raised, None where it is no answer of Twilio's.

    For a page of a list the SDK keeps the answer among its arguments instead of reading it.
    """
    status, code = getattr(fault, "status", None), getattr(fault, "code", None)
    answer = next((one for one in fault.args if hasattr(one, "status_code")), None)
    if not isinstance(status, int) and answer is not None:
        status = answer.status_code
        try:
            code = json.loads(answer.text).get("code")
        except (ValueError, AttributeError):
            code = None
    return (status if isinstance(status, int) else None), (code if isinstance(code, int) else None)
