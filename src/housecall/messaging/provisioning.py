"""What the worker does with numbers: buy, give back. Each step is kept before the next one is taken.

    requested -> provisioning: choose (kept) -> buy (kept) -> ask how far -> active

A worker killed between two steps leaves a job that another takes back; it goes on from what is kept. Killed while
it buys, the next one looks for what is there under our reference before it buys again.
"""

import logging
import uuid
from datetime import timedelta
from typing import Final

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.messaging import number_store as store
from housecall.messaging import numbers
from housecall.messaging.carriers import Carriers
from housecall.messaging.number_model import NumberFault, NumberKind, NumberOrigin, NumberState
from housecall.messaging.providers.base import ProviderMisconfigured, ProviderUnavailable
from housecall.messaging.providers.numbers import Choice, NumberProvider, NumberRefused, NumberWish
from housecall.messaging.tables import PhoneNumber

log = logging.getLogger(__name__)

_BY: Final = By(Actor.system, "numbers")
_POLL: Final = timedelta(seconds=1)
_UNDER_WAY: Final = frozenset({NumberState.requested, NumberState.provisioning})


class Provisioning:
    """Takes numbers forward, one step of one number at a time."""

    def __init__(self, database: Database, carriers: Carriers, clock: Clock) -> None:
        self._database = database
        self._carriers = carriers
        self._clock = clock

    async def provision(self, org_id: OrgId, number_id: uuid.UUID) -> None:
        """The number is a step further; while it is under way, the job comes again."""
        number = await self._begun(org_id, number_id)
        if number is None:
            return
        try:
            await self._advance(number)
        except NumberRefused as refusal:
            await self._fail(org_id, number_id, refusal.fault)
        except ProviderMisconfigured:
            await self._fail(org_id, number_id, NumberFault.not_allowed)
        except ProviderUnavailable:
            log.warning("A number provider did not answer.", extra={"number_id": str(number_id)})
        await self._come_again(org_id, number_id)

    async def _begun(self, org_id: OrgId, number_id: uuid.UUID) -> PhoneNumber | None:
        now = self._clock.now()
        async with self._database.work() as work:
            number = await store.get_number(work, org_id, number_id, lock=True)
            if number.state not in _UNDER_WAY or number.origin != NumberOrigin.bought:
                return None
            if number.give_up_at <= now:
                await numbers.fail(work, number, NumberFault.took_too_long, by=_BY, now=now)
                return None
            if number.state == NumberState.requested:
                numbers.begin(number)
            return number

    async def _advance(self, number: PhoneNumber) -> None:
        provider = await self._provider(number)
        wish = NumberWish(f"{number.id}-{number.tries}", number.country, NumberKind(number.kind))
        if number.provider_ref is None:
            number = await self._bought(number, wish, provider)
        assert number.provider_ref is not None
        progress = await provider.progress(number.provider_ref)
        if progress.state is NumberState.failed:
            raise NumberRefused(progress.fault or NumberFault.other)
        if progress.state is NumberState.active and progress.number:
            now = self._clock.now()
            async with self._database.work() as work:
                fresh = await store.get_number(work, OrgId(number.org_id), number.id, lock=True)
                if fresh.state == NumberState.provisioning:
                    await numbers.activate(work, fresh, progress.number, by=_BY, now=now)

    async def _bought(self, number: PhoneNumber, wish: NumberWish, provider: NumberProvider) -> PhoneNumber:
        is_repeat = number.buying_since is not None
        if not is_repeat:
            choice = await provider.choose(wish)
            number = await self._keep(
                number, chosen=choice.number, ticket=choice.ticket, buying_since=self._clock.now()
            )
        choice = Choice(number.chosen, number.ticket)
        return await self._keep(number, provider_ref=await provider.buy(wish, choice, is_repeat=is_repeat))

    async def _keep(self, number: PhoneNumber, **values: object) -> PhoneNumber:
        async with self._database.work() as work:
            fresh = await store.get_number(work, OrgId(number.org_id), number.id, lock=True)
            for name, value in values.items():
                setattr(fresh, name, value)
            return fresh

    async def _provider(self, number: PhoneNumber) -> NumberProvider:
        async with self._database.work() as work:
            found = await self._carriers.numbers(work, OrgId(number.org_id), number.provider)
        if found is None:
            raise NumberRefused(NumberFault.no_provider)
        return found

    async def _fail(self, org_id: OrgId, number_id: uuid.UUID, fault: NumberFault) -> None:
        async with self._database.work() as work:
            number = await store.get_number(work, org_id, number_id, lock=True)
            if number.state == NumberState.provisioning:
                await numbers.fail(work, number, fault, by=_BY, now=self._clock.now())

    async def _come_again(self, org_id: OrgId, number_id: uuid.UUID) -> None:
        async with self._database.work() as work:
            number = await store.get_number(work, org_id, number_id)
            if number.state in _UNDER_WAY:
                await numbers.enqueue_later(work, numbers.PROVISION, number, self._clock.now() + _POLL)

    async def release(self, org_id: OrgId, number_id: uuid.UUID) -> None:
        """The provider has its number back; raises ProviderUnavailable when it has to be told again."""
        async with self._database.work() as work:
            number = await store.get_number(work, org_id, number_id)
        if number.state == NumberState.released and number.provider_ref:
            provider = await self._provider(number)
            await provider.release(number.provider_ref)
