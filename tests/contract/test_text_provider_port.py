"""What every text provider promises: the one in memory, and the gateway over real HTTP."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest
import pytest_asyncio
from benchmarks.reminders_gateway import CountingGateway

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderRefused,
    ProviderUnavailable,
    TextProvider,
)
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.memory import MemoryProvider

USUAL = "+13125550110"
REFUSED = "+13125550001"
AWAY = "+13125550002"
LOST = "+13125550003"
BUSY = "+13125550004"


class World(Protocol):
    """A provider, and a look at what it has sent on to handsets."""

    provider: TextProvider

    def arrived(self) -> list[tuple[str, str]]:
        """Number and body of every text that went out."""
        ...


class InMemory:
    """The twin, told to fail as the gateway does."""

    def __init__(self) -> None:
        memory = MemoryProvider()
        self.provider: TextProvider = memory
        memory.fails[REFUSED] = ProviderRefused(FailReason.landline)
        memory.fails[AWAY] = ProviderUnavailable(is_fate_unknown=False)
        memory.fails[BUSY] = ProviderUnavailable(is_fate_unknown=False, wait=timedelta(seconds=7))
        memory.fails_after_taking[LOST] = ProviderUnavailable(is_fate_unknown=True)
        self._sent = memory.sent

    def arrived(self) -> list[tuple[str, str]]:
        return [(text.to, text.body) for text in self._sent]


class OverHttp:
    """The gateway provider against a gateway of ours."""

    def __init__(self, provider: GatewayProvider, gateway: CountingGateway) -> None:
        self.provider: TextProvider = provider
        self._gateway = gateway

    def arrived(self) -> list[tuple[str, str]]:
        return [(text.to, text.body) for text in self._gateway.texts.values()]


@pytest_asyncio.fixture(loop_scope="session", params=["memory", "gateway"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    gateway = CountingGateway(faults={REFUSED: "refuse:landline", AWAY: "busy", BUSY: "busy", LOST: "broken"})
    provider = GatewayProvider(await gateway.start() + "/gateway", timeout=timedelta(seconds=2))
    yield OverHttp(provider, gateway)
    await provider.close()
    await gateway.stop()


def a_text(to: str = USUAL, body: str = "Lakeside: join here.") -> OutgoingText:
    return OutgoingText(reference=str(uuid.uuid4()), sent_from="+18335550100", to=to, body=body)


async def test_a_text_is_sent_and_answered_with_the_providers_id(world: World) -> None:
    answer = await world.provider.send(a_text())

    assert answer.provider_id
    assert world.arrived() == [(USUAL, "Lakeside: join here.")]


async def test_signs_of_every_language_arrive_as_they_were(world: World) -> None:
    body = "Sundhedshuset: ærø — ¿señal? زيارتك بالفيديو 👍"

    await world.provider.send(a_text(body=body))

    assert world.arrived() == [(USUAL, body)]


async def test_each_reference_is_a_text_of_its_own(world: World) -> None:
    first = await world.provider.send(a_text())
    second = await world.provider.send(a_text())

    assert first.provider_id != second.provider_id
    assert len(world.arrived()) == 2


async def test_a_repeated_reference_is_answered_again_and_not_sent_again(world: World) -> None:
    text = a_text()
    first = await world.provider.send(text)

    again = await world.provider.send(replace(text, body="Another body."))

    assert world.provider.capabilities.idempotent
    assert again == first
    assert world.arrived() == [(USUAL, text.body)]


async def test_a_text_it_has_can_be_looked_up_by_our_reference(world: World) -> None:
    text = a_text()
    answer = await world.provider.send(text)

    status = await world.provider.lookup(text.reference)

    assert world.provider.capabilities.lookup
    assert status is not None
    assert (status.provider_id, status.state) == (answer.provider_id, MessageState.accepted)


async def test_a_text_it_never_had_is_not_found(world: World) -> None:
    assert await world.provider.lookup(str(uuid.uuid4())) is None


async def test_a_refusal_says_why_and_nothing_was_sent(world: World) -> None:
    text = a_text(REFUSED)

    with pytest.raises(ProviderRefused) as refusal:
        await world.provider.send(text)

    assert refusal.value.reason is FailReason.landline
    assert world.arrived() == []
    assert await world.provider.lookup(text.reference) is None


async def test_a_provider_that_is_away_has_surely_not_taken_the_text(world: World) -> None:
    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(a_text(AWAY))

    assert not fault.value.is_fate_unknown
    assert world.arrived() == []


async def test_a_provider_may_ask_for_time(world: World) -> None:
    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(a_text(BUSY))

    assert fault.value.wait == timedelta(seconds=7)


async def test_a_text_that_may_have_been_taken_is_found_by_its_reference(world: World) -> None:
    text = a_text(LOST)

    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(text)

    assert fault.value.is_fate_unknown
    assert await world.provider.lookup(text.reference) is not None
    assert len(world.arrived()) == 1


@pytest.mark.parametrize("number", [REFUSED, AWAY, LOST])
async def test_no_fault_tells_the_number_or_the_text(world: World, number: str) -> None:
    with pytest.raises((ProviderRefused, ProviderUnavailable)) as fault:
        await world.provider.send(a_text(number, body="secret link"))

    told = f"{fault.value!r} {fault.value} {fault.value.__cause__!r}"
    assert number.removeprefix("+") not in told
    assert "secret link" not in told


async def test_a_text_shows_neither_number_nor_body_when_printed(world: World) -> None:
    text = a_text()

    assert world.arrived() == []
    assert USUAL.removeprefix("+") not in repr(text)
    assert text.body not in repr(text)
