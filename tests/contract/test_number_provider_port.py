"""What every number provider promises: the twin, the gateway's contract, Twilio and Azure by their own SDKs."""

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from housecall.messaging.number_model import NumberFault, NumberKind, NumberState
from housecall.messaging.providers.azure_numbers import AzureNumbers
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.providers.gateway_numbers import GatewayNumbers
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.messaging.providers.numbers import NumberProvider, NumberRefused, NumberWish
from housecall.messaging.providers.twilio_client import TwilioAccount
from housecall.messaging.providers.twilio_numbers import TwilioNumbers
from tests.telecom.azure_server import KEY, Azure
from tests.telecom.gateway_server import NumberGateway
from tests.telecom.served import served
from tests.telecom.twilio_server import SID, TOKEN, Twilio


@dataclass
class World:
    """A provider, how many numbers it has sold, and ways to make it fail."""

    provider: NumberProvider
    sold: Callable[[], int]
    lose_the_purchase: Callable[[], None]
    sell_out: Callable[[], None]


@pytest_asyncio.fixture(loop_scope="session", params=["memory", "gateway", "twilio", "azure"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryNumbers()

        def lose() -> None:
            memory.fails_after_buying = ProviderUnavailable(is_fate_unknown=True)

        yield World(memory, lambda: len(memory.bought), lose, memory.stock.clear)
        return
    make = {"gateway": _gateway, "twilio": _twilio, "azure": _azure}[request.param]
    server, provider_at = make()
    async with served(server.app()) as url:
        provider = provider_at(url)

        def lose_one() -> None:
            server.loses_purchase = True

        yield World(provider, lambda: server.purchases, lose_one, server.stock.clear)
        await provider.close()


def _gateway() -> tuple[NumberGateway, Callable[[str], NumberProvider]]:
    return NumberGateway(), lambda url: GatewayNumbers(url)


def _twilio() -> tuple[Twilio, Callable[[str], NumberProvider]]:
    server = Twilio()
    server.stock = {"TollFree": server.stock["TollFree"], "Local": [], "Mobile": []}
    return server, lambda url: TwilioNumbers(
        TwilioAccount(SID, TOKEN, url=url), reply_url="https://housecall.test/hooks/twilio"
    )


def _azure() -> tuple[Azure, Callable[[str], NumberProvider]]:
    return Azure(), lambda url: AzureNumbers(url, KEY, poll_every_s=0.05)


def a_wish() -> NumberWish:
    return NumberWish(str(uuid.uuid4()), "US", NumberKind.toll_free)


async def test_a_number_is_chosen_bought_and_there(world: World) -> None:
    wish = a_wish()

    choice = await world.provider.choose(wish)
    bought = await world.provider.buy(wish, choice, is_repeat=False)
    progress = await world.provider.progress(bought)

    assert progress.state is NumberState.active
    assert (progress.number or "").startswith("+1")
    assert choice.number in (None, progress.number)
    assert world.sold() == 1


async def test_choosing_buys_nothing(world: World) -> None:
    await world.provider.choose(a_wish())

    assert world.sold() == 0


async def test_a_purchase_whose_answer_was_lost_is_found_and_not_made_again(world: World) -> None:
    wish = a_wish()
    choice = await world.provider.choose(wish)
    world.lose_the_purchase()
    with pytest.raises(ProviderUnavailable):
        await world.provider.buy(wish, choice, is_repeat=False)

    again = await world.provider.buy(wish, choice, is_repeat=True)

    assert (await world.provider.progress(again)).state is NumberState.active
    assert world.sold() == 1


async def test_a_repeat_of_a_purchase_that_never_came_through_buys_one(world: World) -> None:
    wish = a_wish()
    choice = await world.provider.choose(wish)

    bought = await world.provider.buy(wish, choice, is_repeat=True)

    assert (await world.provider.progress(bought)).state is NumberState.active
    assert world.sold() == 1


async def test_where_nothing_is_left_the_provider_says_so(world: World) -> None:
    world.sell_out()
    wish = a_wish()

    fault = await _fault_of(world.provider, wish)

    assert fault is NumberFault.no_number_available


async def _fault_of(provider: NumberProvider, wish: NumberWish) -> NumberFault | None:
    """Said when choosing, or, where nothing can be chosen, after the buying."""
    try:
        bought = await provider.buy(wish, await provider.choose(wish), is_repeat=False)
    except NumberRefused as refusal:
        return refusal.fault
    return (await provider.progress(bought)).fault


async def test_a_number_is_given_back_and_twice_is_no_fault(world: World) -> None:
    wish = a_wish()
    bought = await world.provider.buy(wish, await world.provider.choose(wish), is_repeat=False)

    await world.provider.release(bought)
    await world.provider.release(bought)

    assert (await world.provider.progress(bought)).state is not NumberState.active


async def test_a_number_that_is_not_on_the_account_is_not_its_own(world: World) -> None:
    assert await world.provider.find_own("+18005550199") is None
