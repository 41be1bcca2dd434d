"""What is due leaves once, what must not leave says why, and one bad message holds up nobody."""

import asyncio
import logging
from datetime import timedelta

import pytest

from housecall.ehr.errors import EhrUnavailable
from housecall.messaging.model import FailReason, MessageKind, SuppressReason
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderAnswer,
    ProviderRefused,
    ProviderUnavailable,
)
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Recipient, Suppress
from housecall.tenancy.model import Environment
from tests.messaging.office import OURS, VALUES, Office, later, number_of, open_office


class Unhurried(MemoryProvider):
    """Takes its time over each text, keeps no references, and counts how many are on their way at once."""

    def __init__(self) -> None:
        super().__init__(idempotent=False, lookup=False)
        self.at_once = self.most_at_once = 0

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        return await super().send(text)


async def test_a_due_message_leaves_and_everybody_hears(office: Office) -> None:
    message = await office.plan()

    await office.send()

    sent = await office.fresh(message)
    text = office.provider.sent[0]
    assert (text.reference, text.sent_from, text.to) == (str(message.id), OURS, number_of("visit-1"))
    assert VALUES["link"] in text.body
    assert (sent.state, sent.provider, sent.sent_from) == ("accepted", "memory", OURS)
    assert (sent.queued_at, sent.accepted_at) == (office.clock.now(), office.clock.now())
    assert sent.lease_until is None
    assert office.changed == [(office.org_id, "visit-1")]
    assert (await office.acts(message))[-1] == "messaging:message:sent"


async def test_two_outboxes_never_send_one_message_twice(office: Office) -> None:
    """The provider here forgets references, so that a double would show."""
    provider = Unhurried()
    for number in range(120):
        await office.plan(f"visit-{number}")

    taken = await asyncio.gather(*(office.outbox(provider).send_due(limit=10) for _ in range(3)))

    assert sum(taken) == 120
    assert len(provider.sent) == 120
    assert len({text.reference for text in provider.sent}) == 120
    assert set((await office.states()).values()) == {"accepted"}


async def test_a_bounded_number_of_texts_is_on_its_way_at_once(office: Office) -> None:
    provider = Unhurried()
    for number in range(60):
        await office.plan(f"visit-{number}")

    await office.outbox(provider).send_due()

    assert 1 < provider.most_at_once <= 20


async def test_all_recipients_of_a_batch_are_read_in_one_question(office: Office) -> None:
    """Four batches are under way at once, so thirty messages make four questions at most."""
    for number in range(30):
        await office.plan(f"visit-{number}")

    await office.outbox().send_due(limit=100)

    assert len(office.resolver.asked) <= 4
    assert sum(len(question) for question in office.resolver.asked) == 30


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"consent_send": False}, "no_consent"),
        ({"consent_attendees": False}, "no_consent"),
        ({"texts_from": None}, "no_number"),
        ({"texts_to": ("+13125550000",)}, "not_listed"),
        ({"environment": Environment.production}, "connection_not_working"),
    ],
)
async def test_what_may_not_leave_is_held_back_with_its_reason(
    office: Office, declared: dict[str, object], reason: str
) -> None:
    closed = await open_office(office.database, office.clock, office.sealer, "closed", **declared)
    message = await closed.plan()

    await closed.send()

    held_back = await closed.fresh(message)
    assert closed.provider.sent == []
    assert (held_back.state, held_back.reason) == ("suppressed", reason)
    assert (await closed.acts(message))[-1] == "messaging:message:suppressed"


@pytest.mark.parametrize(
    "reason", [SuppressReason.no_mobile, SuppressReason.deceased, SuppressReason.too_late]
)
async def test_a_reason_from_the_chart_holds_a_message_back_for_good(
    office: Office, reason: SuppressReason
) -> None:
    office.resolver.says["visit-1"] = Suppress(reason)
    message = await office.plan()

    await office.send()
    office.clock.advance(timedelta(days=1))
    await office.send()

    assert (await office.fresh(message)).reason == reason
    assert len(office.resolver.asked) == 1


async def test_without_a_provider_nothing_is_sent_and_nothing_waits(office: Office) -> None:
    message = await office.plan()
    outbox = Outbox(office.database, Providers({}), office.resolver, office.clock, office.sealer, office.hear)

    await outbox.send_due()

    assert (await office.fresh(message)).reason == SuppressReason.no_provider


async def test_a_message_whose_recipient_is_not_known_yet_is_asked_about_later(office: Office) -> None:
    office.resolver.says["visit-1"] = later(office, minutes=3)
    message = await office.plan()
    await office.send()
    del office.resolver.says["visit-1"]

    too_early = await office.send()
    office.clock.advance(timedelta(minutes=3))
    await office.send()

    assert too_early == 0
    assert (await office.fresh(message)).state == "accepted"


@pytest.mark.parametrize("fault", ["everything", "one message"])
async def test_an_ehr_that_is_away_only_delays(office: Office, fault: str) -> None:
    message = await office.plan()
    if fault == "everything":
        office.resolver.fault = EhrUnavailable()
    else:
        office.resolver.forgets.add("visit-1")

    await office.send()
    waiting = await office.fresh(message)
    office.resolver.fault = None
    office.resolver.forgets.clear()
    office.clock.advance(timedelta(minutes=1))
    await office.send()

    assert waiting.state == "planned"
    assert waiting.due_at == office.clock.now()
    assert len(office.provider.sent) == 1


async def test_after_six_hours_of_waiting_a_message_fails(office: Office) -> None:
    message = await office.plan()
    office.resolver.fault = EhrUnavailable()

    await office.send()
    office.clock.advance(timedelta(hours=6, seconds=1))
    await office.send()

    failed = await office.fresh(message)
    assert (failed.state, failed.reason) == ("failed", FailReason.provider_unavailable)
    assert failed.failed_at == office.clock.now()


async def test_a_refusal_is_final_and_keeps_its_reason(office: Office) -> None:
    office.provider.fails[number_of("visit-1")] = ProviderRefused(FailReason.landline)
    message = await office.plan()

    await office.send()
    office.clock.advance(timedelta(hours=1))
    again = await office.send()

    refused = await office.fresh(message)
    assert (refused.state, refused.reason) == ("failed", "landline")
    assert (refused.provider, refused.sent_from) == ("memory", OURS)
    assert again == 0


async def test_a_provider_that_is_away_is_tried_again_more_and_more_slowly(office: Office) -> None:
    message = await office.plan()
    office.provider.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False)
    waits = []

    for _ in range(8):
        await office.send()
        waiting = await office.fresh(message)
        waits.append((waiting.due_at - office.clock.now()).total_seconds())
        office.clock.advance(waiting.due_at - office.clock.now())
    office.provider.fails.clear()
    await office.send()

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert len(office.provider.sent) == 1


async def test_a_provider_that_asks_for_time_gets_it(office: Office) -> None:
    message = await office.plan()
    wait = timedelta(seconds=77)
    office.provider.fails[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=False, wait=wait)

    await office.send()

    assert (await office.fresh(message)).due_at == office.clock.now() + wait


async def test_a_text_that_cannot_be_written_fails_alone(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """One message without a link used to stop its whole batch, again and again."""
    office.resolver.says["visit-3"] = Recipient(
        number="+13125550003", language="en", values={"clinic": "Lakeside"}, texts_from=OURS
    )
    for number in range(6):
        await office.plan(f"visit-{number}")

    with caplog.at_level(logging.ERROR):
        await office.send()

    states = await office.states()
    assert states.pop("visit-3") == "failed"
    assert set(states.values()) == {"accepted"}
    assert "+13125550003" not in caplog.text


async def test_a_worker_told_to_stop_writes_down_what_it_has_done(office: Office) -> None:
    class Stuck(MemoryProvider):
        async def send(self, text: OutgoingText) -> ProviderAnswer:
            if text.to == number_of("visit-9"):
                await asyncio.Event().wait()
            answer = await super().send(text)
            if len(self.sent) == 9:
                all_others.set()
            return answer

    all_others = asyncio.Event()
    provider = Stuck()
    for number in range(10):
        await office.plan(f"visit-{number}")
    running = asyncio.create_task(office.outbox(provider).send_due())
    await all_others.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    states = await office.states()
    assert states.pop("visit-9") == "queued"
    assert set(states.values()) == {"accepted"}


async def test_one_subjects_change_is_told_once_a_batch(office: Office) -> None:
    for kind in MessageKind:
        if kind is not MessageKind.help:
            await office.plan(kind=kind)

    await office.send()

    assert set(office.changed) == {(office.org_id, "visit-1")}
    assert len(office.changed) <= 4


async def test_no_number_and_no_text_is_stored_of_what_was_sent(office: Office) -> None:
    office.resolver.says["visit-2"] = Suppress(SuppressReason.no_mobile)
    office.provider.fails[number_of("visit-3")] = ProviderRefused(FailReason.landline)
    for number in range(1, 5):
        await office.plan(f"visit-{number}")

    await office.send()

    stored = await office.everything_stored()
    assert str(office.provider.sent[0].reference) in stored
    for number in range(1, 5):
        assert number_of(f"visit-{number}").removeprefix("+") not in stored
    assert "/v/abc" not in stored
