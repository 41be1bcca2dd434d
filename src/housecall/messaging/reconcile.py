"""Messages of unknown fate: ask the provider by our own id, and send again only what it never had."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from housecall.db.database import Database
from housecall.kit.clock import Clock
from housecall.messaging import claims
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.handover import verdict_of, wait_after
from housecall.messaging.providers.base import ProviderMisconfigured, ProviderUnavailable, TextProvider
from housecall.messaging.routing import Route, Router

log = logging.getLogger(__name__)

_CONCURRENT_LOOKUPS: Final = 20
_GIVE_UP_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Found:
    """What was found out about messages of unknown fate: what is settled, and what may be sent again."""

    lost: Sequence[Claim] = ()
    verdicts: list[Verdict] = field(default_factory=list)
    to_send: Sequence[Claim] = ()


class Reconciler:
    """Finds out what became of messages whose worker was killed or whose provider did not answer."""

    def __init__(self, database: Database, router: Router, clock: Clock, *, lease: timedelta) -> None:
        self._database = database
        self._router = router
        self._clock = clock
        self._lease = lease
        self._places = asyncio.Semaphore(_CONCURRENT_LOOKUPS)

    async def find_out(self, limit: int) -> Found:
        """Up to ``limit`` messages whose lease ran out are looked into; those to send again are claimed."""
        now = self._clock.now()
        async with self._database.work() as work:
            lost = await claims.claim_lost(work, now=now, lease_until=now + self._lease, limit=limit)
        if not lost:
            return Found()
        verdicts: list[Verdict] = []
        again: list[uuid.UUID] = []
        parked: list[uuid.UUID] = []
        routes = await self._router.routes_of_lost(lost)
        async with asyncio.TaskGroup() as tasks:
            for claim in lost:
                tasks.create_task(self._look_into(claim, routes[claim.due.id], verdicts, again, parked))
        to_send = await self._write(lost, verdicts, again, parked)
        return Found(lost, verdicts, to_send)

    async def _look_into(
        self,
        claim: Claim,
        route: Route,
        verdicts: list[Verdict],
        again: list[uuid.UUID],
        parked: list[uuid.UUID],
    ) -> None:
        if not route or self._is_hopeless(claim):
            parked.append(claim.due.id)
            return
        for leg in route:
            if not leg.provider.capabilities.lookup:
                continue
            try:
                async with self._places:
                    status = await leg.provider.lookup(str(claim.due.id))
            except (ProviderUnavailable, ProviderMisconfigured):
                return
            if status is not None:
                verdicts.append(verdict_of(claim, status, leg.provider))
                return
        # Neither a key nor a look-up: sending again could send twice, so only a receipt can tell.
        is_safe = all(_tells_repeats(leg.provider) for leg in route)
        (again if is_safe else parked).append(claim.due.id)

    def _is_hopeless(self, claim: Claim) -> bool:
        return self._clock.now() - claim.queued_at > _GIVE_UP_AFTER

    async def _write(
        self,
        lost: Sequence[Claim],
        verdicts: Sequence[Verdict],
        again: Sequence[uuid.UUID],
        parked: Sequence[uuid.UUID],
    ) -> list[Claim]:
        now = self._clock.now()
        told = {one.claim.due.id for one in verdicts} | set(again) | set(parked)
        silent = [claim for claim in lost if claim.due.id not in told]
        async with self._database.work() as work:
            if parked:
                log.warning("The fate of messages stays unknown.", extra={"count": len(parked)})
                await claims.park(work, parked)
            if silent:
                until = now + wait_after(min(claim.attempts for claim in silent))
                await claims.wait(work, [claim.due.id for claim in silent], until=until)
            return await claims.requeue(work, again, lease_until=now + self._lease) if again else []


def _tells_repeats(provider: TextProvider) -> bool:
    # One that is searched by words is asked when the text is written again, just before it would be sent.
    can = provider.capabilities
    return can.lookup or can.idempotent or can.search
