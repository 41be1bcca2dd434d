"""Phone numbers: asked for once, watched by the worker, never bought twice, linked and given back."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from housecall.audit.model import Actor, By
from housecall.messaging import number_store, numbers
from housecall.messaging.carriers import Carriers, Credentials
from housecall.messaging.errors import CodeWrong, IllegalNumberMove, NumberInvalid, NumberTaken
from housecall.messaging.number_model import MOVES, NumberFault, NumberKind, NumberState, move
from housecall.messaging.numbers import bring_number, request_number, retry_number
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.messaging.providers.numbers import NumberRefused
from housecall.messaging.provisioning import Provisioning
from housecall.messaging.tables import PhoneNumber
from housecall.tenancy.store import get_connection
from tests.messaging.office import Office

BY = By(Actor.administrator, "admin-1")


class Desk:
    """An office with a shop for numbers; ``step`` is one run of the worker's job."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.shop = MemoryNumbers()
        self.carriers = Carriers()
        self.carriers.use(Credentials("gateway", "a", "b"), texts=MemoryProvider(), numbers=self.shop)
        self.job = Provisioning(office.database, self.carriers, office.clock)

    async def request(self) -> uuid.UUID:
        async with self.office.database.work() as work:
            number = await request_number(
                work, self.office.org_id, provider="gateway", country="US", kind=NumberKind.toll_free, by=BY,
                now=self.office.clock.now(),
            )  # fmt: skip
            return number.id

    async def step(self, number_id: uuid.UUID) -> PhoneNumber:
        await self.job.provision(self.office.org_id, number_id)
        return await self.see(number_id)

    async def see(self, number_id: uuid.UUID) -> PhoneNumber:
        async with self.office.database.work() as work:
            return await number_store.get_number(work, self.office.org_id, number_id)

    async def retry(self, number_id: uuid.UUID) -> None:
        async with self.office.database.work() as work:
            await retry_number(work, self.office.org_id, number_id, by=BY, now=self.office.clock.now())

    async def bring(self, typed: str, provider_ref: str | None = None) -> tuple[PhoneNumber, str]:
        async with self.office.database.work() as work:
            number, proof = await bring_number(
                work, self.office.org_id, provider="gateway", typed=typed, country="US",
                provider_ref=provider_ref, by=BY, now=self.office.clock.now(),
            )  # fmt: skip
            return number, proof.code if proof else ""

    async def prove(self, number_id: uuid.UUID, code: str) -> bool:
        async with self.office.database.work() as work:
            return await numbers.prove_number(
                work, self.office.org_id, number_id, code, by=BY, now=self.office.clock.now()
            )


@pytest_asyncio.fixture(loop_scope="session")
async def desk(office: Office) -> AsyncIterator[Desk]:
    async with office.database.queue.open_async():
        yield Desk(office)


def test_every_move_of_a_number_is_in_the_table_and_others_are_refused() -> None:
    assert move(NumberState.requested, "begin") is NumberState.provisioning
    for state in NumberState:
        for verb in {verb for _, verb in MOVES}:
            if (state, verb) not in MOVES:
                with pytest.raises(IllegalNumberMove, match=f"{state} cannot {verb}"):
                    move(state, verb)


async def test_a_number_is_there_when_its_provider_has_it_ready(desk: Desk) -> None:
    desk.shop.polls = 2
    number_id = await desk.request()

    states = [(await desk.step(number_id)).state for _ in range(3)]

    assert states == ["provisioning", "provisioning", "active"]
    assert (await desk.see(number_id)).number == "+18335550100"
    assert await desk.office.acts() == ["messaging:number:requested", "messaging:number:active"]


async def test_the_job_comes_again_while_the_number_is_on_its_way(desk: Desk) -> None:
    desk.shop.polls = 5
    number_id = await desk.request()

    await desk.step(number_id)

    jobs = await desk.office.database.queue.job_manager.list_jobs_async(task=numbers.PROVISION)
    waiting = [job for job in jobs if job.status == "todo" and job.task_kwargs["number_id"] == str(number_id)]
    assert len(list(waiting)) == 1


async def test_killed_while_buying_the_next_worker_finds_what_was_bought(desk: Desk) -> None:
    """The purchase went through, and the worker died before it had written that down."""
    number_id = await desk.request()
    desk.shop.fails_after_buying = ProviderUnavailable(is_fate_unknown=True)
    await desk.step(number_id)

    number = await desk.step(number_id)

    assert number.state == "active"
    assert len(desk.shop.bought) == 1


async def test_killed_at_every_step_one_number_is_bought(desk: Desk) -> None:
    """A worker told to stop at any await leaves a row that another one takes to its end."""
    for steps in range(1, 40):
        number_id = await desk.request()
        job = asyncio.create_task(desk.job.provision(desk.office.org_id, number_id))
        for _ in range(steps):
            await asyncio.sleep(0)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        before = len(desk.shop.bought)

        number = await desk.step(number_id)

        assert number.state == "active"
        assert len(desk.shop.bought) <= max(before, 1)
        desk.shop.bought.clear()


async def test_a_number_that_cannot_be_had_says_why_and_is_tried_again_anew(desk: Desk) -> None:
    desk.shop.fails = NumberRefused(NumberFault.no_number_available)
    number_id = await desk.request()
    failed = await desk.step(number_id)
    assert (failed.state, failed.fault) == ("failed", "no_number_available")

    desk.shop.fails = None
    await desk.retry(number_id)
    number = await desk.step(number_id)

    assert (number.state, number.fault, number.tries) == ("active", None, 2)


async def test_after_two_minutes_it_is_said_and_a_late_number_is_not_bought_again(desk: Desk) -> None:
    desk.shop.polls = 3
    number_id = await desk.request()
    await desk.step(number_id)
    desk.office.clock.advance(timedelta(minutes=2, seconds=1))
    late = await desk.step(number_id)
    assert (late.state, late.fault) == ("failed", "took_too_long")

    await desk.retry(number_id)
    states = [(await desk.step(number_id)).state for _ in range(3)]

    assert states[-1] == "active"
    assert len(desk.shop.bought) == 1


async def test_a_provider_nobody_set_up_fails_at_once(desk: Desk) -> None:
    desk.job = Provisioning(desk.office.database, Carriers(), desk.office.clock)
    number_id = await desk.request()

    number = await desk.step(number_id)

    assert (number.state, number.fault) == ("failed", "no_provider")


async def test_giving_a_number_back_unlinks_it_and_tells_the_provider(desk: Desk) -> None:
    number_id = await desk.request()
    number = await desk.step(number_id)
    office = desk.office
    async with office.database.work() as work:
        connection = await get_connection(work, office.org_id, office.connection.id)
        connection.texts_from = number.number

    async with office.database.work() as work:
        await numbers.release_number(work, office.org_id, number_id, by=BY, now=office.clock.now())
    await desk.job.release(office.org_id, number_id)

    async with office.database.work() as work:
        assert (await get_connection(work, office.org_id, office.connection.id)).texts_from is None
    assert desk.shop.released == [number.provider_ref]
    assert (await desk.see(number_id)).state == "released"


async def test_a_brought_number_works_once_its_code_was_typed(desk: Desk) -> None:
    number, code = await desk.bring("(833) 555-0142")
    assert number.state == "provisioning"

    assert not await desk.prove(number.id, "000000" if code != "000000" else "111111")
    assert await desk.prove(number.id, f" {code[:3]} {code[3:]}")

    proven = await desk.see(number.id)
    assert (proven.state, proven.number, proven.origin) == ("active", "+18335550142", "brought")


async def test_a_code_cannot_be_guessed_by_trying(desk: Desk) -> None:
    number, code = await desk.bring("+18335550142")
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert not await desk.prove(number.id, wrong)

    with pytest.raises(CodeWrong):
        await desk.prove(number.id, code)


async def test_a_brought_number_its_provider_knows_needs_no_code(desk: Desk) -> None:
    number, code = await desk.bring("+18335550142", provider_ref="PN1")

    assert (number.state, code) == ("active", "")


async def test_a_number_is_brought_once_and_must_be_one(desk: Desk) -> None:
    await desk.bring("+18335550142")

    with pytest.raises(NumberTaken):
        await desk.bring("833-555-0142")
    with pytest.raises(NumberInvalid):
        await desk.bring("12")


async def test_another_organisation_does_not_see_the_number(desk: Desk) -> None:
    await desk.request()

    async with desk.office.database.work() as work:
        assert await number_store.list_numbers(work, uuid.uuid4()) == []  # type: ignore[arg-type]
