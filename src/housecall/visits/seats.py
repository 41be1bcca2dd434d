"""Seats: made with the visit, replaced when it moves, taken by whoever presses start on the link."""

import hmac
from datetime import datetime

from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, hash_token, new_token, short_id
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.desk import Desk
from housecall.visits.errors import LinkDead
from housecall.visits.links import coin
from housecall.visits.model import GUESTS, LobbyWord, ParticipantRole, ParticipantState, VisitState, may
from housecall.visits.scene import Scene, lock_scene_of_seat
from housecall.visits.tables import Participant, Seat
from housecall.visits.telling import tell_replaced, tell_seat
from housecall.visits.views import publish_scene

DEAD = frozenset({LobbyWord.moved, LobbyWord.cancelled, LobbyWord.over, LobbyWord.withdrawn})


async def ensure_patient_seat(
    desk: Desk,
    work: Work,
    org_id: OrgId,
    connection: Connection,
    appointment_ref: str,
    *,
    language: str | None = None,
    time_zone: str | None = None,
) -> Seat:
    """The patient's seat on the appointment, made if none is good; a language that is given is kept."""
    seat = await store.find_patient_seat(work, org_id, connection.id, appointment_ref)
    if seat is None:
        seat = new_seat(desk, org_id, connection.id, appointment_ref, role=ParticipantRole.patient)
        work.session.add(seat)
    seat.language = language or seat.language
    seat.time_zone = time_zone or seat.time_zone
    await work.session.flush()
    return seat


async def rotate_seat(desk: Desk, work: Work, org_id: OrgId, seat: Seat, *, because: str) -> Seat:
    """The seat's link is dead and says why; answers a new seat with a new link."""
    revoke_seat(seat, because=because, now=desk.clock.now())
    fresh = new_seat(desk, org_id, seat.connection_id, seat.appointment_ref, role=ParticipantRole(seat.role))
    fresh.language, fresh.time_zone = seat.language, seat.time_zone
    work.session.add(fresh)
    await work.session.flush()
    return fresh


def revoke_seat(seat: Seat, *, because: str, now: datetime) -> None:
    """The seat's link is dead; the first reason stays."""
    if seat.revoked_at is None:
        seat.revoked_at, seat.revoked_because = now, because


def new_seat(
    desk: Desk, org_id: OrgId, connection_id: str, appointment_ref: str, *, role: ParticipantRole
) -> Seat:
    """A place on the appointment with a link of its own, which nobody has taken."""
    coined = coin(desk.sealer)
    return Seat(
        id=short_id("s"),
        org_id=org_id,
        connection_id=connection_id,
        appointment_ref=appointment_ref,
        role=role.value,
        token_hash=coined.token_hash,
        token_nonce=coined.nonce,
        language=None,
        time_zone=None,
        holder_hash=None,
        revoked_at=None,
        revoked_because=None,
        created_at=desk.clock.now(),
    )


async def find_seat_by_token(work: Work, token: str) -> Seat | None:
    """The seat that a link leads to, a revoked one too: the link tells the organisation, not the reverse."""
    found = await work.session.scalars(select(Seat).where(Seat.token_hash == hash_token(token)))
    return found.one_or_none()


async def find_seat_by_holder(work: Work, seat_id: str, secret: str) -> Seat | None:
    """The seat, if ``secret`` is what its newest holder was given; compared in constant time."""
    seat = await work.session.get(Seat, seat_id)
    if seat is None or seat.holder_hash is None or not secret:
        return None
    return seat if hmac.compare_digest(seat.holder_hash, hash_token(secret)) else None


async def take_seat(desk: Desk, work: Work, seat: Seat) -> str:
    """The seat has a new holder, and every page of the one before is replaced; answers the holder's secret.

    Whoever waits or is in the visit keeps their place: only the page is another. Raises LinkDead.
    """
    now, org_id = desk.clock.now(), OrgId(seat.org_id)
    scene, seat = await lock_scene_of_seat(work, org_id, seat.id)
    person = scene.on_seat(seat.id)
    if person is None or scene.word(seat, now) in DEAD:
        raise LinkDead
    secret = new_token()
    was_held, seat.holder_hash = seat.holder_hash is not None, hash_token(secret)
    by = oneself(person)
    if person.role not in GUESTS:
        await open_visit(work, scene, now=now, by=by)
    _sit_down(scene, person, now)
    # The new page has no socket yet: it counts as gone until it says hello, and is swept if it never does.
    person.tab, person.present, person.gone_since = None, False, now
    await record(work, org_id, Act.link_opened, by=by, subject=scene.visit.id, at=now)
    scene.touch()
    if was_held:
        tell_replaced(desk, work, person, None)
    tell_seat(desk, work, scene, seat)
    await publish_scene(desk, work, scene)
    return secret


def oneself(person: Participant) -> By:
    """The patient or guest as the audit log knows them."""
    return By(Actor.guest if person.role in GUESTS else Actor.patient, person.id)


async def open_visit(work: Work, scene: Scene, *, now: datetime, by: By) -> None:
    """The visit is open once somebody came within its window; one that was given up opens again."""
    window = scene.window
    if window.is_early(now) or window.is_past(now):
        return
    if scene.visit.state in (VisitState.scheduled, VisitState.no_show):
        scene.turn("open")
        scene.visit.opened_at = scene.visit.opened_at or now
        scene.visit.end_reason = None
        await record(work, scene.org_id, Act.visit_opened, by=by, subject=scene.visit.id, at=now)


def _sit_down(scene: Scene, person: Participant, now: datetime) -> None:
    if person.state == ParticipantState.invited:
        scene.step(person, "open", now=now)
    elif person.state == ParticipantState.left:
        scene.step(person, "come_back", now=now)
    elif may(person.state, "lose"):
        scene.step(person, "lose", now=now)
    person.opened_at = person.opened_at or now
