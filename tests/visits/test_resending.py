"""A message sent again by hand: where that is allowed, once however often it is pressed."""

import uuid
from typing import Any

import pytest

from housecall.messaging.tables import Message
from housecall.visits.errors import MessageUnknown, NotSentAgain
from housecall.visits.resending import send_again
from housecall.visits.tables import Visit
from tests.visits.clinic import NURSE
from tests.visits.hospital import Hospital
from tests.visits.test_recipients import a_visit


async def make(hospital: Hospital, visit: Visit, **values: Any) -> Message:
    """The visit's confirmation, as something became of it."""
    (found,) = [one for one in await hospital.messages() if one.kind == "confirmation"]
    async with hospital.clinic.database.work() as work:
        kept = await work.session.get_one(Message, found.id)
        for name, value in values.items():
            setattr(kept, name, value)
    return kept


async def again(hospital: Hospital, visit: Visit, message_id: uuid.UUID) -> list[Message]:
    """Pressed; the messages that were sent again."""
    await hospital.clinic.act(send_again, visit.id, message_id, by=NURSE)
    return [one for one in await hospital.messages() if one.instant.startswith("again.")]


@pytest.mark.parametrize(
    ("state", "reason", "is_allowed"),
    [
        ("failed", "unreachable", True),
        ("failed", "landline", True),
        ("unknown", None, True),
        ("suppressed", "no_mobile", True),
        ("suppressed", "no_consent", True),
        ("suppressed", "stopped", False),
        ("suppressed", "opted_out", False),
        ("suppressed", "deceased", False),
        ("suppressed", "visit_moved", False),
        ("suppressed", "goes_by_text", False),
        ("planned", None, False),
        ("queued", None, False),
        ("accepted", None, False),
        ("delivered", None, False),
    ],
)
async def test_what_did_not_arrive_may_be_sent_again(
    hospital: Hospital, state: str, reason: str | None, is_allowed: bool
) -> None:
    visit = await a_visit(hospital)
    message = await make(hospital, visit, state=state, reason=reason, queued_at=hospital.clinic.now)

    if not is_allowed:
        with pytest.raises(NotSentAgain):
            await again(hospital, visit, message.id)
        return
    (sent,) = await again(hospital, visit, message.id)
    assert (sent.kind, sent.channel, sent.state, sent.requested_by) == (
        "confirmation",
        "sms",
        "planned",
        "user-1",
    )


async def test_pressed_twice_it_is_one(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    message = await make(hospital, visit, state="failed", reason="other")

    await again(hospital, visit, message.id)

    assert len(await again(hospital, visit, message.id)) == 1


async def test_what_went_to_a_typed_address_has_to_be_typed_again(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    message = await make(hospital, visit, state="failed", reason="other", is_typed=True)

    with pytest.raises(NotSentAgain):
        await again(hospital, visit, message.id)


async def test_nothing_is_sent_again_once_the_visit_is_over(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    message = await make(hospital, visit, state="failed", reason="other")
    hospital.clinic.later(days=2)

    with pytest.raises(NotSentAgain):
        await again(hospital, visit, message.id)


async def test_another_visits_message_is_unknown(hospital: Hospital) -> None:
    visit = await a_visit(hospital)
    hospital.book("a-2", in_minutes=90)
    await hospital.poll()
    other = next(one for one in await hospital.visits() if one.id != visit.id)
    message = next(one for one in await hospital.messages() if one.subject_ref == other.id)

    with pytest.raises(MessageUnknown):
        await again(hospital, visit, message.id)
