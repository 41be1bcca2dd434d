"""Requests to an EHR's token endpoint, with whichever proof of ourselves the connection has.

Source: SMART App Launch 2.2; RFC 6749 §5; RFC 7617 for Basic.
"""

import base64
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from housecall.ehr.base import ClientKind, EhrEndpoint
from housecall.ehr.discovery import Discovery
from housecall.ehr.errors import AnswerUnreadable, EhrRefused, SystemAccountMissing
from housecall.ehr.keys import ASSERTION_TYPE, client_assertion
from housecall.ehr.outward import Answer, Outward, raise_if_busy
from housecall.ehr.scopes import split_scopes
from housecall.kit.clock import Clock

logger = logging.getLogger(__name__)

# SMART recommends expires_in without requiring it; this is the longest a careful server would mean.
_LIFE_IF_UNSAID = timedelta(seconds=300)
_URN = re.compile(r"urn(?:%3A|:)[A-Za-z0-9%:._-]{1,160}", re.IGNORECASE)


class TokenRefused(Exception):
    """The token endpoint said no, in the words of RFC 6749; callers turn it into one of our errors."""

    def __init__(self, error: str, more_at: str | None) -> None:
        super().__init__(error)
        self.error = error
        self.more_at = more_at


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    scope: frozenset[str] | None
    """None where the server leaves it out, which means: as asked."""
    body: dict[str, Any] = field(repr=False)


class TokenEndpoint:
    """Asks for tokens as the launch client or as the system account of one connection."""

    def __init__(self, endpoint: EhrEndpoint, outward: Outward, discovery: Discovery, clock: Clock) -> None:
        self._endpoint = endpoint
        self._outward = outward
        self._discovery = discovery
        self._clock = clock

    async def ask_as_launcher(self, form: dict[str, str]) -> Grant:
        """A grant for the client of launches; raises TokenRefused, or EhrError for anything else."""
        where = (await self._discovery.configuration()).token_endpoint
        endpoint = self._endpoint
        match endpoint.client_kind:
            case ClientKind.public:
                return await self._post(where, {**form, "client_id": endpoint.client_id}, {})
            case ClientKind.symmetric:
                return await self._post(where, form, _basic(endpoint.client_id, endpoint.client_secret or ""))
            case ClientKind.asymmetric:
                return await self._post(where, form | self._assertion(endpoint.client_id, where), {})

    async def ask_as_system(self, form: dict[str, str]) -> Grant:
        """A grant for the system account; raises SystemAccountMissing if the connection has none."""
        endpoint = self._endpoint
        if endpoint.system_client_id is None:
            raise SystemAccountMissing
        where = (await self._discovery.configuration()).token_endpoint
        if endpoint.system_client_secret:
            headers = _basic(endpoint.system_client_id, endpoint.system_client_secret)
            return await self._post(where, form, headers)
        return await self._post(where, form | self._assertion(endpoint.system_client_id, where), {})

    def _assertion(self, client_id: str, audience: str) -> dict[str, str]:
        if self._endpoint.signing_key is None:
            raise EhrRefused("This connection has no key to sign with.")
        assertion = client_assertion(
            self._endpoint.signing_key, client_id=client_id, audience=audience, now=self._clock.now()
        )
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    async def _post(self, where: str, form: dict[str, str], headers: dict[str, str]) -> Grant:
        answer = await self._outward.send(
            "POST", where, form=form, headers={"Accept": "application/json", **headers}
        )
        if answer.status != 200:
            raise_if_busy(answer, self._clock.now())
            raise self._refusal(answer)
        body = answer.json_object() or {}
        token = body.get("access_token")
        if not isinstance(token, str) or not token or str(body.get("token_type", "")).lower() != "bearer":
            raise AnswerUnreadable("The EHR's token answer holds no bearer token.")
        scope, refresh = body.get("scope"), body.get("refresh_token")
        return Grant(
            access_token=token,
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            expires_at=self._clock.now() + _life(body.get("expires_in")),
            scope=split_scopes(scope) if isinstance(scope, str) else None,
            body=body,
        )

    def _refusal(self, answer: Answer) -> TokenRefused:
        body = answer.json_object() or {}
        more_at = body.get("error_uri")
        more_at = more_at if isinstance(more_at, str) and more_at.startswith("https://") else None
        error = re.sub(r"[^a-z_]", "", str(body.get("error", "")))[:40] or "unknown"
        urn = _URN.search(str(body.get("error_uri", "")))
        logger.warning(
            "token endpoint refused",
            extra={
                "connection": self._endpoint.connection_id,
                "status": answer.status,
                "oauth_error": error,
                "urn": urn.group(0) if urn else "",
                "request_id": answer.request_id,
            },
        )
        return TokenRefused(error, more_at)


def _basic(client_id: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _life(expires_in: object) -> timedelta:
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return _LIFE_IF_UNSAID
    return timedelta(seconds=min(max(seconds, 0), 86_400))
