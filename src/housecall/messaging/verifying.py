"""What the carriers say of the organisation's numbers: asked by the worker now and again, and on a press."""

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By, before_and_after
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.messaging import number_store as store
from housecall.messaging import numbers
from housecall.messaging.carriers import Carriers
from housecall.messaging.number_model import LET_THROUGH, NumberKind, NumberState, Verification
from housecall.messaging.providers.base import ProviderError
from housecall.messaging.providers.numbers import Verified
from housecall.messaging.tables import PhoneNumber
from housecall.tenancy.tables import Connection

log = logging.getLogger(__name__)

_BY: Final = By(Actor.system, "numbers")
# A carrier's check of a form takes days; what was approved is seldom taken back.
_LOOK_AGAIN: Final = timedelta(hours=6)
_APPROVED_AGAIN: Final = timedelta(days=1)
# Their interface was away, or would not have us.
_TRY_AGAIN: Final = timedelta(minutes=30)


class Verifying:
    """Asks providers what the carriers say, one number at a time."""

    def __init__(self, database: Database, carriers: Carriers, clock: Clock) -> None:
        self._database = database
        self._carriers = carriers
        self._clock = clock

    async def watch(self, org_id: OrgId, number_id: uuid.UUID) -> None:
        """What the carriers say is known, or their provider is asked again in a while."""
        try:
            await self.look(org_id, number_id)
        except ProviderError as fault:
            log.warning(
                "A provider did not tell of a number's verification.",
                extra={"number_id": str(number_id), "code": fault.code},
            )
            async with self._database.work() as work:
                number = await store.get_number(work, org_id, number_id, lock=True)
                number.verification_due_at = self._clock.now() + _TRY_AGAIN

    async def look(self, org_id: OrgId, number_id: uuid.UUID) -> None:
        """What the carriers say now is known; raises ProviderError. Nothing is asked where no check is needed."""
        async with self._database.work() as work:
            number = await store.get_number(work, org_id, number_id)
            provider = await self._carriers.numbers(work, org_id, number.provider)
        is_ours = number.state == NumberState.active and number.verification != Verification.not_needed
        if provider is None or not is_ours or not number.provider_ref or number.number is None:
            return
        told = await provider.verification(number.provider_ref, number.number, NumberKind(number.kind))
        async with self._database.work() as work:
            await self._keep(work, await store.get_number(work, org_id, number_id, lock=True), told)

    async def _keep(self, work: Work, number: PhoneNumber, told: Verified) -> None:
        now = self._clock.now()
        before = _shown(number)
        number.verification = told.state.value
        number.verification_faults = [fault.value for fault in told.faults]
        number.verification_at = now
        is_approved = number.verification == Verification.approved
        number.verification_due_at = now + (_APPROVED_AGAIN if is_approved else _LOOK_AGAIN)
        if _shown(number) != before:
            await record(
                work, OrgId(number.org_id), Act.number_verified, by=_BY, subject=str(number.id), at=now,
                provider=number.provider, **before_and_after(before, _shown(number)),
            )  # fmt: skip

    async def enqueue_due(self) -> None:
        """Every number whose turn it is will be asked about by the queue."""
        async with self._database.work() as work:
            for number in await store.list_unwatched(work, self._clock.now()):
                await numbers.enqueue_watch(work, number)


def _shown(number: PhoneNumber) -> dict[str, str]:
    return {"verification": number.verification, "faults": " ".join(number.verification_faults)}


def held_back(there: Sequence[PhoneNumber], connection: Connection) -> list[PhoneNumber]:
    """The numbers this connection's texts leave from whose texts carriers may hold back, the first one first."""
    by_number = {one.number: one for one in numbers.working(there)}
    linked = (by_number.get(one) for one in (connection.texts_from, connection.texts_backup) if one)
    return [one for one in linked if one is not None and Verification(one.verification) not in LET_THROUGH]
