"""Whom a message to an interpreter or relative goes to: where staff said, in the language of their link."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from housecall.db.work import Work
from housecall.ehr.readers import zone_of
from housecall.kit.ids import OrgId
from housecall.messaging.model import CANCELLATIONS, Channel, MessageKind, SuppressReason
from housecall.messaging.recipients import Due, Hold, Outcome, Recipient, Suppress
from housecall.messaging.templates import localise_time
from housecall.tenancy.service import may_mail_address, may_text_number
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.tables import Connection, Department, Organisation
from housecall.tenancy.terms import may_text_in, may_write_in, terms_of
from housecall.tenancy.timing import QuietHours
from housecall.visits import store_guests
from housecall.visits.desk import Desk
from housecall.visits.events import event_of
from housecall.visits.guest_texting import open_address
from housecall.visits.links import make_link
from housecall.visits.model import VisitState
from housecall.visits.scene import visit_window
from housecall.visits.tables import Seat, Visit
from housecall.visits.tables_guests import GuestAddress


async def resolve_guests(
    desk: Desk, work: Work, org_id: OrgId, dues: Sequence[Due], organisation: Organisation
) -> Mapping[uuid.UUID, Outcome]:
    """An outcome for each message that is about a guest's seat; those about a visit are left out."""
    refs = {due.subject_ref for due in dues}
    seats = await store_guests.find_seats(work, org_id, refs)
    if not seats:
        return {}
    visits = await store_guests.find_visits_of_seats(work, org_id, seats)
    kept = await store_guests.find_addresses(work, org_id, seats)
    outcomes: dict[uuid.UUID, Outcome] = {}
    for due in dues:
        seat, visit = seats.get(due.subject_ref), visits.get(due.subject_ref)
        if seat is None:
            continue
        if visit is None:
            outcomes[due.id] = Suppress(SuppressReason.visit_over)
            continue
        connection = await get_connection(work, org_id, visit.connection_id)
        home = await find_department(work, org_id, visit.department_id)
        outcomes[due.id] = _outcome(desk, due, seat, visit, connection, home, organisation, kept.get(seat.id))
    return outcomes


def _outcome(
    desk: Desk,
    due: Due,
    seat: Seat,
    visit: Visit,
    connection: Connection,
    home: Department | None,
    organisation: Organisation,
    kept: GuestAddress | None,
) -> Outcome:
    now = desk.clock.now()
    may_send = may_text_in if due.channel is Channel.sms else may_write_in
    obstacle = may_send(connection, home) or _too_late(due, seat, visit, connection, now)
    if obstacle is not None:
        return Suppress(obstacle)
    address = due.typed_address
    if address is None:
        if kept is None or kept.channel != due.channel:
            return Suppress(SuppressReason.address_expired)
        address = open_address(desk.sealer, kept)
    may_reach = may_text_number if due.channel is Channel.sms else may_mail_address
    if not may_reach(connection, address, desk.sealer):
        return Suppress(SuppressReason.not_listed)
    held = _held_until(due, visit, connection, now)
    return Hold(held) if held else _recipient(desk, seat, visit, connection, home, organisation, address)


def _too_late(due: Due, seat: Seat, visit: Visit, connection: Connection, now: datetime) -> str | None:
    is_cancelled = visit.state == VisitState.cancelled
    if due.kind in CANCELLATIONS:
        return None if is_cancelled else SuppressReason.visit_moved
    if is_cancelled:
        return SuppressReason.visit_cancelled
    if seat.revoked_at is not None:
        return SuppressReason.not_wanted
    is_over = visit.state == VisitState.ended or visit_window(visit, connection).is_past(now)
    return SuppressReason.visit_over if is_over else None


def _held_until(due: Due, visit: Visit, connection: Connection, now: datetime) -> datetime | None:
    if due.kind is MessageKind.invitation:
        # Somebody sent it by hand.
        return None
    zone = zone_of(connection.time_zone)
    return QuietHours.of(connection).held_until(now, starts_at=visit.starts_at, zone=zone)


def _recipient(
    desk: Desk,
    seat: Seat,
    visit: Visit,
    connection: Connection,
    home: Department | None,
    organisation: Organisation,
    address: str,
) -> Recipient:
    language = seat.language or organisation.language
    terms = terms_of(connection, home)
    return Recipient(
        number=address,
        language=language,
        values={
            "clinic": organisation.display_name,
            "place": organisation.display_name,
            "phone": organisation.clinic_phone,
            "time": localise_time(visit.starts_at, connection.time_zone, language),
            "link": make_link(desk, seat),
        },
        texts_from=terms.texts_from or "",
        event=event_of(desk, visit),
        texts_backup=terms.texts_backup,
        department=visit.department_id or "",
    )
