"""The text-message report: what became of every message, by month, by status, and one by one.

The nine statuses are those of the connector that hospitals compare us with; what it does not tell apart, or does not
tell at all, stands beside them: still on its way, of unknown fate, not sent by us, not needed any more.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging.model import NOT_NEEDED, FailReason, MessageState


class TextStatus(StrEnum):
    """What became of a message."""

    sent = "sent"
    blocked_by_recipient = "blocked_by_recipient"
    invalid_number = "invalid_number"
    number_does_not_exist = "number_does_not_exist"
    blocked_number = "blocked_number"
    unreachable = "unreachable"
    spam_detected = "spam_detected"
    recipient_blocked = "recipient_blocked"
    other_error = "other_error"
    # Beside the nine.
    under_way = "under_way"
    unknown = "unknown"
    held_back = "held_back"
    not_needed = "not_needed"


NINE: Final = tuple(TextStatus)[:9]

WORDS: Final = {
    TextStatus.sent: "Sent (delivered)",
    TextStatus.blocked_by_recipient: "Not delivered: blocked by recipient (opted out)",
    TextStatus.invalid_number: "Not delivered: invalid phone number",
    TextStatus.number_does_not_exist: "Not delivered: phone number does not exist",
    TextStatus.blocked_number: "Not delivered: blocked phone number",
    TextStatus.unreachable: "Not delivered: unreachable phone number",
    TextStatus.spam_detected: "Not delivered: spam detected",
    TextStatus.recipient_blocked: "Not delivered: recipient blocked",
    TextStatus.other_error: "Not delivered: other error",
    TextStatus.under_way: "Handed over, not confirmed yet",
    TextStatus.unknown: "May have been sent",
    TextStatus.held_back: "Not sent by us",
    TextStatus.not_needed: "Not needed any more",
}

# Our reasons of failure, as the connector's statuses.
OF_FAILURE: Final = {
    FailReason.opted_out: TextStatus.blocked_by_recipient,
    FailReason.invalid_number: TextStatus.invalid_number,
    FailReason.unknown_number: TextStatus.number_does_not_exist,
    FailReason.blocked_number: TextStatus.blocked_number,
    FailReason.unreachable: TextStatus.unreachable,
    FailReason.spam_detected: TextStatus.spam_detected,
    FailReason.recipient_blocked: TextStatus.recipient_blocked,
    FailReason.landline: TextStatus.other_error,
    FailReason.other: TextStatus.other_error,
    FailReason.provider_unavailable: TextStatus.other_error,
}

ROWS_A_PAGE: Final = 100
ROWS_A_FILE: Final = 50_000

_WHICH: Final = """
    message.org_id = :org_id AND message.due_at >= :since AND message.due_at < :until
    AND message.state <> 'planned'
    AND message.connection_id IN (SELECT id FROM connection WHERE org_id = :org_id AND environment = :environment)
"""

_COUNTS: Final = f"""
    SELECT to_char(date_trunc('month', message.due_at AT TIME ZONE 'UTC'), 'YYYY-MM') AS month,
           message.channel, message.state, message.reason, count(*) AS number
    FROM message WHERE {_WHICH}
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - constants only

_ROWS: Final = f"""
    WITH page AS (
        SELECT message.* FROM message WHERE {_WHICH}
          AND (CAST(:states AS text[]) IS NULL OR message.state = ANY(:states))
          AND (CAST(:reasons AS text[]) IS NULL OR message.reason = ANY(:reasons))
          AND NOT COALESCE(message.reason = ANY(CAST(:other_reasons AS text[])), false)
          AND (CAST(:before AS timestamptz) IS NULL
               OR (message.due_at, message.id) < (:before, CAST(:before_id AS uuid)))
        ORDER BY message.due_at DESC, message.id DESC LIMIT :most
    )
    SELECT page.*, visit.id AS visit_id, visit.appointment_ref, visit.state AS visit_state
    FROM page
    LEFT JOIN seat ON seat.id = page.subject_ref AND seat.org_id = page.org_id
    LEFT JOIN visit ON visit.org_id = page.org_id AND visit.id = COALESCE(
        (SELECT one.id FROM visit AS one WHERE one.connection_id = seat.connection_id
           AND one.appointment_ref = seat.appointment_ref ORDER BY one.ordinal DESC LIMIT 1),
        page.subject_ref)
    ORDER BY page.due_at DESC, page.id DESC
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class Span:
    """Which messages: due in [since, until), and where the page before this one stopped."""

    since: datetime
    until: datetime
    most: int
    before: datetime | None = None
    before_id: uuid.UUID | None = None


@dataclass(frozen=True)
class TextRow:
    """One message; ``visit`` is empty where it was about none."""

    id: uuid.UUID
    visit: str
    appointment: str
    due_at: datetime
    sent_at: datetime
    sent_from: str
    kind: str
    channel: str
    state: str
    reason: str | None
    status: TextStatus


@dataclass(frozen=True)
class MonthCount:
    """How many messages of one month and channel came to one status."""

    month: str
    channel: str
    status: TextStatus
    number: int


def status_of(state: str, reason: str | None) -> TextStatus:
    """The report's status of a message in this state for this reason."""
    match MessageState(state):
        case MessageState.delivered:
            return TextStatus.sent
        case MessageState.failed:
            return OF_FAILURE.get(FailReason(reason or FailReason.other), TextStatus.other_error)
        case MessageState.suppressed:
            return TextStatus.not_needed if reason in NOT_NEEDED else TextStatus.held_back
        case MessageState.unknown:
            return TextStatus.unknown
        case _:
            return TextStatus.under_way


async def count_texts(work: Work, org_id: OrgId, *, environment: str, span: Span) -> list[MonthCount]:
    """Messages by month, channel and status, the latest month first."""
    given = {"org_id": org_id, "environment": environment, "since": span.since, "until": span.until}
    found = await work.session.execute(text(_COUNTS), given)
    sums: dict[tuple[str, str, TextStatus], int] = {}
    for row in found:
        key = (row.month, row.channel, status_of(row.state, row.reason))
        sums[key] = sums.get(key, 0) + row.number
    order = list(TextStatus)
    counted = [MonthCount(*key, number=number) for key, number in sums.items()]
    counted.sort(key=lambda one: (one.channel, order.index(one.status)))
    return sorted(counted, key=lambda one: one.month, reverse=True)


async def read_texts(
    work: Work,
    org_id: OrgId,
    *,
    environment: str,
    span: Span,
    status: TextStatus | None,
    by: By,
    now: datetime,
    exported: bool = False,
) -> list[TextRow]:
    """The messages of the span, the latest first; of one status when given."""
    given = {
        "org_id": org_id, "environment": environment, "since": span.since, "until": span.until,
        "before": span.before, "before_id": span.before_id, "most": span.most, **_condition(status),
    }  # fmt: skip
    found: Sequence[Any] = (await work.session.execute(text(_ROWS), given)).all()
    act = Act.report_exported if exported else Act.report_read
    await record(work, org_id, act, by=by, subject="texts", at=now, rows=len(found), environment=environment)
    return [_row(one) for one in found]


def _condition(status: TextStatus | None) -> dict[str, list[str] | None]:
    """States and reasons of one status, as the query wants them."""
    unneeded = sorted(NOT_NEEDED)
    states: list[MessageState] | None
    reasons: list[str] | None = None
    others: list[str] = []
    match status:
        case None:
            states = None
        case TextStatus.sent:
            states = [MessageState.delivered]
        case TextStatus.under_way:
            states = [MessageState.queued, MessageState.accepted]
        case TextStatus.unknown:
            states = [MessageState.unknown]
        case TextStatus.not_needed:
            states, reasons = [MessageState.suppressed], list(unneeded)
        case TextStatus.held_back:
            states, others = [MessageState.suppressed], list(unneeded)
        case _:
            states = [MessageState.failed]
            reasons = [one.value for one, into in OF_FAILURE.items() if into is status]
    return {
        "states": [one.value for one in states] if states else None,
        "reasons": reasons,
        "other_reasons": others,
    }


def _row(one: Any) -> TextRow:
    return TextRow(
        id=one.id,
        visit=one.visit_id or "",
        appointment=one.appointment_ref or "",
        due_at=one.due_at,
        sent_at=one.accepted_at or one.queued_at or one.due_at,
        sent_from=one.sent_from or "",
        kind=one.kind,
        channel=one.channel,
        state=one.state,
        reason=one.reason,
        status=status_of(one.state, one.reason),
    )


COLUMNS: Final = (
    "Sent time (UTC)", "Sent from", "Type", "Channel", "Status", "Our state", "Reason", "Visit", "Appointment",
)  # fmt: skip


def cells(row: TextRow) -> tuple[str, ...]:
    """The row as the file has it."""
    at = row.sent_at.strftime("%Y-%m-%d %H:%M:%S")
    said = (row.sent_from, row.kind, row.channel, WORDS[row.status], row.state, row.reason or "")
    return (at, *said, row.visit, row.appointment)
