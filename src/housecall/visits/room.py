"""The room: who enters and leaves it, who is there, and what the report counts of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, short_id
from housecall.visits import store
from housecall.visits.desk import Desk
from housecall.visits.errors import MeetingIsElsewhere, RoomFull, VisitOver
from housecall.visits.model import (
    IN_ROOM,
    OVER,
    STAFF,
    TAKING_PART,
    Asked,
    ParticipantRole,
    ParticipantState,
    VisitState,
    Wish,
    is_consult,
    may,
)
from housecall.visits.scene import Scene, lock_scene, read_scene
from housecall.visits.seats import open_visit
from housecall.visits.tables import Participant, Visit
from housecall.visits.telling import (
    Message,
    Peer,
    peers_for,
    tell_joined,
    tell_left,
    tell_patient,
    tell_replaced,
)
from housecall.visits.views import publish_scene

# Each has a place in the room that nobody else can take.
_BOTH_SIDES: Final = (ParticipantRole.patient, ParticipantRole.clinician)


@dataclass(frozen=True)
class RoomView:
    """Oneself and the others in the room, as ``{"peer", "role", "state"}``."""

    self_id: str
    peers: list[Peer]
    # The way to the service that holds the meeting, where it is not here.
    elsewhere: Message | None = None


async def join(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, user_ref: str, tab: str | None = None, by: By
) -> RoomView:
    """The clinician is in the room, in this tab and no other; again after a lost socket.

    Raises VisitOver or RoomFull.
    """
    now = desk.clock.now()
    scene = await lock_scene(work, org_id, visit_id)
    refuse_over(scene, now)
    if scene.is_elsewhere:
        raise MeetingIsElsewhere
    await open_visit(work, scene, now=now, by=by)
    person = scene.with_user(user_ref) or new_clinician(scene, work, user_ref, now)
    refuse_full(desk, scene, person)
    await note_came(desk, work, scene, person, now=now, by=by)
    if person.tab is not None and person.tab != tab:
        tell_replaced(desk, work, person, tab)
    person.tab, person.present, person.gone_since = tab, True, None
    scene.visit.hides_addresses = desk.meetings.capabilities.hides_addresses
    scene.touch()
    if person.state == ParticipantState.reconnecting:
        come_again(scene, person, now)
    elif may(person.state, "enter"):
        await enter(desk, work, scene, person, "enter", by=by)
    await publish_scene(desk, work, scene)
    return RoomView(person.id, peers_for(scene, person))


async def leave(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, user_ref: str, tab: str | None = None, by: By
) -> None:
    """The clinician is out of the room; the visit goes on. A tab that lost its place changes nothing."""
    scene = await lock_scene(work, org_id, visit_id)
    person = scene.with_user(user_ref)
    if person is None or not _holds(person, tab):
        return
    if await depart(desk, work, scene, person, now=desk.clock.now(), by=by):
        person.tab, person.present = None, False
        await publish_scene(desk, work, scene)


async def staff_gone(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, user_ref: str, tab: str | None = None
) -> None:
    """The clinician's socket is lost: they are reconnecting. Nothing if a newer tab holds the place."""
    scene = await lock_scene(work, org_id, visit_id)
    person = scene.with_user(user_ref)
    if person is None or not _holds(person, tab) or person.state not in IN_ROOM:
        return
    lose(scene, person, desk.clock.now())
    await publish_scene(desk, work, scene)


async def staff_back(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, user_ref: str, tab: str | None = None, by: By
) -> RoomView | None:
    """The clinician's socket is there again; None when they are not in this visit's room any more."""
    scene = await lock_scene(work, org_id, visit_id)
    person = scene.with_user(user_ref)
    if person is None or person.state not in TAKING_PART or scene.visit.state in OVER:
        return None
    return await join(desk, work, org_id, visit_id, user_ref=user_ref, tab=tab, by=by)


async def peers_of(work: Work, org_id: OrgId, visit_id: str, participant_id: str) -> list[Peer]:
    """The others in the room or called into it; raises VisitUnknown."""
    scene = await read_scene(work, org_id, await store.get_visit(work, org_id, visit_id))
    return peers_for(scene, scene.with_id(participant_id))


async def find_waiting_patient(work: Work, org_id: OrgId, visit_id: str) -> str | None:
    """The participant who waits in this visit's lobby, with a page that is there; None when nobody does."""
    visit = await store.get_visit(work, org_id, visit_id)
    if visit.state in OVER or is_consult(visit.appointment_ref):
        return None
    scene = await read_scene(work, org_id, visit)
    patient = scene.patient
    # A meeting of another service connects its own way.
    if scene.is_elsewhere:
        return None
    return patient.id if patient.state == ParticipantState.waiting and patient.present else None


async def enter(desk: Desk, work: Work, scene: Scene, person: Participant, verb: str, *, by: By) -> None:
    """The person is seen in the room, and the visit may have begun by it."""
    await appear(desk, work, scene, person, verb, by=by)
    visit = scene.visit
    visit.attendees_peak = max(visit.attendees_peak, len(scene.taking_part()))
    await note_beginning(work, scene, desk.clock.now())


async def appear(desk: Desk, work: Work, scene: Scene, person: Participant, verb: str, *, by: By) -> None:
    """The person is in the room: counted, recorded, told to the others unless they heard at admission."""
    now, was = desk.clock.now(), person.state
    is_new = person.first_connected_at is None
    scene.step(person, verb, now=now)
    person.first_connected_at = person.first_connected_at or now
    person.room_since = person.room_since or now
    person.left_at = None
    visit = scene.visit
    visit.attendees_total += int(is_new)
    if was != ParticipantState.admitted:
        tell_joined(desk, work, scene, person)
    await record(
        work, scene.org_id, Act.participant_joined, by=by, subject=visit.id, at=now, participant=person.id
    )


async def note_came(
    desk: Desk, work: Work, scene: Scene, person: Participant, *, now: datetime, by: By
) -> None:
    """A colleague who was asked is there: who was asked to take the visit over has it from now on."""
    if person.asked_state != Asked.asked:
        return
    person.asked_state, person.seen_at = Asked.came.value, person.seen_at or now
    scene.touch()
    if person.asked_to == Wish.take_over:
        scene.visit.handed_to = person.user_ref
        await record(work, scene.org_id, Act.visit_taken_over, by=by, subject=scene.visit.id, at=now)
        tell_patient(desk, work, scene)


async def note_beginning(work: Work, scene: Scene, now: datetime) -> None:
    """The visit began when a clinician and the patient were present for the first time; guests begin nothing.

    A consult began when two clinicians were: nobody is admitted to it.
    """
    roles = [ParticipantRole(one.role) for one in scene.people if one.state == ParticipantState.connected]
    staff = sum(role in STAFF for role in roles)
    has_met = staff > 1 if _is_consult(scene) else staff > 0 and ParticipantRole.patient in roles
    if scene.visit.began_at is not None or not has_met:
        return
    scene.visit.began_at = now
    if scene.visit.state == VisitState.open:
        scene.turn("begin")
    await note_begun(work, scene, now)


def _is_consult(scene: Scene) -> bool:
    return is_consult(scene.visit.appointment_ref)


async def note_begun(work: Work, scene: Scene, now: datetime) -> None:
    """That the visit began is on record."""
    by = By(Actor.system, "visits")
    await record(work, scene.org_id, Act.visit_begun, by=by, subject=scene.visit.id, at=now)


async def depart(
    desk: Desk,
    work: Work,
    scene: Scene,
    person: Participant,
    *,
    now: datetime,
    by: By,
    at: datetime | None = None,
) -> bool:
    """The person has left lobby or room, ``at`` that instant; False where there was nothing to leave."""
    if not may(person.state, "leave"):
        return False
    was_in_room = person.state in IN_ROOM
    scene.step(person, "leave", now=now)
    person.left_at = at or now
    count_stay(person, person.left_at)
    person.waiting_since = person.arrival_at = person.gone_since = None
    if was_in_room:
        tell_left(desk, work, scene, person)
    await record(
        work,
        scene.org_id,
        Act.participant_left,
        by=by,
        subject=scene.visit.id,
        at=now,
        participant=person.id,
    )
    return True


def rest(scene: Scene, person: Participant, now: datetime) -> bool:
    """Who came before the lobby opens, as to test their devices, is expected again; False for anybody else."""
    is_early = scene.window.is_early(now) and scene.visit.state != VisitState.in_progress
    if not is_early or not may(person.state, "rest"):
        return False
    scene.step(person, "rest", now=now)
    person.gone_since = None
    return True


def count_stay(person: Participant, until: datetime) -> None:
    """The person's time in the room up to that instant is counted, and they are in it no more."""
    if person.room_since is not None:
        person.room_s += max(0, round((until - person.room_since).total_seconds()))
        person.room_since = None


def lose(scene: Scene, person: Participant, now: datetime) -> None:
    """The person's socket is lost: gone for now, reconnecting if they were in a call.

    Whoever was sent to a meeting elsewhere has left our page for it: that says nothing about their being there.
    """
    person.present = False
    if scene.is_elsewhere and person.state in IN_ROOM:
        person.gone_since = None
        scene.touch()
        return
    person.gone_since = now if may(person.state, "leave") else None
    if may(person.state, "lose"):
        scene.step(person, "lose", now=now)
    scene.touch()


def come_again(scene: Scene, person: Participant, now: datetime) -> None:
    """The person's call goes on where it was."""
    scene.step(person, "return", now=now)
    person.reconnects += 1


def _holds(person: Participant, tab: str | None) -> bool:
    return tab is None or person.tab == tab


def refuse_over(scene: Scene, now: datetime) -> None:
    """Raises VisitOver for a visit in which nobody can come in any more."""
    visit: Visit = scene.visit
    if visit.state in OVER or (scene.window.is_past(now) and visit.state != VisitState.in_progress):
        raise VisitOver


def refuse_full(desk: Desk, scene: Scene, person: Participant) -> None:
    """Raises RoomFull where one more would not fit; the patient's place and one clinician's are kept."""
    there = {one.id: one for one in scene.people if one.state in IN_ROOM} | {person.id: person}
    roles = [one.role for one in there.values()]
    wanted = (ParticipantRole.clinician,) if _is_consult(scene) else _BOTH_SIDES
    kept = sum(role.value not in roles for role in wanted)
    can = scene.can if scene.is_elsewhere else desk.meetings.capabilities
    if len(roles) + kept > can.most_people:
        raise RoomFull


def new_clinician(scene: Scene, work: Work, user_ref: str, now: datetime) -> Participant:
    """The clinician has a part in the visit, which they have not taken up yet."""
    person = new_participant(scene.visit, role=ParticipantRole.clinician, now=now, user_ref=user_ref)
    work.session.add(person)
    scene.people.append(person)
    return person


def new_participant(
    visit: Visit,
    *,
    role: ParticipantRole,
    now: datetime,
    seat_id: str | None = None,
    user_ref: str | None = None,
) -> Participant:
    """A part in the visit that nobody has taken up yet."""
    return Participant(
        id=short_id("p"),
        org_id=visit.org_id,
        visit_id=visit.id,
        seat_id=seat_id,
        user_ref=user_ref,
        role=role.value,
        state=ParticipantState.invited.value,
        since=now,
        present=False,
        reconnects=0,
        room_s=0,
        created_at=now,
    )
