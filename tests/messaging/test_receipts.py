"""Receipts come late, early, twice and in any order; the end is the same."""

import itertools
import logging
import uuid
from datetime import datetime, timedelta

import pytest

from housecall.messaging import claims
from housecall.messaging.claims import Verdict
from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.outbox import LEASE
from housecall.messaging.providers.base import ProviderUnavailable
from housecall.messaging.receipts import Receipt, apply_receipt
from housecall.messaging.tables import Message
from housecall.web.message_words import message_line
from tests.messaging.office import Office, number_of


def receipt(message: Message, state: str, reason: str | None = None, **more: object) -> Receipt:
    """What the provider tells of a message."""
    usual: dict[str, object] = {
        "provider": "memory",
        "reference": str(message.id),
        "provider_id": f"memory-{message.id}",
        "state": MessageState(state),
        "reason": FailReason(reason) if reason else None,
        "at": datetime.fromisoformat("2026-11-24T15:00:00+00:00"),
    }
    return Receipt(**(usual | more))  # type: ignore[arg-type]


async def apply(office: Office, told: Receipt) -> object:
    async with office.database.work() as work:
        return await apply_receipt(work, told, now=office.clock.now())


async def test_a_receipt_says_when_the_text_was_on_the_handset(office: Office) -> None:
    message = await office.plan()
    await office.send()
    office.clock.advance(timedelta(minutes=1))

    changed = await apply(office, receipt(message, "delivered", at=office.clock.now()))

    delivered = await office.fresh(message)
    assert changed == (office.org_id, "visit-1")
    assert (delivered.state, delivered.delivered_at) == ("delivered", office.clock.now())
    assert delivered.accepted_at == office.clock.now() - timedelta(minutes=1)
    assert (await office.acts(message))[-1] == "messaging:message:receipt"


async def test_a_failure_keeps_its_reason(office: Office) -> None:
    message = await office.plan()
    await office.send()

    await apply(office, receipt(message, "failed", "unreachable"))

    failed = await office.fresh(message)
    assert (failed.state, failed.reason) == ("failed", "unreachable")
    assert failed.failed_at == office.clock.now()


async def test_the_same_receipt_again_changes_nothing(office: Office) -> None:
    message = await office.plan()
    await office.send()
    await apply(office, receipt(message, "delivered"))
    acts = await office.acts(message)

    again = await apply(office, receipt(message, "delivered"))

    assert again is None
    assert await office.acts(message) == acts


async def test_delivered_is_never_taken_back(office: Office) -> None:
    message = await office.plan()
    await office.send()
    await apply(office, receipt(message, "delivered"))

    changed = await apply(office, receipt(message, "failed", "unreachable"))

    assert changed is None
    assert (await office.fresh(message)).state == "delivered"


async def test_whatever_the_order_of_answer_and_receipts_the_end_is_the_same(office: Office) -> None:
    events = ("answer", "accepted", "delivered", "failed")
    for order in itertools.permutations(events):
        message = await office.plan("-".join(order))
        now = office.clock.now()
        async with office.database.work() as work:
            [claim] = await claims.claim_due(work, now=now, lease_until=now + LEASE, limit=1)
        for event in order:
            if event == "answer":
                provider_id = f"memory-{message.id}"
                answer = Verdict(claim, "accept", provider="memory", provider_id=provider_id)
                async with office.database.work() as work:
                    await claims.settle(work, [answer], now=now)
            else:
                await apply(office, receipt(message, event, "unreachable" if event == "failed" else None))

        end = await office.fresh(message)
        assert (end.state, end.reason) == ("delivered", None), order
        assert end.delivered_at is not None
        assert end.accepted_at is not None
        assert end.provider_id == f"memory-{message.id}"
        assert end.lease_until is None


async def test_a_receipt_before_the_answer_was_written_counts_for_both(office: Office) -> None:
    message = await office.plan()
    now = office.clock.now()
    async with office.database.work() as work:
        await claims.claim_due(work, now=now, lease_until=now + LEASE, limit=1)

    await apply(office, receipt(message, "delivered"))
    office.clock.advance(LEASE)
    await office.send()

    assert office.provider.sent == []
    delivered = await office.fresh(message)
    assert (delivered.state, delivered.provider) == ("delivered", "memory")
    assert delivered.accepted_at is not None


async def test_a_receipt_settles_a_message_of_unknown_fate(office: Office) -> None:
    office.provider.fails_after_taking[number_of("visit-1")] = ProviderUnavailable(is_fate_unknown=True)
    message = await office.plan()
    await office.send()

    await apply(office, receipt(message, "accepted"))
    office.clock.advance(timedelta(minutes=5))
    await office.send()

    assert (await office.fresh(message)).state == "accepted"
    assert office.provider.asked == []


async def test_a_receipt_from_the_future_is_dated_now(office: Office) -> None:
    message = await office.plan()
    await office.send()

    await apply(office, receipt(message, "delivered", at=office.clock.now() + timedelta(days=1)))

    assert (await office.fresh(message)).delivered_at == office.clock.now()


async def test_a_receipt_without_our_reference_is_found_by_the_providers_id(office: Office) -> None:
    message = await office.plan()
    await office.send()

    await apply(office, receipt(message, "delivered", reference=""))

    assert (await office.fresh(message)).state == "delivered"


async def test_our_reference_counts_more_than_an_id_that_somebody_elses_message_has(office: Office) -> None:
    """A gateway that begins to count anew gives an id twice: the wrong message was marked as delivered."""
    older = await office.plan("visit-1")
    await office.send()
    newer = await office.plan("visit-2")
    await office.send()

    await apply(office, receipt(newer, "delivered", provider_id=f"memory-{older.id}"))

    assert await office.states() == {"visit-1": "accepted", "visit-2": "delivered"}


async def test_another_providers_id_is_not_ours(office: Office) -> None:
    message = await office.plan()
    await office.send()

    changed = await apply(office, receipt(message, "delivered", reference="", provider="gateway"))

    assert changed is None


async def test_a_receipt_for_nothing_of_ours_is_loud_and_changes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    message = await office.plan()
    stranger = receipt(message, "delivered", reference=str(uuid.uuid4()), provider_id="x-1")

    with caplog.at_level(logging.WARNING):
        changed = await apply(office, stranger)

    assert changed is None
    assert "A receipt came for a message that is not ours." in caplog.text


async def test_a_receipt_for_what_was_never_sent_is_loud_and_changes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    message = await office.plan()

    with caplog.at_level(logging.WARNING):
        changed = await apply(office, receipt(message, "delivered"))

    assert changed is None
    assert (await office.fresh(message)).state == "planned"
    assert "A receipt came for a message that was not sent." in caplog.text


async def test_one_that_is_held_up_stands_as_sent_with_its_reason_until_it_arrives_or_fails(
    office: Office,
) -> None:
    """As servers tell of an e-mail that they still try to deliver; a late word of it takes nothing back."""
    message = await office.plan()
    await office.send()
    held_up = receipt(message, "accepted", "unreachable", at=office.clock.now())

    changed = await apply(office, held_up)
    waiting = await office.fresh(message)
    await apply(office, receipt(message, "failed", "unknown_number"))
    late = await apply(office, held_up)

    assert changed == (office.org_id, "visit-1")
    assert (waiting.state, waiting.reason, waiting.delayed_at) == (
        "accepted",
        "unreachable",
        office.clock.now(),
    )
    assert message_line(waiting) == "Sent, not there yet: the phone could not be reached."
    failed = await office.fresh(message)
    assert (late, failed.state, failed.reason) == (None, "failed", "unknown_number")
