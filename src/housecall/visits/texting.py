"""Which messages a visit has: confirmation and reminders planned with it, a new time and a cancellation told."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import By
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import service as messages
from housecall.messaging.model import Channel, MessageKind, MessageState, SuppressReason
from housecall.tenancy.model import Channels
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.tables import Connection
from housecall.tenancy.terms import terms_of
from housecall.visits.addresses import typed_address
from housecall.visits.desk import Desk
from housecall.visits.errors import VisitOver
from housecall.visits.guest_texting import tell_guests_cancelled, tell_guests_moved
from housecall.visits.model import OVER
from housecall.visits.scene import visit_window
from housecall.visits.store import get_visit
from housecall.visits.tables import Visit
from housecall.visits.views import View, publish_visit

CARRIED_BY: Final = {
    Channels.text: (Channel.sms,),
    Channels.email: (Channel.email,),
    Channels.both: (Channel.sms, Channel.email),
    # Both are planned, and one of them is held back once the patient's record was read.
    Channels.text_else_email: (Channel.sms, Channel.email),
}

# How the instant of a link by hand begins: the person chose its channel, or left that to the connection.
_WISH: Final = "now."
_ELSE: Final = "else."
# That of a message sent again by hand.
AGAIN: Final = "again."

# Told that something is planned or has a link: after that a change must be told as well.
_NOT_TOLD: Final = frozenset({MessageState.planned, MessageState.suppressed})


async def plan_for_new(
    desk: Desk, work: Work, connection: Connection, visit: Visit, *, confirm: bool
) -> None:
    """A new visit has its confirmation, if wanted, and its reminders; planning again changes nothing."""
    now = desk.clock.now()
    if visit.ends_at <= now:
        return
    if confirm:
        await _plan(work, connection, visit, MessageKind.confirmation, str(visit.ordinal), now, now)
    due = await _reminders(work, connection, visit)
    ahead = [(instant, at) for instant, at in due if at > now]
    for instant, at in ahead:
        await _plan(work, connection, visit, MessageKind.reminder, instant, at, now)
    if due and not ahead and not confirm and visit.starts_at > now:
        # Booked before we came and about to begin: the last reminder is all that this patient will get.
        await _plan(work, connection, visit, MessageKind.reminder, due[-1][0], now, now)


async def plan_for_moved(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """The visit has another start: reminders follow it, and whoever had been told hears of the new time."""
    org_id, now = OrgId(visit.org_id), desk.clock.now()
    was_told = await _was_told(work, visit)
    kinds = [MessageKind.reminder, MessageKind.changed]
    reason = SuppressReason.visit_moved
    await messages.cancel_planned(work, org_id, subject_ref=visit.id, kinds=kinds, reason=reason, now=now)
    for instant, at in await _reminders(work, connection, visit):
        if at > now:
            await _plan(work, connection, visit, MessageKind.reminder, instant, at, now)
    if was_told and visit.ends_at > now:
        # By revision, so that a visit moved away and back is told both times.
        await _plan(work, connection, visit, MessageKind.changed, f"r{visit.revision}", now, now)
    await tell_guests_moved(desk, work, connection, visit)


async def follow_timing(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """The reminders that are still to come are those that count for the visit now; the visit is locked."""
    now = desk.clock.now()
    ahead = [(instant, at) for instant, at in await _reminders(work, connection, visit) if at > now]
    keep = [(instant, one) for instant, _ in ahead for one in CARRIED_BY[Channels(connection.channels)]]
    await messages.cancel_planned(
        work, OrgId(visit.org_id), subject_ref=visit.id, kinds=[MessageKind.reminder], keep=keep,
        reason=SuppressReason.not_wanted, now=now,
    )  # fmt: skip
    for instant, at in ahead:
        await _plan(work, connection, visit, MessageKind.reminder, instant, at, now)


async def plan_for_cancelled(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """Nothing planned leaves any more; whoever had been told hears that the visit is off."""
    now, was_told = desk.clock.now(), await _was_told(work, visit)
    await drop_planned(desk, work, visit, SuppressReason.visit_cancelled)
    if was_told and visit.ends_at > now:
        await _plan(work, connection, visit, MessageKind.cancelled, str(visit.ordinal), now, now)
    await tell_guests_cancelled(desk, work, visit)


async def drop_planned(desk: Desk, work: Work, visit: Visit, reason: SuppressReason) -> None:
    """What is still planned for the visit will not leave."""
    await messages.cancel_planned(
        work,
        OrgId(visit.org_id),
        subject_ref=visit.id,
        reason=reason,
        now=desk.clock.now(),
    )


async def send_link(
    desk: Desk,
    database: Database,
    org_id: OrgId,
    visit_id: str,
    *,
    typed: str | None,
    channel: Channel | None = None,
    by: By,
) -> View:
    """The link leaves at once: to the patient as on file, read when it is sent, or to what was typed in.

    ``channel`` says how; without it, what was typed tells, else it is as the connection's messages are.
    Raises VisitUnknown, VisitOver, NumberInvalid, MailAddressInvalid. Why it was held back stands in the snapshot.
    """
    async with database.work() as work:
        visit = await get_visit(work, org_id, visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
        now = desk.clock.now()
        if visit.state in OVER or visit_window(visit, connection).is_past(now):
            raise VisitOver
        for one in _channels_by_hand(connection, typed, channel):
            await messages.send_now(
                work,
                org_id,
                connection_id=connection.id,
                subject_ref=visit.id,
                kind=MessageKind.link,
                channel=one,
                instant=f"{_ELSE if channel is None and not typed else _WISH}{uuid.uuid4().hex}",
                now=now,
                requested_by=by,
                typed_address=typed_address(typed, one, connection) if typed else None,
                sealer=desk.sealer,
            )
        visit.revision += 1
        return await publish_visit(desk, work, org_id, visit)


def is_by_wish(instant: str) -> bool:
    """Whether a person chose the channel of the message, so that no rule may choose another."""
    return instant.startswith((_WISH, AGAIN))


def _channels_by_hand(
    connection: Connection, typed: str | None, channel: Channel | None
) -> tuple[Channel, ...]:
    if channel is not None:
        return (channel,)
    if typed:
        return (Channel.email if "@" in typed else Channel.sms,)
    return CARRIED_BY[Channels(connection.channels)]


async def _reminders(work: Work, connection: Connection, visit: Visit) -> list[tuple[str, datetime]]:
    """(instant, due) of each reminder, the earliest first; the start is part of the instant."""
    department = await find_department(work, OrgId(visit.org_id), visit.department_id)
    return [
        (f"{minutes}.{visit.starts_at:%Y%m%dT%H%M%SZ}", visit.starts_at - timedelta(minutes=minutes))
        for minutes in terms_of(connection, department).reminders_min
    ]


async def _was_told(work: Work, visit: Visit) -> bool:
    said = await messages.list_messages(work, OrgId(visit.org_id), visit.id)
    return any(MessageState(one.state) not in _NOT_TOLD for one in said)


async def _plan(
    work: Work,
    connection: Connection,
    visit: Visit,
    kind: MessageKind,
    instant: str,
    due_at: datetime,
    now: datetime,
) -> None:
    for channel in CARRIED_BY[Channels(connection.channels)]:
        await messages.plan(
            work,
            OrgId(visit.org_id),
            connection_id=connection.id,
            subject_ref=visit.id,
            kind=kind,
            instant=instant,
            channel=channel,
            due_at=due_at,
            now=now,
        )
