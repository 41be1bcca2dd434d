"""The text report: every state and reason in its status, by month, with the way to its visit."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from housecall.messaging.model import NOT_NEEDED, FailReason, MessageState, SuppressReason
from housecall.messaging.tables import Message
from housecall.reports.texts import (
    NINE,
    OF_FAILURE,
    WORDS,
    Span,
    TextStatus,
    cells,
    count_texts,
    read_texts,
    status_of,
)
from tests.reports.reading import READER
from tests.visits.clinic import Clinic

_S = TextStatus


async def put(clinic: Clinic, subject: str = "v_none", *, days_ago: float = 1, **values: Any) -> Message:
    due = clinic.now - timedelta(days=days_ago)
    usual = {
        "state": "delivered",
        "reason": None,
        "kind": "reminder",
        "channel": "sms",
        "sent_from": "+15550100100",
    }
    async with clinic.database.work() as work:
        made = Message(
            id=uuid.uuid4(), org_id=clinic.org_id, connection_id=clinic.connection.id, subject_ref=subject,
            instant=uuid.uuid4().hex, due_at=due, attempts=1, created_at=due, queued_at=due, **(usual | values),
        )  # fmt: skip
        work.session.add(made)
    return made


def span(clinic: Clinic, days: int = 90, **more: Any) -> Span:
    return Span(clinic.now - timedelta(days=days), clinic.now, more.pop("most", 100), **more)


async def read(clinic: Clinic, status: TextStatus | None = None, **more: Any) -> list[Any]:
    async with clinic.database.work() as work:
        return await read_texts(
            work, clinic.org_id, environment=more.pop("environment", "test"), span=span(clinic, **more),
            status=status, by=READER, now=clinic.now,
        )  # fmt: skip


async def test_a_message_to_a_guest_stands_with_its_visit(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.guest_seat(await clinic.invite(visit))
    await put(clinic, seat.id, kind="invitation")

    (row,) = await read(clinic)

    assert (row.visit, row.appointment, row.kind) == (visit.id, visit.appointment_ref, "invitation")


# The connector's nine statuses, and the states and reasons of ours that come to each.
@pytest.mark.parametrize(
    ("state", "reason", "status"),
    [
        ("delivered", None, _S.sent),
        ("failed", "opted_out", _S.blocked_by_recipient),
        ("failed", "invalid_number", _S.invalid_number),
        ("failed", "unknown_number", _S.number_does_not_exist),
        ("failed", "blocked_number", _S.blocked_number),
        ("failed", "unreachable", _S.unreachable),
        ("failed", "spam_detected", _S.spam_detected),
        ("failed", "recipient_blocked", _S.recipient_blocked),
        ("failed", "landline", _S.other_error),
        ("failed", "other", _S.other_error),
        ("failed", "provider_unavailable", _S.other_error),
        ("queued", None, _S.under_way),
        ("accepted", None, _S.under_way),
        ("unknown", None, _S.unknown),
        ("suppressed", "stopped", _S.held_back),
        ("suppressed", "no_mobile", _S.held_back),
        ("suppressed", "visit_moved", _S.not_needed),
        ("suppressed", "goes_by_text", _S.not_needed),
    ],
)
async def test_a_state_and_its_reason_come_to_one_status(
    clinic: Clinic, state: str, reason: str | None, status: TextStatus
) -> None:
    await put(clinic, state=state, reason=reason)

    assert status_of(state, reason) is status
    assert [row.status for row in await read(clinic)] == [status]
    assert len(await read(clinic, status)) == 1
    others = [one for one in TextStatus if one is not status]
    assert [await read(clinic, one) for one in others] == [[]] * len(others)


def test_no_state_or_reason_is_without_a_status_and_words() -> None:
    assert set(OF_FAILURE) == set(FailReason)
    assert set(WORDS) == set(TextStatus)
    assert len(NINE) == 9
    assert {status_of("suppressed", one) for one in SuppressReason} == {_S.held_back, _S.not_needed}
    assert set(SuppressReason) > NOT_NEEDED
    assert all(status_of(one, None) for one in MessageState)


async def test_messages_are_counted_by_month_channel_and_status(clinic: Clinic) -> None:
    for _ in range(3):
        await put(clinic)
    await put(clinic, channel="email", state="accepted")
    await put(clinic, state="failed", reason="landline")
    await put(clinic, state="failed", reason="other")
    await put(clinic, days_ago=40)
    await put(clinic, state="planned")

    async with clinic.database.work() as work:
        found = await count_texts(work, clinic.org_id, environment="test", span=span(clinic))

    assert [(one.month, one.channel, one.status, one.number) for one in found] == [
        ("2026-11", "email", _S.under_way, 1),
        ("2026-11", "sms", _S.sent, 3),
        ("2026-11", "sms", _S.other_error, 2),
        ("2026-10", "sms", _S.sent, 1),
    ]


async def test_a_row_leads_to_its_visit_and_says_where_it_came_from(clinic: Clinic) -> None:
    visit = await clinic.visit("appointment-7")
    await put(clinic, visit.id, state="failed", reason="unreachable")

    (row,) = await read(clinic)

    assert (row.visit, row.appointment, row.sent_from) == (visit.id, "appointment-7", "+15550100100")
    assert cells(row)[3:] == (
        "sms", "Not delivered: unreachable phone number", "failed", "unreachable", visit.id, "appointment-7",
    )  # fmt: skip


async def test_what_is_about_no_visit_leads_to_none(clinic: Clinic) -> None:
    await put(clinic, "help", kind="help")

    assert [row.visit for row in await read(clinic)] == [""]


async def test_pages_follow_each_other_without_a_gap(clinic: Clinic) -> None:
    made = [await put(clinic, days_ago=1 + number // 2) for number in range(7)]

    seen: list[uuid.UUID] = []
    before: tuple[datetime, uuid.UUID] | None = None
    while page := await read(clinic, most=3, before=before and before[0], before_id=before and before[1]):
        seen += [row.id for row in page]
        before = (page[-1].due_at, page[-1].id)

    assert sorted(seen) == sorted(one.id for one in made)


async def test_test_messages_are_not_among_the_real_ones(clinic: Clinic) -> None:
    await put(clinic)

    assert await read(clinic, environment="production") == []
