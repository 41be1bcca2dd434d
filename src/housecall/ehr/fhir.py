"""FHIR over HTTP: reads, searches, batches with the right token; every status turned into our errors."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import httpx

from housecall.ehr.access import SystemAccess
from housecall.ehr.allowance import Allowance, Lane, take_turn
from housecall.ehr.base import EhrEndpoint, Tokens
from housecall.ehr.errors import (
    AddressRefused,
    AnswerUnreadable,
    EhrConflict,
    EhrRefused,
    EhrTokenExpired,
    RecordGone,
    ScopesMissing,
    WriteRefused,
)
from housecall.ehr.fields import record_id
from housecall.ehr.outward import Answer, Outward, raise_if_busy
from housecall.ehr.profile import OwnCall
from housecall.kit.clock import Clock

logger = logging.getLogger(__name__)

# 406 with an empty body is what some servers answer to anything less exact.
_ACCEPT: Final = "application/fhir+json, application/json;q=0.9"
_JSON: Final = "application/fhir+json"
_PATCH: Final = "application/json-patch+json"
# 409: another version, or links that stand already; 412: no version; 423: locked; 424: what it hangs on failed.
_CONFLICTS: Final = frozenset({409, 412, 423, 424})
Body = dict[str, Any] | list[dict[str, Any]]
Params = Mapping[str, str | list[str]]


class Fhir:
    """One connection's FHIR server."""

    def __init__(
        self,
        endpoint: EhrEndpoint,
        outward: Outward,
        system: SystemAccess,
        clock: Clock,
        *,
        allowance: Allowance,
        lane: Lane = Lane.work,
    ) -> None:
        """``lane``: what the system account's requests are for; those with a person's tokens are people's."""
        self._endpoint = endpoint
        self._base = endpoint.base_url.rstrip("/")
        self._outward = outward
        self._system = system
        self._clock = clock
        self._allowance = allowance
        self._lane = lane

    async def read(self, kind: str, ref: str, *, tokens: Tokens | None) -> dict[str, Any]:
        """The record; raises RecordGone if there is none."""
        if record_id(ref) != ref:
            raise RecordGone
        answer = await self._send("GET", f"{self._base}/{kind}/{ref}", tokens)
        if answer.status in (404, 410):
            raise RecordGone
        return self._resource(answer, kind)

    async def search(self, kind: str, params: Params, *, tokens: Tokens | None) -> dict[str, Any]:
        """The first page of a search, a Bundle."""
        return self._resource(
            await self._send("GET", f"{self._base}/{kind}", tokens, params=params), "Bundle"
        )

    async def next_page(self, bundle: dict[str, Any], *, tokens: Tokens | None) -> dict[str, Any] | None:
        """The page after ``bundle``, its address followed to the letter; None after the last one.

        Raises AddressRefused if it is on another server: our token must not go there.
        """
        url = next_link(bundle)
        if url is None:
            return None
        if not self._is_ours(url):
            raise AddressRefused("page_elsewhere", "The EHR's next page is on another server.")
        return self._resource(await self._send("GET", url, tokens), "Bundle")

    async def batch(self, paths: list[str]) -> list[dict[str, Any]]:
        """One batch of reads by the system account: its answer's entries, as many and in the same order."""
        body: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": path}} for path in paths],
        }
        answer = self._resource(await self._send("POST", self._base, None, body=body), "Bundle")
        entries = answer.get("entry")
        if not isinstance(entries, list) or len(entries) != len(paths):
            raise AnswerUnreadable
        return [entry if isinstance(entry, dict) else {} for entry in entries]

    async def patch(self, kind: str, ref: str, operations: list[dict[str, Any]], *, version: str) -> None:
        """The record of this version is changed by the system account.

        Raises EhrConflict for a version that is not the newest, WriteRefused for what may not be, RecordGone.
        """
        url, match = f"{self._base}/{kind}/{ref}", {"If-Match": f'W/"{version}"'}
        self._taken(await self._send("PATCH", url, None, body=operations, more=match))

    async def create(self, kind: str, body: dict[str, Any], *, tokens: Tokens) -> None:
        """A new record is there. After an EhrUnavailable it may be there or not."""
        self._taken(await self._send("POST", f"{self._base}/{kind}", tokens, body=body))

    async def call(self, own: OwnCall) -> None:
        """The vendor's own call was taken; raises EhrRefused, EhrUnavailable, AddressRefused."""
        if not self._is_ours(own.url):
            raise AddressRefused("call_elsewhere", "The vendor's own call would go to another server.")
        self._taken(await self._send(own.method, own.url, None, params=own.params, more=own.headers))

    async def _send(
        self,
        method: str,
        url: str,
        tokens: Tokens | None,
        *,
        params: Params | None = None,
        body: Body | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        await take_turn(self._allowance, Lane.people if tokens else self._lane)
        token = tokens.access_token if tokens else await self._system.token()
        headers = {"Accept": _ACCEPT, **(more or {})}
        if body is not None:
            headers["Content-Type"] = _PATCH if method == "PATCH" else _JSON
        answer = await self._outward.send(
            method, url, headers=headers | _bearer(token), params=params, body=body
        )
        if answer.status == 401 and tokens is None:
            # Revoked or forgotten before its time; one new token, once.
            await self._system.forget(token)
            token = await self._system.token()
            answer = await self._outward.send(
                method, url, headers=headers | _bearer(token), params=params, body=body
            )
        return answer

    def _taken(self, answer: Answer) -> None:
        """The EHR took what was written; its answer may be empty."""
        if answer.status in (404, 410):
            raise RecordGone
        if answer.status >= 300:
            self._refuse(answer)

    def _resource(self, answer: Answer, kind: str) -> dict[str, Any]:
        if answer.status >= 300:
            self._refuse(answer)
        body = answer.json_object()
        if body is None or body.get("resourceType") != kind:
            raise AnswerUnreadable
        return body

    def _refuse(self, answer: Answer) -> None:
        logger.warning(
            "EHR answered with an error",
            extra={
                "connection": self._endpoint.connection_id,
                "status": answer.status,
                "request_id": answer.request_id,
            },
        )
        raise_if_busy(answer, self._clock.now())
        if answer.status == 401:
            raise EhrTokenExpired(status=401)
        # The body may be JSON of any shape, plain text or empty; only this word is looked for.
        if answer.status == 403 and b"insufficient_scope" in answer.content:
            raise ScopesMissing
        if answer.status in _CONFLICTS:
            raise EhrConflict(status=answer.status)
        if answer.status == 422:
            raise WriteRefused(status=422)
        raise EhrRefused(status=answer.status)

    def _is_ours(self, url: str) -> bool:
        try:
            there, here = httpx.URL(url), httpx.URL(self._base)
        except httpx.InvalidURL:
            return False
        return (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)


def next_link(bundle: dict[str, Any]) -> str | None:
    """The address of the page after this one."""
    for link in bundle.get("link") or []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def resources_in(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The matches of a page: no includes, no outcomes, whatever is an object at all."""
    found = []
    for entry in bundle.get("entry") or []:
        if not isinstance(entry, dict) or not isinstance(resource := entry.get("resource"), dict):
            continue
        mode = search.get("mode") if isinstance(search := entry.get("search"), dict) else None
        if mode in ("include", "outcome") or resource.get("resourceType") == "OperationOutcome":
            continue
        found.append(resource)
    return found


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
