"""What every provider promises: the twin, the gateway, Twilio and Azure by their SDKs, a mail server over SMTP."""

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from benchmarks.reminders_gateway import CountingGateway

from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.providers.azure import AzureProvider
from housecall.messaging.providers.base import (
    Letter,
    OutgoingText,
    ProviderMisconfigured,
    ProviderRefused,
    ProviderUnavailable,
    SearchingProvider,
    TextProvider,
)
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.smtp import SmtpProvider, SmtpServer
from housecall.messaging.providers.twilio import TwilioProvider
from housecall.messaging.providers.twilio_client import TwilioAccount
from housecall.sandbox.app import sandbox_app
from housecall.sandbox.house import House
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.post import smtp
from tests.telecom.azure_server import KEY, Azure
from tests.telecom.served import served
from tests.telecom.twilio_server import SID, TOKEN, Twilio


@dataclass(frozen=True)
class Directory:
    """Whom to write to, to see what happens: all is well, refused, away, taken and not answered, busy."""

    usual: str
    refused: str
    away: str
    lost: str
    busy: str | None
    reason: FailReason = FailReason.landline
    wait: timedelta = timedelta(seconds=7)


PHONES = Directory("+13125550110", "+13125550001", "+13125550002", "+13125550003", "+13125550004")
# SMTP has no way to say when to come back.
MAILBOXES = Directory(
    "pat.1@mail.example", "nobody@mail.example", "later@mail.example", "drop@mail.example", None,
    reason=FailReason.unknown_number,
)  # fmt: skip


class World(Protocol):
    """A provider, and a look at what it has sent on to handsets and mailboxes."""

    provider: TextProvider
    people: Directory

    def arrived(self) -> list[tuple[str, str]]:
        """Address and body of every message that went out."""
        ...


class InMemory:
    """The twin, told to fail as the gateway does."""

    def __init__(self) -> None:
        memory = MemoryProvider()
        self.provider: TextProvider = memory
        self.people = PHONES
        memory.fails[PHONES.refused] = ProviderRefused(FailReason.landline)
        memory.fails[PHONES.away] = ProviderUnavailable(is_fate_unknown=False)
        memory.fails[PHONES.busy or ""] = ProviderUnavailable(
            is_fate_unknown=False, wait=timedelta(seconds=7)
        )
        memory.fails_after_taking[PHONES.lost] = ProviderUnavailable(is_fate_unknown=True)
        self._sent = memory.sent

    def arrived(self) -> list[tuple[str, str]]:
        return [(text.to, text.body) for text in self._sent]


class OverHttp:
    """The gateway provider against a gateway of ours."""

    people = PHONES

    def __init__(self, provider: GatewayProvider, gateway: CountingGateway) -> None:
        self.provider: TextProvider = provider
        self._gateway = gateway

    def arrived(self) -> list[tuple[str, str]]:
        return [(text.to, text.body) for text in self._gateway.texts.values()]


class OverSmtp:
    """The SMTP provider against the sandbox's mail server."""

    people = MAILBOXES

    def __init__(self, provider: SmtpProvider, house: House) -> None:
        self.provider: TextProvider = provider
        self._house = house

    def arrived(self) -> list[tuple[str, str]]:
        return [(mail.to, mail.body.removesuffix("\n")) for mail in self._house.world.record.mails]


class OverTwilio:
    """Twilio's own SDK against a Twilio of ours."""

    people = replace(PHONES, wait=timedelta(seconds=1))

    def __init__(self, url: str, server: Twilio) -> None:
        hook = "https://housecall.test/hooks/twilio"
        self.provider: TextProvider = TwilioProvider(TwilioAccount(SID, TOKEN, url=url), status_url=hook)
        self._server = server

    def arrived(self) -> list[tuple[str, str]]:
        return [(one["to"], one["body"]) for one in self._server.messages]


class OverAzure:
    """Azure Communication Services' own SDK against a resource of ours."""

    people = replace(PHONES, reason=FailReason.opted_out)

    def __init__(self, url: str, server: Azure) -> None:
        self.provider: TextProvider = AzureProvider(url, KEY)
        self._server = server

    def arrived(self) -> list[tuple[str, str]]:
        return [(one["to"], one["body"]) for one in self._server.texts.values()]


@asynccontextmanager
async def twilio() -> AsyncIterator[OverTwilio]:
    faults = {PHONES.refused: "21614", PHONES.away: "away", PHONES.busy or "": "busy", PHONES.lost: "broken"}
    server = Twilio(faults=faults)
    async with served(server.app()) as url:
        there = OverTwilio(url, server)
        yield there
        await there.provider.close()


@asynccontextmanager
async def azure() -> AsyncIterator[OverAzure]:
    faults = {PHONES.refused: "409", PHONES.away: "busy", PHONES.busy or "": "busy", PHONES.lost: "broken"}
    server = Azure(faults=faults)
    async with served(server.app()) as url:
        there = OverAzure(url, server)
        yield there
        await there.provider.close()


@pytest_asyncio.fixture(loop_scope="session", params=["memory", "gateway", "smtp", "twilio", "azure"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    if request.param in ("twilio", "azure"):
        async with {"twilio": twilio, "azure": azure}[request.param]() as there_:
            yield there_
        return
    if request.param == "smtp":
        async with post_office() as there:
            yield there
        return
    faults = {PHONES.refused: "refuse:landline", PHONES.away: "busy", PHONES.busy or "": "busy"}
    gateway = CountingGateway(faults={**faults, PHONES.lost: "broken"})
    provider = GatewayProvider(await gateway.start() + "/gateway", timeout=timedelta(seconds=2))
    yield OverHttp(provider, gateway)
    await provider.close()
    await gateway.stop()


@asynccontextmanager
async def post_office() -> AsyncIterator[OverSmtp]:
    folder = Path(tempfile.mkdtemp(prefix="hc-post-", dir="/tmp"))
    house: House = sandbox_app(SandboxOptions()).state.house
    server = await smtp.listen(house, folder / "smtp")
    where = SmtpServer(str(folder / "smtp"), security="none")
    yield OverSmtp(SmtpProvider(where, sender="visits@clinic.example"), house)
    server.close()
    await house.outward.aclose()
    shutil.rmtree(folder)


def a_text(to: str, body: str = "Lakeside: join here.") -> OutgoingText:
    letter = Letter("Lakeside", "Your visit", "<p>Join here.</p>") if "@" in to else None
    return OutgoingText(str(uuid.uuid4()), sent_from="+18335550100", to=to, body=body, letter=letter)


def must(world: World, capability: str) -> None:
    """What a provider does not declare is not asked of it."""
    if not getattr(world.provider.capabilities, capability):
        pytest.skip(f"it does not declare {capability}")


async def test_a_text_is_sent_and_answered_with_the_providers_id(world: World) -> None:
    answer = await world.provider.send(a_text(world.people.usual))

    assert answer.provider_id
    assert world.arrived() == [(world.people.usual, "Lakeside: join here.")]


async def test_signs_of_every_language_arrive_as_they_were(world: World) -> None:
    body = "Sundhedshuset: ærø — ¿señal? زيارتك بالفيديو 👍"

    await world.provider.send(a_text(world.people.usual, body))

    assert world.arrived() == [(world.people.usual, body)]


async def test_each_reference_is_a_text_of_its_own(world: World) -> None:
    first = await world.provider.send(a_text(world.people.usual))
    second = await world.provider.send(a_text(world.people.usual))

    assert first.provider_id != second.provider_id
    assert len(world.arrived()) == 2


async def test_a_repeated_reference_is_answered_again_and_not_sent_again(world: World) -> None:
    must(world, "idempotent")
    text = a_text(world.people.usual)
    first = await world.provider.send(text)

    again = await world.provider.send(replace(text, body="Another body."))

    assert again == first
    assert world.arrived() == [(world.people.usual, text.body)]


async def test_a_text_it_has_can_be_looked_up_by_our_reference(world: World) -> None:
    must(world, "lookup")
    text = a_text(world.people.usual)
    answer = await world.provider.send(text)

    status = await world.provider.lookup(text.reference)

    assert status is not None
    assert (status.provider_id, status.state) == (answer.provider_id, MessageState.accepted)


async def test_a_text_it_never_had_is_not_found(world: World) -> None:
    must(world, "lookup")
    assert await world.provider.lookup(str(uuid.uuid4())) is None


async def test_a_refusal_says_why_and_nothing_was_sent(world: World) -> None:
    text = a_text(world.people.refused)

    with pytest.raises(ProviderRefused) as refusal:
        await world.provider.send(text)

    assert refusal.value.reason is world.people.reason
    assert world.arrived() == []
    if world.provider.capabilities.lookup:
        assert await world.provider.lookup(text.reference) is None


async def test_a_provider_that_is_away_has_surely_not_taken_the_text(world: World) -> None:
    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(a_text(world.people.away))

    assert not fault.value.is_fate_unknown
    assert world.arrived() == []


async def test_a_provider_may_ask_for_time(world: World) -> None:
    if world.people.busy is None:
        pytest.skip("it has no way to ask")

    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(a_text(world.people.busy))

    assert fault.value.wait == world.people.wait


async def test_what_may_have_been_taken_is_told_apart_and_found_by_its_reference(world: World) -> None:
    text = a_text(world.people.lost)

    with pytest.raises(ProviderUnavailable) as fault:
        await world.provider.send(text)

    assert fault.value.is_fate_unknown
    if world.provider.capabilities.lookup:
        assert await world.provider.lookup(text.reference) is not None
    assert len(world.arrived()) == 1


async def test_a_text_without_a_reference_there_is_found_by_its_words(world: World) -> None:
    must(world, "search")
    assert isinstance(world.provider, SearchingProvider)
    text = a_text(world.people.lost)
    with pytest.raises(ProviderUnavailable):
        await world.provider.send(text)

    found = await world.provider.search(text)

    assert found is not None
    assert found.state is MessageState.accepted
    assert await world.provider.search(replace(text, body="Another body.")) is None
    assert await world.provider.search(replace(text, since=datetime.now(UTC) + timedelta(hours=1))) is None


async def test_a_number_that_is_not_ours_there_is_our_fault_and_no_patients(world: World) -> None:
    if not isinstance(world, OverTwilio | OverAzure):
        pytest.skip("it takes any sender")

    with pytest.raises(ProviderMisconfigured):
        await world.provider.send(replace(a_text(world.people.usual), sent_from="+18005550199"))

    assert world.arrived() == []


@pytest.mark.parametrize("who", ["refused", "away", "lost"])
async def test_no_fault_tells_the_number_or_the_text(world: World, who: str) -> None:
    number = getattr(world.people, who)

    with pytest.raises((ProviderRefused, ProviderUnavailable)) as fault:
        await world.provider.send(a_text(number, body="secret link"))

    told = f"{fault.value!r} {fault.value} {fault.value.__cause__!r}"
    assert number.removeprefix("+") not in told
    assert "secret link" not in told


async def test_a_text_shows_neither_number_nor_body_when_printed(world: World) -> None:
    text = a_text(world.people.usual)

    assert world.arrived() == []
    assert world.people.usual.removeprefix("+") not in repr(text)
    assert text.body not in repr(text)
