"""Every query on visits, seats and participants of one organisation."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, true, update
from sqlalchemy.orm import aliased

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.errors import SeatUnknown, VisitUnknown
from housecall.visits.model import LIVE, OVER, Asked, LobbyWord, ParticipantRole, VisitState
from housecall.visits.tables import Launch, Participant, Seat, Visit
from housecall.visits.tables_guests import GuestAddress

# Rows read again under a lock must show what the lock waited for, not what this unit of work saw before.
_FRESH = {"populate_existing": True}


async def find_visit(work: Work, org_id: OrgId, visit_id: str) -> Visit | None:
    """The organisation's visit, or None."""
    return (
        await work.session.scalars(select(Visit).where(Visit.org_id == org_id, Visit.id == visit_id))
    ).one_or_none()


async def find_visits(work: Work, org_id: OrgId, visit_ids: Collection[str]) -> dict[str, Visit]:
    """Those of the visits that are the organisation's, by id, in one query."""
    found = await work.session.scalars(
        select(Visit).where(Visit.org_id == org_id, Visit.id.in_(sorted(visit_ids)))
    )
    return {visit.id: visit for visit in found}


async def get_visit(work: Work, org_id: OrgId, visit_id: str) -> Visit:
    """The organisation's visit; raises VisitUnknown."""
    found = await find_visit(work, org_id, visit_id)
    if found is None:
        raise VisitUnknown
    return found


async def lock_visit(work: Work, org_id: OrgId, visit_id: str) -> Visit:
    """The visit as it stands now, and nobody else changes it until this work is done; raises VisitUnknown."""
    found = await work.session.scalars(
        select(Visit)
        .where(Visit.org_id == org_id, Visit.id == visit_id)
        .with_for_update()
        .execution_options(**_FRESH)
    )
    visit = found.one_or_none()
    if visit is None:
        raise VisitUnknown
    return visit


async def lock_visit_of_seat(work: Work, org_id: OrgId, seat_id: str) -> Visit:
    """The newest visit on the seat's appointment, locked; raises SeatUnknown."""
    found = await work.session.scalars(
        select(Visit)
        .join(
            Seat,
            (Seat.connection_id == Visit.connection_id) & (Seat.appointment_ref == Visit.appointment_ref),
        )
        .where(Seat.id == seat_id, Seat.org_id == org_id, Visit.org_id == org_id)
        .order_by(Visit.ordinal.desc())
        .limit(1)
        .with_for_update(of=Visit)
        .execution_options(**_FRESH)
    )
    visit = found.one_or_none()
    if visit is None:
        raise SeatUnknown
    return visit


async def lock_appointment(work: Work, org_id: OrgId, connection_id: str, appointment_ref: str) -> None:
    """Nobody else makes a visit on this appointment until this work is done."""
    name = f"{org_id}/{connection_id}/{appointment_ref}"
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 11))"), {"name": name}
    )


async def find_newest_visit(
    work: Work, org_id: OrgId, connection_id: str, appointment_ref: str
) -> Visit | None:
    """The visit with the highest ordinal on the appointment, or None."""
    found = await list_visits_of_appointments(work, org_id, connection_id, [appointment_ref])
    return found.get(appointment_ref)


async def list_visits_of_appointments(
    work: Work, org_id: OrgId, connection_id: str, refs: Collection[str]
) -> dict[str, Visit]:
    """Per appointment its newest visit, in one query; appointments without one are left out."""
    found = await work.session.scalars(
        select(Visit)
        .where(Visit.org_id == org_id, Visit.connection_id == connection_id, Visit.appointment_ref.in_(refs))
        .order_by(Visit.ordinal)
        .execution_options(**_FRESH)
    )
    return {visit.appointment_ref: visit for visit in found}


async def list_with_successors(work: Work, org_id: OrgId, visit_ids: Collection[str]) -> list[str]:
    """The visits' ids, and those of later visits on the same appointments: begun again, they are the same chart's."""
    same = aliased(Visit)
    found = await work.session.scalars(
        select(Visit.id)
        .join(
            same,
            (same.connection_id == Visit.connection_id)
            & (same.appointment_ref == Visit.appointment_ref)
            & (same.ordinal <= Visit.ordinal),
        )
        .where(Visit.org_id == org_id, same.org_id == org_id, same.id.in_(visit_ids))
        .distinct()
    )
    return list(found)


async def list_visits(work: Work, org_id: OrgId, visit_ids: Collection[str]) -> Sequence[Visit]:
    """Those of the visits that the organisation has, earliest start first."""
    return (
        await work.session.scalars(
            select(Visit)
            .where(Visit.org_id == org_id, Visit.id.in_(visit_ids))
            .order_by(Visit.starts_at, Visit.ordinal)
        )
    ).all()


async def find_newest_ordinals(
    work: Work, org_id: OrgId, appointments: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Per (connection, appointment) the highest ordinal."""
    found = await work.session.execute(
        select(Visit.connection_id, Visit.appointment_ref, func.max(Visit.ordinal))
        .where(Visit.org_id == org_id)
        .where(Visit.connection_id.in_({connection for connection, _ in appointments}))
        .where(Visit.appointment_ref.in_({appointment for _, appointment in appointments}))
        .group_by(Visit.connection_id, Visit.appointment_ref)
    )
    return {(connection, appointment): int(ordinal) for connection, appointment, ordinal in found}


async def get_seat(work: Work, org_id: OrgId, seat_id: str) -> Seat:
    """The organisation's seat, a revoked one too; raises SeatUnknown."""
    found = await work.session.scalars(
        select(Seat).where(Seat.org_id == org_id, Seat.id == seat_id).execution_options(**_FRESH)
    )
    seat = found.one_or_none()
    if seat is None:
        raise SeatUnknown
    return seat


async def find_patient_seat(
    work: Work, org_id: OrgId, connection_id: str, appointment_ref: str
) -> Seat | None:
    """The patient's seat on the appointment that is still good, or None."""
    found = await work.session.scalars(
        select(Seat)
        .where(Seat.org_id == org_id, Seat.connection_id == connection_id)
        .where(Seat.appointment_ref == appointment_ref, Seat.role == ParticipantRole.patient.value)
        .where(Seat.revoked_at.is_(None))
        .order_by(Seat.created_at.desc())
        .limit(1)
    )
    return found.one_or_none()


async def find_newest_seats(
    work: Work, org_id: OrgId, connection_id: str, appointment_refs: Collection[str]
) -> dict[str, Seat]:
    """The patient's seat on each appointment, the one that stands before those revoked, in one query."""
    found = await work.session.scalars(
        select(Seat)
        .where(Seat.org_id == org_id, Seat.connection_id == connection_id)
        .where(Seat.appointment_ref.in_(sorted(appointment_refs)))
        .where(Seat.role == ParticipantRole.patient.value)
        .order_by(Seat.revoked_at.is_(None), Seat.created_at)
    )
    # The best of each appointment comes last.
    return {seat.appointment_ref: seat for seat in found}


async def keep_language(work: Work, org_id: OrgId, seat_id: str, language: str) -> None:
    """The seat knows its reader's language, unless its visit is over by now."""
    await _keep(work, org_id, seat_id, language=language)


async def keep_manners(
    work: Work, org_id: OrgId, seat_id: str, *, language: str | None, time_zone: str | None
) -> None:
    """The seat knows its reader's language and time zone, unless its visit is over by now."""
    await _keep(work, org_id, seat_id, language=language, time_zone=time_zone)


async def _keep(work: Work, org_id: OrgId, seat_id: str, **values: str | None) -> None:
    await work.session.execute(
        update(Seat)
        .where(Seat.org_id == org_id, Seat.id == seat_id, Seat.revoked_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def list_live_visits(
    work: Work, org_id: OrgId, connection_id: str, start: datetime, end: datetime
) -> Sequence[Visit]:
    """The connection's visits planned to start in [start, end) that may still come or go on."""
    return (
        await work.session.scalars(
            select(Visit)
            .where(Visit.org_id == org_id, Visit.connection_id == connection_id)
            .where(Visit.starts_at >= start, Visit.starts_at < end, Visit.state.in_(sorted(LIVE)))
        )
    ).all()


async def list_day(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    start: datetime,
    end: datetime,
    *,
    clinician: str | None = None,
    locations: Collection[str] | None = None,
    most: int,
) -> Sequence[Visit]:
    """All visits starting in [start, end), or going on still: with a clinician theirs, or those at the locations.

    The clinician's include those that they are asked to. Per appointment the newest visit; the earliest ``most``.
    """
    whose: ColumnElement[bool] = true()
    if clinician is not None:
        place = None if locations is None else Visit.location_ref.in_(sorted(locations))
        whose = (_is_of(clinician) if place is None else place) | _is_asked(clinician)
    later = aliased(Visit)
    again = exists().where(
        later.connection_id == Visit.connection_id,
        later.appointment_ref == Visit.appointment_ref,
        later.ordinal > Visit.ordinal,
    )
    return (
        await work.session.scalars(
            select(Visit)
            .where(*_of_day(org_id, connection_id, start, end), whose, ~again)
            .order_by(Visit.starts_at, Visit.id)
            .limit(most)
        )
    ).all()


async def find_places(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    start: datetime,
    end: datetime,
    *,
    clinician: str,
    besides: Collection[str],
) -> frozenset[str]:
    """Where the clinician's visits of the day are, and the visits ``besides``: location ids."""
    own = and_(*_of_day(org_id, connection_id, start, end), _is_of(clinician))
    found = await work.session.scalars(
        select(Visit.location_ref)
        .where(Visit.org_id == org_id, Visit.location_ref.is_not(None))
        .where(own | Visit.id.in_(besides))
        .distinct()
    )
    return frozenset(ref for ref in found if ref)


async def list_asked(work: Work, org_id: OrgId, visit_ids: Collection[str]) -> dict[str, list[str]]:
    """Per visit the colleagues who are asked to it and have not answered; visits without any are left out."""
    found = await work.session.execute(
        select(Participant.visit_id, Participant.user_ref)
        .where(Participant.org_id == org_id, Participant.visit_id.in_(visit_ids))
        .where(Participant.asked_state == Asked.asked.value)
    )
    asked: dict[str, list[str]] = {}
    for visit_id, user_ref in found:
        asked.setdefault(visit_id, []).append(user_ref or "")
    return asked


def _is_of(clinician: str) -> ColumnElement[bool]:
    return Visit.holder == clinician


def _is_asked(clinician: str) -> ColumnElement[bool]:
    is_over = Visit.state.in_(sorted(OVER))
    asked = (Participant.user_ref == clinician) & (Participant.asked_state == Asked.asked.value)
    return ~is_over & exists().where(Participant.visit_id == Visit.id, asked)


def _of_day(
    org_id: OrgId, connection_id: str, start: datetime, end: datetime
) -> tuple[ColumnElement[bool], ...]:
    planned = (Visit.starts_at >= start) & (Visit.starts_at < end)
    goes_on = Visit.state == VisitState.in_progress.value
    return Visit.org_id == org_id, Visit.connection_id == connection_id, planned | goes_on


async def list_people(
    work: Work, org_id: OrgId, visit_ids: Collection[str]
) -> Sequence[tuple[Participant, Seat | None]]:
    """The visits' participants with their seats as they stand now, who came to be first, first."""
    found = await work.session.execute(
        select(Participant, Seat)
        .outerjoin(Seat, Seat.id == Participant.seat_id)
        .where(Participant.org_id == org_id, Participant.visit_id.in_(visit_ids))
        .order_by(Participant.visit_id, Participant.created_at, Participant.id)
        .execution_options(**_FRESH)
    )
    return [(person, seat) for person, seat in found]


async def get_patient(work: Work, org_id: OrgId, visit_id: str) -> Participant:
    """The visit's patient, on the seat that stands; raises VisitUnknown."""
    found = await work.session.scalars(
        select(Participant)
        .outerjoin(Seat, Seat.id == Participant.seat_id)
        .where(Participant.org_id == org_id, Participant.visit_id == visit_id)
        .where(Participant.role == ParticipantRole.patient.value)
        .where(or_(Seat.revoked_because.is_(None), Seat.revoked_because != LobbyWord.moved.value))
        .limit(1)
    )
    person = found.one_or_none()
    if person is None:
        raise VisitUnknown
    return person


async def find_participant(work: Work, org_id: OrgId, participant_id: str) -> Participant | None:
    """The organisation's participant, or None."""
    return (
        await work.session.scalars(
            select(Participant).where(Participant.org_id == org_id, Participant.id == participant_id)
        )
    ).one_or_none()


async def find_newest_on_seat(work: Work, org_id: OrgId, seat_id: str) -> Participant | None:
    """Who sits on the seat in the newest visit that had it, or None."""
    found = await work.session.scalars(
        select(Participant)
        .where(Participant.org_id == org_id, Participant.seat_id == seat_id)
        .order_by(Participant.created_at.desc())
        .limit(1)
    )
    return found.one_or_none()


async def forget_languages(work: Work, org_id: OrgId, connection_id: str, appointment_ref: str) -> None:
    """Language and time zone are forgotten on every seat of an appointment whose visit is over."""
    await work.session.execute(
        update(Seat)
        .where(Seat.org_id == org_id, Seat.connection_id == connection_id)
        .where(Seat.appointment_ref == appointment_ref)
        .where(or_(Seat.language.is_not(None), Seat.time_zone.is_not(None)))
        # Who is still to be told that the visit is off is told so in their language.
        .where(Seat.id.not_in(select(GuestAddress.seat_id).where(GuestAddress.org_id == org_id)))
        .values(language=None, time_zone=None)
        .execution_options(synchronize_session="fetch")
    )


async def find_newest_launch(work: Work, org_id: OrgId, connection_id: str, persona: str) -> Launch | None:
    """The newest launch of the persona on the connection that came to an end, good or bad."""
    found = await work.session.scalars(
        select(Launch)
        .where(
            Launch.org_id == org_id,
            Launch.connection_id == connection_id,
            Launch.persona == persona,
            Launch.state.in_(("active", "ended", "refused")),
            Launch.handed_over_from.is_(None),
        )
        .order_by(Launch.created_at.desc())
        .limit(1)
    )
    return found.one_or_none()
