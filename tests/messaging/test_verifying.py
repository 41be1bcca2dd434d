"""The carriers' check of a number: asked again and again, on record when it changes, and no fault stops it."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from housecall.audit.model import Actor, By
from housecall.messaging import number_store, numbers
from housecall.messaging.carriers import Carriers, Credentials
from housecall.messaging.number_model import NumberFault, NumberKind, Verification
from housecall.messaging.number_model import VerificationFault as Fault
from housecall.messaging.providers.base import ProviderError, ProviderUnavailable
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.messaging.providers.numbers import NumberRefused, Verified
from housecall.messaging.tables import PhoneNumber
from housecall.messaging.verifying import Verifying, held_back
from housecall.messaging.verifying_words import FAULTS, STATES, say, warn_of
from housecall.tenancy.store import get_connection
from tests.messaging.office import Office

BY = By(Actor.administrator, "admin-1")


class Desk:
    """An office with one number of Twilio's, and what its carriers say."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.shop = MemoryNumbers()
        self.carriers = Carriers()
        self.carriers.use(Credentials("twilio", "a", "b"), texts=MemoryProvider(), numbers=self.shop)
        self.verifying = Verifying(office.database, self.carriers, office.clock)

    async def number(self, e164: str = "+18335550100") -> PhoneNumber:
        async with self.office.database.work() as work:
            made, _ = await numbers.bring_number(
                work, self.office.org_id, provider="twilio", typed=e164, country="US", provider_ref="PN1", by=BY,
                now=self.office.clock.now(),
            )  # fmt: skip
            return made

    async def look(self, number: PhoneNumber, told: Verified) -> PhoneNumber:
        self.shop.verified = told
        await self.verifying.watch(self.office.org_id, number.id)
        return await self.see(number.id)

    async def see(self, number_id: uuid.UUID) -> PhoneNumber:
        async with self.office.database.work() as work:
            return await number_store.get_number(work, self.office.org_id, number_id)

    async def is_due(self, number: PhoneNumber) -> bool:
        async with self.office.database.work() as work:
            due = await number_store.list_unwatched(work, self.office.clock.now())
        return number.id in [one.id for one in due]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(office: Office) -> AsyncIterator[Desk]:
    async with office.database.queue.open_async():
        yield Desk(office)


async def test_what_the_carriers_say_is_kept_and_its_changes_are_on_record(desk: Desk) -> None:
    number = await desk.number()
    rejected = Verified(Verification.rejected, (Fault.website_unfit, Fault.consent_unclear))

    for told in (Verified(Verification.pending), rejected, rejected, Verified(Verification.approved)):
        found = await desk.look(number, told)

        assert found.verification == told.state.value
        assert found.verification_faults == [fault.value for fault in told.faults]
    acts = [act for act in await desk.office.acts() if act == "messaging:number:verified"]
    assert len(acts) == 3


async def test_a_number_is_asked_about_again_sooner_while_it_waits_than_once_it_is_approved(
    desk: Desk,
) -> None:
    number = await desk.number()
    assert await desk.is_due(number)

    await desk.look(number, Verified(Verification.pending))
    assert not await desk.is_due(number)
    desk.office.clock.advance(timedelta(hours=6))
    assert await desk.is_due(number)

    await desk.look(number, Verified(Verification.approved))
    desk.office.clock.advance(timedelta(hours=7))
    assert not await desk.is_due(number)
    desk.office.clock.advance(timedelta(hours=18))
    assert await desk.is_due(number)


async def test_the_worker_asks_about_each_number_that_is_due_once(desk: Desk) -> None:
    number = await desk.number()

    await desk.verifying.enqueue_due()
    await desk.verifying.enqueue_due()

    jobs = await desk.office.database.queue.job_manager.list_jobs_async(task=numbers.WATCH)
    assert len([job for job in jobs if job.task_kwargs["number_id"] == str(number.id)]) == 1


@pytest.mark.parametrize(
    "fault", [ProviderUnavailable(is_fate_unknown=False), NumberRefused(NumberFault.not_allowed)]
)
async def test_a_provider_that_does_not_tell_leaves_what_was_known_and_is_asked_later(
    desk: Desk, fault: ProviderError
) -> None:
    number = await desk.number()
    await desk.look(number, Verified(Verification.pending))
    desk.office.clock.advance(timedelta(hours=6))
    desk.shop.fails = fault

    found = await desk.look(number, Verified(Verification.approved))

    assert found.verification == "pending"
    assert not await desk.is_due(number)
    desk.office.clock.advance(timedelta(minutes=30))
    assert await desk.is_due(number)
    with pytest.raises(ProviderError):
        await desk.verifying.look(desk.office.org_id, number.id)


async def test_of_a_number_in_a_country_without_the_check_nobody_asks(desk: Desk) -> None:
    number = await desk.number("+4520123456")

    found = await desk.look(number, Verified(Verification.rejected, (Fault.other,)))

    assert (found.verification, found.verification_at) == ("not_needed", None)
    assert not await desk.is_due(number)


async def test_texts_that_may_be_held_back_are_warned_of_until_the_number_is_approved(desk: Desk) -> None:
    number = await desk.number()
    office = desk.office
    async with office.database.work() as work:
        connection = await get_connection(work, office.org_id, office.connection.id)
        connection.texts_from, connection.texts_backup = number.number, "+18005550111"

    rejected = await desk.look(number, Verified(Verification.rejected, (Fault.website_unfit,)))
    [warning] = warn_of(held_back([rejected], connection))
    approved = await desk.look(number, Verified(Verification.approved))

    assert warning.startswith("+18335550100: Rejected by the carriers")
    assert FAULTS[Fault.website_unfit] in warning
    assert held_back([approved], connection) == []


def test_every_state_and_every_fault_has_its_sentence() -> None:
    assert set(STATES) == set(Verification)
    assert set(FAULTS) == set(Fault)
    faults = [one.value for one in Fault]
    for kind in NumberKind:
        number = PhoneNumber(
            provider="twilio", kind=kind.value, verification="rejected", verification_faults=faults
        )
        assert len(say(number).faults) == len(Fault)
