"""Tidying up: who is gone has left, a visit that is empty has ended, one that nobody began is a no-show.

These run for the whole region, so their queries take no organisation; each row tells its own.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, literal, select, text, update

from housecall.audit.model import Actor, By
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import Connection
from housecall.visits.desk import Desk
from housecall.visits.life import miss
from housecall.visits.model import (
    EMPTY_AFTER,
    GONE_AFTER,
    GONE_FROM_ROOM_AFTER,
    GUESTS,
    IN_ROOM,
    LIVE,
    ParticipantState,
    VisitState,
)
from housecall.visits.room import depart, rest
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.service import finish
from housecall.visits.store_guests import forget_expired_addresses
from housecall.visits.store_instant import forget_expired_instants
from housecall.visits.tables import Launch, Participant, SpokenCode, Visit
from housecall.visits.telling import tell_state
from housecall.visits.views import publish_visit

_SWEEPER: Final = By(Actor.system, "sweep")
# Small enough that one round locks its visits for a fraction of a second; the next round comes in two.
_BATCH: Final = 100
_SWEEP_LOCK: Final = 4_200_002
_IN_LOBBY: Final = ("opened", "checking", "waiting")


async def sweep(desk: Desk, work: Work) -> int:
    """One round over what time has settled, at most a hundred of each kind; answers how many were.

    Two sweepers never work at once: the second does nothing.
    """
    if not await work.session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SWEEP_LOCK}):
        return 0
    now = desk.clock.now()
    await _forget_access(work, now)
    await work.session.execute(delete(SpokenCode).where(SpokenCode.expires_at <= now))
    await forget_expired_addresses(work, now)
    await forget_expired_instants(work, now)
    return (
        await _let_go(desk, work, now) + await _end_empty(desk, work, now) + await _give_up(desk, work, now)
    )


async def _forget_access(work: Work, now: datetime) -> None:
    """A launch whose time is over holds no token, no encounter and no patient any more."""
    await work.session.execute(
        update(Launch)
        .where(Launch.expires_at <= now, Launch.state != "ended")
        .values(
            state="ended",
            nonce=None,
            verifier_sealed=None,
            tokens_sealed=None,
            encounter_ref_sealed=None,
            patient_ref_sealed=None,
        )
        .execution_options(synchronize_session=False)
    )


async def mark_all_absent(work: Work, now: datetime) -> None:
    """Nobody has a socket, as when the web has just begun; who comes back in time keeps their place."""
    await work.session.execute(
        update(Participant)
        .where(Participant.present)
        .values(present=False, gone_since=now)
        .execution_options(synchronize_session=False)
    )


async def _let_go(desk: Desk, work: Work, now: datetime) -> int:
    gone = await work.session.execute(
        select(Participant.org_id, Participant.visit_id, Participant.id)
        .where(Participant.gone_since <= now - GONE_AFTER, ~_keeps_place())
        .where(
            (Participant.gone_since <= now - GONE_FROM_ROOM_AFTER) | Participant.state.not_in(sorted(IN_ROOM))
        )
        .order_by(Participant.gone_since)
        .limit(_BATCH)
    )
    rows = sorted(gone.all(), key=lambda row: str(row.visit_id))
    for row in rows:
        scene = await lock_scene(work, OrgId(row.org_id), row.visit_id)
        await _let_one_go(desk, work, scene, row.id, now)
    return len(rows)


async def _let_one_go(desk: Desk, work: Work, scene: Scene, participant_id: str, now: datetime) -> None:
    person = scene.with_id(participant_id)
    # Read before the lock: they may have come back while it was waited for.
    patience = GONE_FROM_ROOM_AFTER if person.state in IN_ROOM else GONE_AFTER
    if person.gone_since is None or person.gone_since > now - patience:
        return
    last_seen = person.gone_since
    has_gone = rest(scene, person, now) or await depart(
        desk, work, scene, person, now=now, by=_SWEEPER, at=last_seen
    )
    person.gone_since = None
    if has_gone:
        tell_state(desk, work, scene, person)
        await publish_visit(desk, work, scene.org_id, scene.visit)


async def _end_empty(desk: Desk, work: Work, now: datetime) -> int:
    last_left = (
        select(func.max(func.coalesce(Participant.left_at, Participant.since)))
        .where(Participant.visit_id == Visit.id, Participant.admitted_at.is_not(None) | _is_staff())
        .where(Participant.role.not_in(sorted(GUESTS)))
        # A colleague who was asked and never came was not there to leave.
        .where(Participant.state != ParticipantState.invited.value)
        .scalar_subquery()
    )
    somebody = exists().where(
        and_(
            Participant.visit_id == Visit.id,
            Participant.state.in_(IN_ROOM) | (Participant.present & Participant.state.in_(_IN_LOBBY)),
            # Neither a relative who stays on nor an interpreter keeps a visit going that has lost its patient.
            Participant.role.not_in(sorted(GUESTS)),
        )
    )
    found = await work.session.execute(
        select(Visit.org_id, Visit.id, last_left.label("last_left"))
        .where(Visit.state == VisitState.in_progress.value, ~somebody, last_left <= now - EMPTY_AFTER)
        .order_by(Visit.id)
        .limit(_BATCH)
        .with_for_update(of=Visit, skip_locked=True)
    )
    rows = found.all()
    for row in rows:
        scene = await lock_scene(work, OrgId(row.org_id), row.id)
        await finish(desk, work, scene, now=now, at=row.last_left, by=_SWEEPER, reason="empty")
        await publish_visit(desk, work, scene.org_id, scene.visit)
    return len(rows)


async def _give_up(desk: Desk, work: Work, now: datetime) -> int:
    window = func.make_interval(0, 0, 0, 0, 0, Connection.window_closes_min)
    found = await work.session.execute(
        select(Visit.org_id, Visit.id)
        .join(Connection, Connection.id == Visit.connection_id)
        .where(Visit.state.in_((VisitState.scheduled.value, VisitState.open.value)))
        .where(Visit.ends_at < now, Visit.ends_at < literal(now) - window, ~_anybody_present())
        .order_by(Visit.ends_at)
        .limit(_BATCH)
        .with_for_update(of=Visit, skip_locked=True)
    )
    rows = found.all()
    for row in rows:
        await miss(desk, work, await lock_scene(work, OrgId(row.org_id), row.id), by=_SWEEPER)
    return len(rows)


def _anybody_present() -> ColumnElement[bool]:
    is_guest = Participant.role.in_(sorted(GUESTS))
    return exists().where(and_(Participant.visit_id == Visit.id, Participant.present, ~is_guest))


def _keeps_place() -> ColumnElement[bool]:
    """Waits elsewhere to be texted: gone from the page, and not from the line."""
    return and_(
        Participant.state == ParticipantState.waiting.value,
        Participant.text_me_at.is_not(None),
        exists().where(Visit.id == Participant.visit_id, Visit.state.in_(sorted(LIVE))),
    )


def _is_staff() -> ColumnElement[bool]:
    return Participant.user_ref.is_not(None)
