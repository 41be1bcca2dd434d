"""What staff do with a visit. Each act answers the visit's snapshot; pressing twice does it once.

``who`` is the guest it is about, an interpreter or a relative, by their participant's id; without it, the patient.
"""

from datetime import datetime
from typing import Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits import life
from housecall.visits.desk import Desk
from housecall.visits.errors import MeetingIsElsewhere, VisitOver
from housecall.visits.meetings import look_again
from housecall.visits.model import GUESTS, IN_ROOM, OVER, ParticipantState, VisitState
from housecall.visits.room import count_stay, note_beginning, refuse_full
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.seats import open_visit
from housecall.visits.tables import Participant
from housecall.visits.telling import tell_admitted, tell_joined, tell_left, tell_state
from housecall.visits.views import View, publish_scene
from housecall.visits.words import check_key

restart_visit: Final = life.restart_visit

# An act on a guest has a word of its own: who reads the log asks of the patient first.
_OF_GUESTS: Final = {
    Act.patient_admitted: Act.guest_admitted,
    Act.patient_declined: Act.guest_declined,
    Act.patient_held: Act.guest_sent_back,
}


async def admit(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, who: str | None = None
) -> View:
    """Whoever waits is let in; with the patient the visit is in progress. One on hold is taken off hold.

    Where the meeting is held elsewhere they are sent there. Raises VisitOver, MeetingNotReady, RoomFull, or
    IllegalParticipantMove for somebody who does not wait.
    """
    scene, person, now = await _scene(desk, work, org_id, visit_id, who)
    if person.state == ParticipantState.held:
        return await _resume(desk, work, scene, person, now=now, by=by)
    if person.state in IN_ROOM:
        return await publish_scene(desk, work, scene)
    refuse_full(desk, scene, person)
    scene.step(person, "admit", now=now)
    await _note_admission(work, scene, person, now=now, by=by)
    if not scene.is_elsewhere:
        scene.visit.hides_addresses = desk.meetings.capabilities.hides_addresses
    await _record(work, scene, Act.patient_admitted, person, now=now, by=by)
    # The room first: the patient's page offers at once, and who does not know them would not hear it.
    tell_joined(desk, work, scene, person)
    tell_state(desk, work, scene, person)
    tell_admitted(desk, work, scene, person)
    return await publish_scene(desk, work, scene)


async def _note_admission(work: Work, scene: Scene, person: Participant, *, now: datetime, by: By) -> None:
    person.admitted_at = person.admitted_at or now
    person.waiting_since = None
    # Whoever lets somebody in has seen them arrive.
    _acknowledge(person, now=now, by=by)
    if person.role in GUESTS:
        # An interpreter may be spoken to before the patient comes: the visit is open, and no more than that.
        await open_visit(work, scene, now=now, by=by)
        return
    visit = scene.visit
    if visit.state == VisitState.open:
        scene.turn("begin")
    if visit.lobby_wait_s is None and person.first_waiting_at is not None:
        visit.lobby_wait_s = round((now - person.first_waiting_at).total_seconds())
    visit.message_key = visit.message_at = None


async def decline(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, who: str | None = None
) -> View:
    """Whoever waits is not let in; they may ask again."""
    scene, person, now = await _scene(desk, work, org_id, visit_id, who)
    if person.state == ParticipantState.declined:
        return await publish_scene(desk, work, scene)
    scene.step(person, "decline", now=now)
    person.waiting_since = None
    _acknowledge(person, now=now, by=by)
    return await _done(desk, work, scene, Act.patient_declined, person, now=now, by=by)


async def hold(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The patient is on hold: in the visit, but nobody sees or hears them."""
    scene, person, now = await _scene(desk, work, org_id, visit_id)
    if person.state == ParticipantState.held:
        return await publish_scene(desk, work, scene)
    if not scene.can.can_hold:
        raise MeetingIsElsewhere
    scene.step(person, "hold", now=now)
    return await _done(desk, work, scene, Act.patient_held, person, now=now, by=by)


async def resume(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The patient is off hold."""
    scene, person, now = await _scene(desk, work, org_id, visit_id)
    if person.state in IN_ROOM and person.state != ParticipantState.held:
        return await publish_scene(desk, work, scene)
    return await _resume(desk, work, scene, person, now=now, by=by)


async def _resume(
    desk: Desk, work: Work, scene: Scene, person: Participant, *, now: datetime, by: By
) -> View:
    scene.step(person, "resume", now=now)
    if not person.present:
        scene.step(person, "lose", now=now)
    await note_beginning(work, scene, now)
    await _record(work, scene, Act.patient_admitted, person, now=now, by=by)
    tell_state(desk, work, scene, person)
    tell_admitted(desk, work, scene, person)
    return await publish_scene(desk, work, scene)


async def send_back(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, who: str | None = None
) -> View:
    """They wait in the lobby again, out of the room."""
    scene, person, now = await _scene(desk, work, org_id, visit_id, who)
    if person.state == ParticipantState.waiting:
        return await publish_scene(desk, work, scene)
    if not scene.can.can_send_back:
        raise MeetingIsElsewhere
    scene.step(person, "send_back", now=now)
    person.waiting_since = now
    count_stay(person, now)
    tell_left(desk, work, scene, person)
    return await _done(desk, work, scene, Act.patient_held, person, now=now, by=by, sent_back=True)


async def end_visit(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, reason: str = "ended"
) -> View:
    """The visit is over for everybody in it."""
    now = desk.clock.now()
    scene = await lock_scene(work, org_id, visit_id)
    if scene.visit.state != VisitState.ended:
        await finish(desk, work, scene, now=now, at=now, by=by, reason=reason)
    return await publish_scene(desk, work, scene)


async def finish(
    desk: Desk, work: Work, scene: Scene, *, now: datetime, at: datetime, by: By, reason: str
) -> None:
    """The locked visit ended ``at`` that instant."""
    scene.turn("end")
    scene.visit.ended_at, scene.visit.end_reason = at, reason
    scene.visit.message_key = scene.visit.message_at = None
    await life.empty(desk, work, scene, now=now, by=by, reason="ended")
    await look_again(desk, work, scene.visit)
    await record(work, scene.org_id, Act.visit_ended, by=by, subject=scene.visit.id, at=now, reason=reason)


async def acknowledge_arrival(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, who: str | None = None
) -> View:
    """The alert about the arrival is off; the first to press is written down."""
    scene = await lock_scene(work, org_id, visit_id)
    person, now = scene.guest(who) if who else scene.patient, desk.clock.now()
    if person.arrival_at is not None and person.acknowledged_at is None:
        _acknowledge(person, now=now, by=by)
        scene.touch()
        await _record(work, scene, Act.arrival_acknowledged, person, now=now, by=by)
    return await publish_scene(desk, work, scene)


async def message_waiting(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, text_key: str, by: By
) -> View:
    """Whoever waits reads this word of the clinic's in their language; raises WordUnknown."""
    scene, person, now = await _scene(desk, work, org_id, visit_id)
    scene.visit.message_key, scene.visit.message_at = check_key(text_key), now
    scene.touch()
    return await _done(desk, work, scene, Act.message_requested, person, now=now, by=by, key=text_key)


async def _scene(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, who: str | None = None
) -> tuple[Scene, Participant, datetime]:
    scene = await lock_scene(work, org_id, visit_id)
    if scene.visit.state in OVER:
        raise VisitOver
    return scene, scene.guest(who) if who else scene.patient, desk.clock.now()


async def _done(
    desk: Desk,
    work: Work,
    scene: Scene,
    act: Act,
    person: Participant,
    *,
    now: datetime,
    by: By,
    **detail: str | bool,
) -> View:
    await _record(work, scene, act, person, now=now, by=by, **detail)
    tell_state(desk, work, scene, person)
    return await publish_scene(desk, work, scene)


async def _record(
    work: Work,
    scene: Scene,
    act: Act,
    person: Participant,
    *,
    now: datetime,
    by: By,
    **detail: str | bool,
) -> None:
    if person.role in GUESTS:
        act = _OF_GUESTS.get(act, act)
    await record(
        work, scene.org_id, act, by=by, subject=scene.visit.id, at=now, participant=person.id, **detail
    )


def _acknowledge(person: Participant, *, now: datetime, by: By) -> None:
    if person.arrival_at is not None and person.acknowledged_at is None:
        person.acknowledged_at, person.acknowledged_by = now, by.ref
