"""Requests to Microsoft Graph: signed in, patient with throttling, refusals turned into ours."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from housecall.kit.clock import Clock
from housecall.meetings.errors import (
    LicenceMissing,
    MeetingError,
    MeetingNotThere,
    MeetingRefused,
    MeetingUnavailable,
    PermissionMissing,
    PolicyMissing,
    SignInRefused,
)
from housecall.meetings.teams.clouds import Cloud
from housecall.meetings.teams.sign_in import GraphSignIn

log = logging.getLogger(__name__)

Json = dict[str, Any]
_TIMEOUT_S: Final = 10.0
# Waited for within one request; whoever is asked to wait longer comes back by a job.
_SHORT_WAIT: Final = timedelta(seconds=5)
_TRIES: Final = 3
_WITHOUT_WORD: Final = timedelta(seconds=30)
_MOST_PAGES: Final = 50
_BUSY: Final = (429, 503, 504)
# Source: the page on application access policies; Graph has no code of its own for it.
_POLICY_WORDS: Final = ("application access policy", "not authorized to")


class GraphClient:
    """One app in one tenant. When Graph asks it to wait, all its requests wait."""

    def __init__(
        self,
        sign_in: GraphSignIn,
        cloud: Cloud,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.sign_in, self._cloud, self._clock, self._sleep = sign_in, cloud, clock, sleep
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=not cloud.stand_in)
        self._not_before: datetime | None = None

    async def ask(
        self, method: str, path: str, *, body: Json | None = None, query: dict[str, str] | None = None,
        version: str = "v1.0",
    ) -> Json:  # fmt: skip
        """Graph's answer; raises one of the meeting errors."""
        url = f"{self._cloud.graph_base}/{version}{path}"
        for turn in range(_TRIES):
            await self._wait_for_turn()
            answer = await self._send(method, url, body, query, fresh=False)
            if answer.status_code == 401:
                # Revoked before its time: one new token, no more.
                answer = await self._send(method, url, body, query, fresh=True)
            if answer.status_code not in _BUSY:
                return _read(answer)
            wait = self._note_busy(answer)
            if turn + 1 == _TRIES or wait > _SHORT_WAIT:
                raise MeetingUnavailable(retry_after=wait)
        raise MeetingUnavailable

    async def pages(self, path: str, *, query: dict[str, str] | None = None) -> AsyncIterator[Json]:
        """Every value of a list, page after page."""
        answer = await self.ask("GET", path, query=query)
        for _ in range(_MOST_PAGES):
            for value in answer.get("value", []):
                yield value
            further = answer.get("@odata.nextLink")
            if not further:
                return
            base = f"{self._cloud.graph_base}/v1.0"
            if not str(further).startswith(base):
                raise MeetingRefused("Graph named a next page outside of itself.")
            answer = await self.ask("GET", str(further).removeprefix(base))

    async def close(self) -> None:
        """Connections are given back."""
        await self._http.aclose()

    async def _send(
        self, method: str, url: str, body: Json | None, query: dict[str, str] | None, *, fresh: bool
    ) -> httpx.Response:
        token = await self.sign_in.token(fresh=fresh)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        try:
            return await self._http.request(method, url, json=body, params=query, headers=headers)
        except httpx.HTTPError:
            # Without its cause, which holds the address: there may be a person in it.
            raise MeetingUnavailable from None

    async def _wait_for_turn(self) -> None:
        if self._not_before is None:
            return
        wait = self._not_before - self._clock.now()
        if wait > _SHORT_WAIT:
            raise MeetingUnavailable(retry_after=wait)
        if wait > timedelta():
            await self._sleep(wait.total_seconds())

    def _note_busy(self, answer: httpx.Response) -> timedelta:
        wait = _read_wait(answer.headers.get("retry-after"), self._clock.now())
        self._not_before = self._clock.now() + wait
        log.warning(
            "Graph asked us to wait.", extra={"status": answer.status_code, "wait_s": wait.total_seconds()}
        )
        return wait


def _read_wait(said: str | None, now: datetime) -> timedelta:
    if not said:
        return _WITHOUT_WORD
    if said.isdigit():
        return timedelta(seconds=int(said))
    try:
        return max(parsedate_to_datetime(said) - now, timedelta())
    except (TypeError, ValueError):
        return _WITHOUT_WORD


def _read(answer: httpx.Response) -> Json:
    if answer.is_success:
        found: Json = answer.json() if answer.content else {}
        return found
    raise fault_of(answer.status_code, answer.content)


def fault_of(status: int, content: bytes) -> MeetingError:
    """Our error for Graph's; its own sentence may name people and goes nowhere."""
    word, message = _read_error(content)
    if any(words in message for words in _POLICY_WORDS):
        return PolicyMissing()
    if status == 401:
        return SignInRefused()
    if status == 403:
        return LicenceMissing() if "license" in message else PermissionMissing()
    if status == 404:
        return MeetingNotThere()
    if status >= 500:
        return MeetingUnavailable()
    log.warning("Graph refused a request.", extra={"status": status, "word": word})
    return MeetingRefused(f"Graph refused the request ({word or status}).")


def _read_error(content: bytes) -> tuple[str, str]:
    try:
        error = httpx.Response(400, content=content).json()["error"]
        word = str(error.get("code", ""))
        return (word if word.isalnum() else ""), str(error.get("message", "")).casefold()
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
