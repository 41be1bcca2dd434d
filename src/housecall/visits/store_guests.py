"""Every query on interpreters' and relatives' seats, and on where they are written to."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import Organisation
from housecall.visits.model import GUESTS
from housecall.visits.tables import Participant, Seat, Visit
from housecall.visits.tables_guests import GuestAddress

_ROLES = sorted(GUESTS)


async def list_guest_seats(
    work: Work, org_id: OrgId, connection_id: str, appointment_ref: str
) -> Sequence[Seat]:
    """The guests' seats on the appointment whose links are good, the oldest first."""
    return (
        await work.session.scalars(
            select(Seat)
            .where(Seat.org_id == org_id, Seat.connection_id == connection_id)
            .where(Seat.appointment_ref == appointment_ref, Seat.role.in_(_ROLES))
            .where(Seat.revoked_at.is_(None))
            .order_by(Seat.created_at, Seat.id)
        )
    ).all()


async def find_visit_of_seat(work: Work, org_id: OrgId, seat_id: str) -> Visit | None:
    """The newest visit that a guest's seat leads to, or None where there is no such seat."""
    return (await find_visits_of_seats(work, org_id, [seat_id])).get(seat_id)


async def find_visits_of_seats(work: Work, org_id: OrgId, seat_ids: Collection[str]) -> dict[str, Visit]:
    """Per guest's seat the newest visit that it leads to, in one query."""
    found = await work.session.execute(
        select(Seat.id, Visit)
        .join(
            Visit,
            (Seat.connection_id == Visit.connection_id) & (Seat.appointment_ref == Visit.appointment_ref),
        )
        .where(Seat.org_id == org_id, Visit.org_id == org_id, Seat.role.in_(_ROLES))
        .where(Seat.id.in_(sorted(seat_ids)))
        .order_by(Visit.ordinal)
    )
    # The newest visit of each seat comes last.
    return {row.id: row.Visit for row in found}


async def find_seats(work: Work, org_id: OrgId, seat_ids: Collection[str]) -> dict[str, Seat]:
    """Those of the seats that are the organisation's guests', by id, revoked ones too."""
    found = await work.session.scalars(
        select(Seat).where(Seat.org_id == org_id, Seat.role.in_(_ROLES), Seat.id.in_(sorted(seat_ids)))
    )
    return {seat.id: seat for seat in found}


async def list_seats_of_visit(work: Work, org_id: OrgId, visit_id: str) -> Sequence[str]:
    """The seats of the visit's guests, revoked ones too."""
    found = await work.session.scalars(
        select(Participant.seat_id)
        .where(Participant.org_id == org_id, Participant.visit_id == visit_id)
        .where(Participant.role.in_(_ROLES), Participant.seat_id.is_not(None))
    )
    return [seat_id for seat_id in found if seat_id]


async def find_addresses(work: Work, org_id: OrgId, seat_ids: Collection[str]) -> dict[str, GuestAddress]:
    """Where the guests on these seats are written to, by seat; those without are left out."""
    found = await work.session.scalars(
        select(GuestAddress).where(GuestAddress.org_id == org_id, GuestAddress.seat_id.in_(sorted(seat_ids)))
    )
    return {row.seat_id: row for row in found}


async def keep_addresses_until(work: Work, org_id: OrgId, seat_ids: Collection[str], until: datetime) -> None:
    """The guests' addresses go at that instant, unless they went before."""
    await work.session.execute(
        update(GuestAddress)
        .where(GuestAddress.org_id == org_id, GuestAddress.seat_id.in_(sorted(seat_ids)))
        .values(expires_at=until)
        .execution_options(synchronize_session="fetch")
    )


async def forget_addresses(work: Work, org_id: OrgId, seat_ids: Collection[str]) -> None:
    """The guests' addresses and the keys to them are gone."""
    await work.session.execute(
        delete(GuestAddress)
        .where(GuestAddress.org_id == org_id, GuestAddress.seat_id.in_(sorted(seat_ids)))
        .execution_options(synchronize_session="fetch")
    )


async def forget_expired_addresses(work: Work, now: datetime) -> None:
    """Addresses past their time are gone, and with them the languages of their seats; of the whole region.

    Where an organisation keeps none any more, those from before go too.
    """
    keeps_none = select(Organisation.id).where(Organisation.keeps_guest_addresses.is_(False))
    gone = await work.session.scalars(
        delete(GuestAddress)
        .where(or_(GuestAddress.expires_at <= now, GuestAddress.org_id.in_(keeps_none)))
        .returning(GuestAddress.seat_id)
    )
    await work.session.execute(
        update(Seat)
        .where(Seat.id.in_(gone.all()))
        .values(language=None)
        .execution_options(synchronize_session=False)
    )
