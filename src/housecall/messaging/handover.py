"""Handing one written text to a provider: at its number's pace, to the one that stands in when the first is away."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from housecall.db.database import Database
from housecall.kit.clock import Clock
from housecall.messaging import claims
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.gate import CHANGED, Gate
from housecall.messaging.model import Channel, FailReason, MessageState
from housecall.messaging.pacing import AT_ONCE, reserve
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderMisconfigured,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    SearchingProvider,
    TextProvider,
)
from housecall.messaging.recipients import Recipient
from housecall.messaging.routing import Leg, Route, taken
from housecall.messaging.segments import segments

log = logging.getLogger(__name__)

# After six hours nobody is helped by a text that could not be handed over.
_GIVE_UP_AFTER: Final = timedelta(hours=6)
_LONGEST_WAIT: Final = timedelta(minutes=5)
_FIRST_WAIT: Final = timedelta(seconds=5)

# A provider that does not know repeats gets time to finish a request we gave up on, before it is asked.
_SETTLES_WITHIN: Final = timedelta(minutes=1)

# How long texts go round a provider that was away, where another stands in: each try would cost its time-out.
_AVOID_FOR: Final = timedelta(seconds=30)

# How often a provider that is not set up as it must be is tried again.
_HELD_FOR: Final = timedelta(seconds=15)

VERB_OF: Final = {
    MessageState.accepted: "accept",
    MessageState.delivered: "deliver",
    MessageState.failed: "fail",
}


@dataclass(frozen=True)
class _Away:
    """The first leg has surely not taken the text: why, and what that would mean without a second leg."""

    verdict: Verdict


class Handover:
    """Takes one text to its end; at most ``concurrency`` of them are on their way at once."""

    def __init__(self, database: Database, clock: Clock, *, margin: timedelta, concurrency: int) -> None:
        self._database = database
        self._clock = clock
        self._margin = margin
        self._gate = Gate(database)
        self._places = asyncio.Semaphore(concurrency)
        self._avoided: dict[int, datetime] = {}

    async def hand_over(
        self, claim: Claim, recipient: Recipient, text: OutgoingText, route: Route
    ) -> Verdict:
        """The text is with a provider, or the verdict says what else became of it."""
        async with self._places:
            # Another worker takes over when the lease runs out: nothing is begun that might end after it.
            if self._is_late(claim):
                return self.released(claim, timedelta())
            if claim.due.channel is Channel.sms:
                obstacle = await self._gate.obstacle(claim, recipient)
                if obstacle == CHANGED:
                    return self.released(claim, timedelta())
                if obstacle is not None:
                    return Verdict(claim, "suppress", reason=obstacle)
            text = replace(text, since=claim.queued_at)
            if claim.is_doubted:
                return await self._once_more(claim, text, taken(claim, route))
            return await self._first_time(claim, text, route)

    async def _once_more(self, claim: Claim, text: OutgoingText, route: Route) -> Verdict:
        """The text may be somewhere already: every leg that can be searched is, and one alone sends again."""
        for leg in route:
            if not leg.provider.capabilities.search or not isinstance(leg.provider, SearchingProvider):
                continue
            try:
                known = await leg.provider.search(_from(text, leg))
            except ProviderUnavailable as fault:
                # It could not be told: the doubt stays.
                return self._lost_sight(claim, fault, leg.provider)
            except ProviderMisconfigured as fault:
                return self._held(claim, fault, leg.provider)
            if known is not None:
                return verdict_of(claim, known, leg.provider)
        answer = await self._try(claim, text, route[0])
        return answer.verdict if isinstance(answer, _Away) else answer

    async def _first_time(self, claim: Claim, text: OutgoingText, route: Route) -> Verdict:
        now = self._clock.now()
        legs = [leg for leg in route if self._avoided.get(id(leg.provider), now) <= now] or list(route)
        trouble = None
        for place, leg in enumerate(legs):
            if leg is not route[0] and not await self._noted(claim, leg):
                return Verdict(claim, "release", due_at=self._clock.now())
            answer = await self._try(claim, text, leg)
            if not isinstance(answer, _Away):
                return replace(answer, trouble=answer.trouble or trouble)
            trouble = trouble or answer.verdict.trouble
            if place == len(legs) - 1:
                return replace(answer.verdict, trouble=trouble)
            self._avoided[id(leg.provider)] = self._clock.now() + _AVOID_FOR
            log.warning("A provider is away; another one stands in.", extra={"provider": leg.provider.name})
        raise AssertionError("a route has a leg")

    async def _noted(self, claim: Claim, leg: Leg) -> bool:
        async with self._database.work() as work:
            return await claims.note_leg(work, claim, provider=leg.provider.name, sent_from=leg.sent_from)

    async def _try(self, claim: Claim, text: OutgoingText, leg: Leg) -> Verdict | _Away:
        text = _from(text, leg)
        if not claim.has_slot:
            now = self._clock.now()
            slot = await reserve(self._database, leg, segments(text.body).count, now=now)
            if slot > now + AT_ONCE:
                return Verdict(claim, "release", due_at=slot, has_slot=True)
        try:
            known = await self._found(claim, leg)
            if known is not None:
                return verdict_of(claim, known, leg.provider)
            answer = await leg.provider.send(text)
        except ProviderRefused as refusal:
            return Verdict(
                claim, "fail", reason=refusal.reason, provider=leg.provider.name, sent_from=text.sent_from
            )
        except ProviderMisconfigured as fault:
            return _Away(self._held(claim, fault, leg.provider))
        except ProviderUnavailable as fault:
            if fault.is_fate_unknown:
                return self._lost_sight(claim, fault, leg.provider)
            verdict = self.released(claim, fault.wait or wait_after(claim.attempts))
            # One that names a time is well: it only wants fewer texts.
            return verdict if fault.wait else _Away(verdict)
        return Verdict(
            claim,
            "accept",
            provider=leg.provider.name,
            provider_id=answer.provider_id,
            sent_from=text.sent_from,
        )

    async def _found(self, claim: Claim, leg: Leg) -> ProviderStatus | None:
        """What a provider that sends repeats, but can be asked, has of an earlier try."""
        can = leg.provider.capabilities
        if claim.attempts == 1 or can.idempotent or not can.lookup:
            return None
        return await leg.provider.lookup(str(claim.due.id))

    def _lost_sight(self, claim: Claim, fault: ProviderUnavailable, provider: TextProvider) -> Verdict:
        wait = fault.wait or wait_after(claim.attempts)
        if not provider.capabilities.idempotent:
            wait = max(wait, _SETTLES_WITHIN)
        return Verdict(claim, "lose_sight", provider=provider.name, lease_until=self._clock.now() + wait)

    def _held(self, claim: Claim, fault: ProviderMisconfigured, provider: TextProvider) -> Verdict:
        """It is our fault and no patient's: held as long as the text is of use, which the resolver knows."""
        due_at = self._clock.now() + _HELD_FOR
        return Verdict(claim, "release", due_at=due_at, trouble=(provider.name, fault.trouble.value))

    def released(self, claim: Claim, wait: timedelta) -> Verdict:
        """The message waits for its next try, or has failed after six hours of them."""
        now = self._clock.now()
        if now - claim.queued_at > _GIVE_UP_AFTER:
            return Verdict(claim, "fail", reason=FailReason.provider_unavailable)
        return Verdict(claim, "release", due_at=now + max(wait, timedelta()))

    def _is_late(self, claim: Claim) -> bool:
        return self._clock.now() >= claim.lease_until - self._margin


def _from(text: OutgoingText, leg: Leg) -> OutgoingText:
    return replace(text, sent_from=leg.sent_from or text.sent_from)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after this many attempts: 5 s, doubling, at most five minutes."""
    doublings: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_WAIT * doublings, _LONGEST_WAIT)


def verdict_of(claim: Claim, status: ProviderStatus, provider: TextProvider) -> Verdict:
    """What the provider said about a text it already has, as a verdict."""
    return Verdict(
        claim,
        VERB_OF[status.state],
        reason=status.reason,
        provider=provider.name,
        provider_id=status.provider_id,
    )
