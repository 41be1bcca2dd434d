"""Maybe sent: the provider is asked by our own id, and only what it never had is sent again."""

from datetime import timedelta

import pytest

from housecall.messaging import claims
from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.outbox import LEASE
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderAnswer,
    ProviderStatus,
    ProviderUnavailable,
)
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.tables import Message
from tests.messaging.office import Office, number_of

SILENT = ProviderUnavailable(is_fate_unknown=True)


async def killed_after_sending(office: Office, provider: MemoryProvider) -> Message:
    """A worker handed the text over and was killed before it could write that down."""
    message = await office.plan()
    now = office.clock.now()
    async with office.database.work() as work:
        await claims.claim_due(work, now=now, lease_until=now + LEASE, limit=1)
    await provider.send(OutgoingText(str(message.id), "+18335550100", number_of("visit-1"), "Hello"))
    office.clock.advance(LEASE)
    return message


@pytest.mark.parametrize("idempotent", [True, False])
async def test_an_answer_that_never_came_is_looked_up_and_not_sent_again(
    office: Office, idempotent: bool
) -> None:
    provider = MemoryProvider(idempotent=idempotent, lookup=True)
    provider.fails_after_taking[number_of("visit-1")] = SILENT
    message = await office.plan()
    await office.outbox(provider).send_due()
    lost = await office.fresh(message)

    office.clock.advance(timedelta(minutes=1))
    await office.outbox(provider).send_due()

    found = await office.fresh(message)
    assert lost.state == "unknown"
    assert provider.asked == [str(message.id)]
    assert len(provider.sent) == 1
    assert (found.state, found.provider_id) == ("accepted", f"memory-{message.id}")
    assert (await office.acts(message)).count("messaging:message:sent") == 1


async def test_a_lost_message_is_not_touched_before_its_time(office: Office) -> None:
    office.provider.fails_after_taking[number_of("visit-1")] = SILENT
    await office.plan()
    await office.send()

    taken = await office.send()

    assert taken == 0
    assert office.provider.asked == []


@pytest.mark.parametrize("idempotent", [True, False])
async def test_what_the_provider_never_had_is_sent_again_under_the_same_id(
    office: Office, idempotent: bool
) -> None:
    provider = MemoryProvider(idempotent=idempotent, lookup=True)
    provider.fails[number_of("visit-1")] = SILENT
    message = await office.plan()
    await office.outbox(provider).send_due()
    provider.fails.clear()

    office.clock.advance(timedelta(minutes=1))
    await office.outbox(provider).send_due()

    assert [text.reference for text in provider.sent] == [str(message.id)]
    assert (await office.fresh(message)).state == "accepted"


async def test_a_killed_workers_message_that_had_left_is_not_sent_again(office: Office) -> None:
    provider = MemoryProvider(idempotent=False, lookup=True)
    message = await killed_after_sending(office, provider)

    await office.outbox(provider).send_due()

    assert len(provider.sent) == 1
    assert (await office.fresh(message)).state == "accepted"


async def test_without_a_lookup_an_idempotent_provider_is_given_the_same_id_again(office: Office) -> None:
    provider = MemoryProvider(idempotent=True, lookup=False)
    message = await killed_after_sending(office, provider)

    await office.outbox(provider).send_due()

    assert provider.asked == []
    assert len(provider.sent) == 1
    assert (await office.fresh(message)).state == "accepted"


async def test_with_neither_a_message_of_unknown_fate_is_never_sent_again(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    provider = MemoryProvider(idempotent=False, lookup=False)
    message = await killed_after_sending(office, provider)

    for _ in range(3):
        await office.outbox(provider).send_due()
        office.clock.advance(timedelta(hours=9))

    parked = await office.fresh(message)
    assert len(provider.sent) == 1
    assert (parked.state, parked.lease_until) == ("unknown", None)
    assert "The fate of messages stays unknown." in caplog.text


async def test_a_second_try_at_a_provider_that_repeats_asks_first(office: Office) -> None:
    """A first try that was not sent for sure may still have been: this provider would send it twice."""
    provider = MemoryProvider(idempotent=False, lookup=True)
    message = await office.plan()
    provider.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False)
    await office.outbox(provider).send_due()
    provider.fails.clear()
    await provider.send(OutgoingText(str(message.id), "+18335550100", number_of("visit-1"), "Hello"))

    office.clock.advance(timedelta(seconds=5))
    await office.outbox(provider).send_due()

    assert len(provider.sent) == 1
    assert (await office.fresh(message)).state == "accepted"


async def test_a_provider_that_does_not_know_repeats_gets_a_minute_to_settle(office: Office) -> None:
    provider = MemoryProvider(idempotent=False, lookup=True)
    provider.fails[number_of("visit-1")] = SILENT
    await office.plan()
    await office.outbox(provider).send_due()

    office.clock.advance(timedelta(seconds=59))
    await office.outbox(provider).send_due()

    assert provider.asked == []


async def test_a_provider_that_does_not_answer_the_question_is_asked_again(office: Office) -> None:
    class Mute(MemoryProvider):
        async def lookup(self, reference: str) -> ProviderStatus | None:
            self.asked.append(reference)
            raise SILENT

    mute = Mute()
    mute.fails_after_taking[number_of("visit-1")] = SILENT
    message = await office.plan()
    await office.outbox(mute).send_due()
    for _ in range(3):
        office.clock.advance(timedelta(seconds=5))
        await office.outbox(mute).send_due()
    asked_while_mute = len(mute.asked)

    healed = MemoryProvider()
    healed.sent = mute.sent
    office.clock.advance(timedelta(seconds=5))
    await office.outbox(healed).send_due()

    assert asked_while_mute == 3
    assert len(healed.sent) == 1
    assert (await office.fresh(message)).state == "accepted"


@pytest.mark.parametrize(
    ("told", "reason", "state"),
    [
        (MessageState.delivered, None, "delivered"),
        (MessageState.failed, FailReason.unreachable, "failed"),
    ],
)
async def test_what_the_provider_says_is_what_became_of_it(
    office: Office, told: MessageState, reason: FailReason | None, state: str
) -> None:
    class Knowing(MemoryProvider):
        async def lookup(self, reference: str) -> ProviderStatus | None:
            return ProviderStatus("k-1", told, reason)

    provider = Knowing()
    message = await killed_after_sending(office, provider)

    await office.outbox(provider).send_due()

    found = await office.fresh(message)
    assert (found.state, found.reason, found.provider_id) == (state, reason, "k-1")


async def test_after_a_day_nobody_is_asked_any_more(office: Office) -> None:
    office.provider.fails[number_of("visit-1")] = SILENT
    message = await office.plan()
    await office.send()

    office.clock.advance(timedelta(hours=24, seconds=1))
    await office.send()

    assert office.provider.asked == []
    parked = await office.fresh(message)
    assert (parked.state, parked.lease_until) == ("unknown", None)


async def test_a_panel_hears_that_a_message_became_unknown(office: Office) -> None:
    class Mute(MemoryProvider):
        async def lookup(self, reference: str) -> ProviderStatus | None:
            raise SILENT

    mute = Mute()
    message = await killed_after_sending(office, mute)

    await office.outbox(mute).send_due()

    assert (await office.fresh(message)).state == "unknown"
    assert office.changed == [(office.org_id, "visit-1")]


async def test_a_visit_that_is_over_by_then_is_not_texted_after_all(office: Office) -> None:
    """Whom to write to is read again before a text is sent again."""
    provider = MemoryProvider()
    provider.fails[number_of("visit-1")] = SILENT
    message = await office.plan()
    await office.outbox(provider).send_due()
    provider.fails.clear()
    async with office.database.work() as work:
        connection = await work.session.merge(office.connection)
        connection.consent_send_at = None

    office.clock.advance(timedelta(minutes=1))
    await office.outbox(provider).send_due()

    assert provider.sent == []
    assert (await office.fresh(message)).reason == "no_consent"


async def test_the_answer_of_the_slow_first_worker_is_not_a_second_text(office: Office) -> None:
    """Both had the message, both handed it over under one id: the provider sent it once."""

    class Overtaken(MemoryProvider):
        async def send(self, text: OutgoingText) -> ProviderAnswer:
            if not self.sent:
                self.sent.append(text)
                office.clock.advance(LEASE)
                await office.outbox(self).send_due()
            return await super().send(text)

    provider = Overtaken()
    message = await office.plan()

    await office.outbox(provider).send_due()

    assert len(provider.sent) == 1
    assert (await office.fresh(message)).state == "accepted"
    assert (await office.acts(message)).count("messaging:message:sent") == 1
