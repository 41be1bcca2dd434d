"""What became of messages: the report by month and status, one visit's timeline, and sending again."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from housecall.messaging.service import list_messages
from housecall.reports.service import choose_environment
from housecall.reports.texts import (
    COLUMNS,
    ROWS_A_FILE,
    ROWS_A_PAGE,
    WORDS,
    Span,
    TextStatus,
    cells,
    count_texts,
    read_texts,
)
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.model import Right
from housecall.tenancy.store import get_connection
from housecall.visits.resending import send_again, why_not_again
from housecall.visits.scene import visit_window
from housecall.visits.store import get_visit
from housecall.web.answers import csv_file, go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.message_words import CHANNELS, KINDS, STATES, reason_words
from housecall.web.portal_guards import administrator, report_reader
from housecall.web.portal_pages import show

routes = Audience("portal message reports", guard=report_reader, include_in_schema=False)
acts = Audience("portal message acts", guard=administrator, include_in_schema=False)
Reader = Annotated[SignedIn, Depends(report_reader)]
Administrator = Annotated[SignedIn, Depends(administrator)]
Days = Annotated[int, Query(ge=1, le=400)]

_REPORT: Final = "/portal/reports/texts"
_TIMELINE: Final = "/portal/visits/{visit_id}/messages"


@routes.get(_REPORT)
async def text_report(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Days = 30,
    status: TextStatus | None = None,
    before: datetime | None = None,
    before_id: uuid.UUID | None = None,
) -> Response:
    """Messages by month and by status, and each of them with the way to its visit."""
    house = house_of(request)
    now = house.clock.now()
    span = Span(now - timedelta(days=days), now, ROWS_A_PAGE, before, before_id)
    async with house.database.work() as work:
        chosen, there = await choose_environment(work, person.org_id, environment)
        counts = await count_texts(work, person.org_id, environment=chosen, span=span)
        rows = await read_texts(
            work, person.org_id, environment=chosen, span=span, status=status, by=person.by, now=now
        )
    return show(
        request,
        person,
        "portal/texts.html",
        here="texts",
        counts=counts,
        rows=rows,
        status_now=status,
        statuses=list(TextStatus),
        words=WORDS,
        kinds=KINDS,
        channels=CHANNELS,
        reason_words=reason_words,
        environment=chosen,
        environments=there,
        days=days,
        generated=now.astimezone(UTC),
        last=rows[-1] if len(rows) == ROWS_A_PAGE else None,
        query=f"environment={chosen}&days={days}" + (f"&status={status}" if status else ""),
    )


@routes.get(_REPORT + ".csv")
async def text_report_file(
    request: Request,
    person: Reader,
    environment: str | None = None,
    days: Days = 30,
    status: TextStatus | None = None,
) -> Response:
    """The same rows as a file."""
    house = house_of(request)
    now = house.clock.now()
    span = Span(now - timedelta(days=days), now, ROWS_A_FILE)
    async with house.database.work() as work:
        chosen, _ = await choose_environment(work, person.org_id, environment)
        rows = await read_texts(
            work, person.org_id, environment=chosen, span=span, status=status, by=person.by, now=now,
            exported=True,
        )  # fmt: skip
    return csv_file(f"texts-{chosen}-{now:%Y-%m-%d}.csv", COLUMNS, (cells(row) for row in rows))


@routes.get(_TIMELINE)
async def timeline(request: Request, person: Reader, visit_id: str, sent: str = "") -> Response:
    """Every message of one visit: planned, queued, accepted, delivered, or why not."""
    house = house_of(request)
    now = house.clock.now()
    async with house.database.work() as work:
        visit = await get_visit(work, person.org_id, visit_id)
        connection = await get_connection(work, person.org_id, visit.connection_id)
        found = await list_messages(work, person.org_id, visit_id)
    is_past = visit_window(visit, connection).is_past(now)
    may_act = person.may(Right.administer)
    again = {one.id for one in found if may_act and why_not_again(one, visit, is_past=is_past) is None}
    return show(
        request,
        person,
        "portal/timeline.html",
        here="texts",
        visit=visit,
        messages=found,
        again=again,
        sent=bool(sent),
        kinds=KINDS,
        channels=CHANNELS,
        states=STATES,
        reason_words=reason_words,
    )


@acts.post(_TIMELINE + "/{message_id}/again")
async def send_once_more(
    request: Request, person: Administrator, visit_id: str, message_id: uuid.UUID
) -> Response:
    """The message leaves again; back to the visit's timeline."""
    house = house_of(request)
    async with house.database.work() as work:
        await send_again(house.desk, work, person.org_id, visit_id, message_id, by=person.by)
    return go_to(f"/portal/visits/{visit_id}/messages?sent=yes")
