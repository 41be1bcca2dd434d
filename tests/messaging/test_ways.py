"""Which way a text takes: by its number's provider, by the one that stands in, at the number's pace, or held."""

import asyncio
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from housecall.audit.model import Actor, By
from housecall.kit.ids import new_uuid
from housecall.messaging import number_store
from housecall.messaging.carriers import Carriers, Credentials
from housecall.messaging.model import Channel, MessageState
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderAnswer,
    ProviderMisconfigured,
    ProviderStatus,
    ProviderUnavailable,
    Trouble,
)
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.memory_numbers import MemoryNumbers
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Due, Outcome
from housecall.messaging.replies import apply_reply, refusal_hash
from housecall.messaging.tables import Message, PhoneNumber
from housecall.messaging.words import ReplyWord
from housecall.tenancy.consent import Consent, give_consent, list_consents, withdraw_consents
from housecall.tenancy.store import get_connection
from tests.messaging.office import OURS, Office, number_of

BY = By(Actor.administrator, "admin-1")
SECOND = "+18885550100"


class Searched(MemoryProvider):
    """Keeps no reference, but can be asked whether it had a text of these words; as Twilio does."""

    name = "twilio"

    def __init__(self) -> None:
        super().__init__(idempotent=False, lookup=False)
        self.capabilities = type(self.capabilities)(idempotent=False, lookup=False, search=True)
        self.searched = 0

    async def search(self, text: OutgoingText) -> ProviderStatus | None:
        self.searched += 1
        is_there = any((one.to, one.body) == (text.to, text.body) for one in self.sent)
        return ProviderStatus("found-1", MessageState.accepted) if is_there else None


class Second(MemoryProvider):
    name = "azure"


class Ways:
    """An office whose connection texts from a number at one provider, with another one behind it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.first, self.second = Searched(), Second()
        self.carriers = Carriers()
        self.carriers.use(Credentials("twilio", "a", "b"), texts=self.first, numbers=MemoryNumbers())
        self.carriers.use(Credentials("azure", "a", "b"), texts=self.second, numbers=MemoryNumbers())

    def outbox(self) -> Outbox:
        providers = Providers({Channel.sms: self.office.provider}, carriers=self.carriers)
        office = self.office
        return Outbox(office.database, providers, office.resolver, office.clock, office.sealer, office.hear)

    async def send(self) -> None:
        await self.outbox().send_due()

    async def number(self, number: str, provider: str, pace: int | None = None) -> None:
        now = self.office.clock.now()
        async with self.office.database.work() as work:
            work.session.add(
                PhoneNumber(
                    id=new_uuid(), org_id=self.office.org_id, provider=provider, origin="bought", country="US",
                    kind="toll_free", state="active", number=number, tries=1, verification="unknown",
                    pace=pace, requested_by="x", requested_at=now, give_up_at=now,
                )
            )  # fmt: skip

    async def link(self, first: str | None, backup: str | None = None) -> None:
        async with self.office.database.work() as work:
            connection = await get_connection(work, self.office.org_id, self.office.connection.id)
            connection.texts_from, connection.texts_backup = first, backup

    async def troubles(self) -> list[tuple[str, str]]:
        async with self.office.database.work() as work:
            found = await number_store.list_troubles(work, self.office.org_id)
            return [(one.provider, one.trouble) for one in found]


@pytest_asyncio.fixture(loop_scope="session")
async def ways(office: Office) -> Ways:
    made = Ways(office)
    await made.number(OURS, "twilio")
    await made.number(SECOND, "azure")
    await made.link(OURS, SECOND)
    return made


async def test_a_text_goes_through_the_provider_of_its_number(ways: Ways) -> None:
    await ways.office.plan()

    await ways.send()

    assert [one.sent_from for one in ways.first.sent] == [OURS]
    assert ways.second.sent == []
    assert ways.office.provider.sent == []


async def test_a_number_nobody_set_up_here_leaves_by_the_deployments_provider(ways: Ways) -> None:
    await ways.link("+18775550100")
    await ways.office.plan()

    await ways.send()

    assert [one.sent_from for one in ways.office.provider.sent] == ["+18775550100"]


async def test_when_the_first_provider_is_away_the_second_sends_from_its_own_number(ways: Ways) -> None:
    ways.first.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False)
    message = await ways.office.plan()

    await ways.send()

    assert [one.sent_from for one in ways.second.sent] == [SECOND]
    sent = await ways.office.fresh(message)
    assert (sent.state, sent.provider, sent.sent_from) == ("accepted", "azure", SECOND)


async def test_a_provider_that_asks_for_time_is_not_gone_round(ways: Ways) -> None:
    wait = timedelta(seconds=7)
    ways.first.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False, wait=wait)
    await ways.office.plan()

    await ways.send()

    assert ways.second.sent == []
    assert await ways.office.states() == {"visit-1": "planned"}


async def test_what_may_have_been_taken_is_never_given_to_the_second(ways: Ways) -> None:
    ways.first.fails_after_taking[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=True)
    message = await ways.office.plan()
    await ways.send()
    assert (await ways.office.fresh(message)).state == "unknown"
    ways.first.fails_after_taking.clear()
    ways.first.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False)

    ways.office.clock.advance(timedelta(minutes=2))
    await ways.send()

    assert len(ways.first.sent) == 1
    assert ways.second.sent == []
    found = await ways.office.fresh(message)
    assert (found.state, found.provider_id) == ("accepted", "found-1")


async def test_a_text_its_provider_never_had_is_sent_again_after_it_was_searched_for(ways: Ways) -> None:
    ways.first.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=True)
    message = await ways.office.plan()
    await ways.send()
    ways.first.fails.clear()

    ways.office.clock.advance(timedelta(minutes=2))
    await ways.send()

    assert ways.first.searched == 1
    assert len(ways.first.sent) == 1
    assert (await ways.office.fresh(message)).state == "accepted"


async def test_a_stop_to_one_number_counts_for_the_one_behind_it(ways: Ways) -> None:
    office = ways.office
    ways.first.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False)
    hash_ = refusal_hash(office.sealer, number=number_of("visit-1"), sent_from=SECOND)
    now = office.clock.now()
    async with office.database.work() as work:
        await number_store.list_numbers(work, office.org_id)
        reached = await apply_reply(
            work, word=ReplyWord.stop, number_hash=hash_, sent_to=SECOND, at=now, now=now
        )
    message = await office.plan()

    await ways.send()

    assert reached == 1
    assert (await office.fresh(message)).reason == "stopped"
    assert ways.second.sent == []


async def test_a_provider_that_is_not_set_up_holds_texts_and_tells_until_it_is_mended(ways: Ways) -> None:
    """A wrong address or key is no patient's fault: nothing fails for good, however long it takes."""
    await ways.link(OURS)
    ways.first.fails[number_of("visit-1")] = ProviderMisconfigured(Trouble.address_wrong)
    message = await ways.office.plan()
    await ways.send()
    assert await ways.troubles() == [("twilio", "address_wrong")]

    ways.office.clock.advance(timedelta(hours=7))
    await ways.send()
    held = await ways.office.fresh(message)
    ways.first.fails.clear()
    ways.office.clock.advance(timedelta(minutes=2))
    await ways.send()

    assert held.state == "planned"
    assert (await ways.office.fresh(message)).state == "accepted"
    assert await ways.troubles() == []


async def test_a_provider_that_is_not_set_up_is_gone_round_and_still_told_of(ways: Ways) -> None:
    ways.first.fails[number_of("visit-1")] = ProviderMisconfigured(Trouble.key_refused)
    await ways.office.plan()

    await ways.send()

    assert len(ways.second.sent) == 1
    assert await ways.troubles() == [("twilio", "key_refused")]


async def test_a_number_sends_no_faster_than_its_pace(ways: Ways) -> None:
    """Sixty segments a minute: of ten texts two leave at once, then one a second, in whatever number of workers."""
    async with ways.office.database.work() as work:
        await work.session.execute(update(PhoneNumber).where(PhoneNumber.number == OURS).values(pace=60))
    for place in range(10):
        await ways.office.plan(f"visit-{place}")

    sent = []
    for _ in range(12):
        await asyncio.gather(ways.send(), ways.send())
        sent.append(len(ways.first.sent))
        ways.office.clock.advance(timedelta(seconds=1))

    assert sent[0] <= 2
    assert all(after - before <= 2 for before, after in itertools.pairwise(sent))
    assert sent[4] < 7
    assert sent[-1] == 10


async def test_consent_withdrawn_stops_what_is_queued_already(ways: Ways) -> None:
    """The batch is claimed, its recipients are read, and its first texts are on their way when consent ends."""
    office = ways.office
    sending, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(Searched):
        async def send(self, text: OutgoingText) -> ProviderAnswer:
            sending.set()
            await goes_on.wait()
            return await super().send(text)

    slow = Slow()
    ways.carriers.use(Credentials("twilio", "a", "b"), texts=slow, numbers=MemoryNumbers())
    for place in range(40):
        await office.plan(f"visit-{place}")
    work_off = asyncio.create_task(ways.send())
    await sending.wait()

    async with office.database.work() as work:
        await withdraw_consents(work, office.org_id, by=BY, now=office.clock.now())
    await asyncio.sleep(0.3)
    goes_on.set()
    await work_off

    assert len(slow.sent) <= 20
    states = list((await office.states()).values())
    assert states.count("suppressed") == 40 - len(slow.sent)


async def test_a_number_that_is_changed_meanwhile_is_the_one_the_text_leaves_from(ways: Ways) -> None:
    """The recipients were read with the old number; the text is asked for anew and not lost."""
    office = ways.office
    await office.plan()
    relink = office.resolver.resolve

    async def resolve(messages: Sequence[Due]) -> Mapping[uuid.UUID, Outcome]:
        found = await relink(messages)
        await ways.link(SECOND)
        return found

    office.resolver.resolve = resolve  # type: ignore[method-assign]
    await ways.send()
    await ways.send()

    assert ways.first.sent == []
    assert [one.sent_from for one in ways.second.sent] == [SECOND]


async def test_consents_are_kept_in_their_words_with_who_and_when(ways: Ways) -> None:
    office = ways.office
    now = office.clock.now()
    async with office.database.work() as work:
        await withdraw_consents(work, office.org_id, by=BY, now=now)
        await give_consent(work, office.org_id, Consent.send, by=BY, now=now)
    message = await office.plan()
    await ways.send()
    assert (await office.fresh(message)).reason == "no_consent"

    async with office.database.work() as work:
        await give_consent(work, office.org_id, Consent.attendees, by=BY, now=now)
        await give_consent(work, office.org_id, Consent.attendees, by=BY, now=now)
        kept = [
            (one.what, one.wording, one.given_by, one.given_at)
            for one in await list_consents(work, office.org_id)
        ]
    second = await office.plan("visit-2")
    await ways.send()

    assert sorted(kept) == [
        ("attendees", "attendees.1", "admin-1", now), ("send", "send.1", "admin-1", now)
    ]  # fmt: skip
    assert (await office.fresh(second)).state == "accepted"


@pytest.mark.parametrize("first", [None, "+18335550100"])
async def test_a_connection_without_a_number_sends_nothing(ways: Ways, first: str | None) -> None:
    await ways.link(first)
    message = await ways.office.plan()

    await ways.send()

    assert (await ways.office.fresh(message)).reason == ("no_number" if first is None else None)
    async with ways.office.database.work() as work:
        assert len((await work.session.scalars(select(Message))).all()) == 1
