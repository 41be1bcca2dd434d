"""Tokens kept fresh: the system account's, and people's refreshed without haste."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from housecall.ehr.base import Tokens
from housecall.ehr.errors import EhrRefused, EhrTokenExpired
from housecall.ehr.profile import VendorProfile
from housecall.ehr.scopes import join_scopes
from housecall.ehr.token_endpoint import Grant, TokenEndpoint, TokenRefused
from housecall.kit.clock import Clock
from housecall.kit.ids import hash_token

# A token about to expire may be refused on the way.
_MARGIN: Final = timedelta(seconds=60)
# "Refreshing tokens more than once a minute may be throttled" (Millennium); a good rule everywhere.
REFRESH_EVERY: Final = timedelta(minutes=1)


class SystemAccess:
    """The system account's token, asked for once and kept until a minute before its end."""

    def __init__(self, token_endpoint: TokenEndpoint, scopes: frozenset[str], clock: Clock) -> None:
        self._token_endpoint = token_endpoint
        self._scopes = scopes
        self._clock = clock
        self._grant: Grant | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token with life left; raises SystemAccountMissing, EhrRefused or EhrUnavailable."""
        async with self._lock:
            if self._grant is None or not self._has_life(self._grant):
                self._grant = await self._ask()
            return self._grant.access_token

    async def forget(self, token: str) -> None:
        """The EHR refused this token: the next asker gets a new one."""
        async with self._lock:
            if self._grant and self._grant.access_token == token:
                self._grant = None

    def _has_life(self, grant: Grant) -> bool:
        return grant.expires_at - self._clock.now() > _MARGIN

    async def _ask(self) -> Grant:
        form = {"grant_type": "client_credentials", "scope": join_scopes(self._scopes)}
        try:
            return await self._token_endpoint.ask_as_system(form)
        except TokenRefused as refused:
            if refused.error == "invalid_scope":
                raise EhrRefused("The EHR does not grant the system account what it needs to read.") from None
            raise EhrRefused("The EHR does not accept the system account.") from None


class Refresher:
    """Refreshes people's tokens: one request per refresh token and minute, shared by all who ask."""

    def __init__(self, token_endpoint: TokenEndpoint, profile: VendorProfile, clock: Clock) -> None:
        self._token_endpoint = token_endpoint
        self._profile = profile
        self._clock = clock
        self._latest: dict[str, tuple[datetime, asyncio.Future[Tokens]]] = {}

    async def refresh(self, tokens: Tokens, *, active_for: timedelta | None) -> Tokens:
        """Fresh tokens, or those of the last minute; raises EhrTokenExpired."""
        if tokens.refresh_token is None:
            raise EhrTokenExpired
        self._drop_old()
        key = hash_token(tokens.refresh_token)
        if key not in self._latest:
            asking = asyncio.ensure_future(self._ask(tokens, active_for))
            self._latest[key] = (self._clock.now(), asking)
            asking.add_done_callback(lambda done: self._settle(key, done))
        # Shielded: one asker who gives up must not take the answer from the others.
        return await asyncio.shield(self._latest[key][1])

    def _drop_old(self) -> None:
        now = self._clock.now()
        old = [
            key for key, (at, asking) in self._latest.items() if asking.done() and now - at >= REFRESH_EVERY
        ]
        for key in old:
            del self._latest[key]

    def _settle(self, key: str, done: asyncio.Future[Tokens]) -> None:
        # A refusal stands for the minute; an EHR that did not answer may be asked again at once.
        fault = None if done.cancelled() else done.exception()
        if done.cancelled() or (fault and not isinstance(fault, EhrTokenExpired)):
            self._latest.pop(key, None)
            return
        if fault is None and (fresh := done.result().refresh_token):
            self._latest.setdefault(hash_token(fresh), (self._clock.now(), done))

    async def _ask(self, tokens: Tokens, active_for: timedelta | None) -> Tokens:
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token or ""}
        if active_for is not None and self._profile.takes_activity:
            form["active_at"] = str(max(0, int(active_for.total_seconds())))
        try:
            grant = await self._token_endpoint.ask_as_launcher(form)
        except TokenRefused:
            raise EhrTokenExpired from None
        return Tokens(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or tokens.refresh_token,
            expires_at=grant.expires_at,
            scope=tokens.scope if grant.scope is None else grant.scope,
            user=tokens.user,
        )
