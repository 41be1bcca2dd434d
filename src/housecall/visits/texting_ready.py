"""Waiting elsewhere: the patient leaves the page, keeps the place, and is texted when it is their turn."""

import uuid
from datetime import datetime

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import service as messages
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.recipients import Due, Hold, Later, Suppress
from housecall.messaging.replies import refusal_hashes
from housecall.messaging.store import is_refused
from housecall.visits.desk import Desk
from housecall.visits.errors import CannotBeTexted, NotWaiting, VisitOver
from housecall.visits.model import GUESTS, OVER, ParticipantState
from housecall.visits.recipients import VisitRecipients
from housecall.visits.scene import Scene, lock_scene, lock_scene_of_seat
from housecall.visits.tables import Participant
from housecall.visits.telling import Message, tell_seat
from housecall.visits.views import View, publish_scene


async def ask_for_text(desk: Desk, database: Database, org_id: OrgId, seat_id: str) -> Message:
    """The waiting patient will be texted and may leave the page; answers their state.

    Whether they can be is looked up now, since they stop watching the page. Raises NotWaiting, CannotBeTexted.
    """
    async with database.work() as work:
        scene, _ = await lock_scene_of_seat(work, org_id, seat_id)
        _waiting(scene, seat_id)
        visit_id, connection_id = scene.visit.id, scene.connection.id
    await _refuse_unreachable(desk, database, org_id, connection_id, visit_id)
    async with database.work() as work:
        return await _set(desk, work, org_id, seat_id, wanted=True)


async def drop_text(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> Message:
    """The patient stays on the page after all; answers their state. Raises NotWaiting."""
    return await _set(desk, work, org_id, seat_id, wanted=False)


async def _set(desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, wanted: bool) -> Message:
    scene, seat = await lock_scene_of_seat(work, org_id, seat_id)
    person, now = _waiting(scene, seat_id), desk.clock.now()
    if (person.text_me_at is not None) != wanted:
        person.text_me_at, person.called_at = (now if wanted else None), None
        scene.touch()
        act = Act.text_me_asked if wanted else Act.text_me_dropped
        by = By(Actor.patient, person.id)
        await record(work, org_id, act, by=by, subject=scene.visit.id, at=now, participant=person.id)
        await publish_scene(desk, work, scene)
    return tell_seat(desk, work, scene, seat)


def _waiting(scene: Scene, seat_id: str) -> Participant:
    person = scene.on_seat(seat_id)
    if person is None or person.state != ParticipantState.waiting or scene.visit.state in OVER:
        raise NotWaiting
    if person.role in GUESTS:
        # Whom to text is read from the patient's record, and guests have none.
        raise CannotBeTexted("not_the_patient")
    return person


async def _refuse_unreachable(
    desk: Desk, database: Database, org_id: OrgId, connection_id: str, visit_id: str
) -> None:
    due = Due(
        id=uuid.uuid4(),
        org_id=org_id,
        connection_id=connection_id,
        subject_ref=visit_id,
        kind=MessageKind.ready,
        instant="",
        channel=Channel.sms,
    )
    outcome = (await VisitRecipients(desk, database).resolve([due])).get(due.id)
    if outcome is None or isinstance(outcome, Later | Hold):
        raise CannotBeTexted("ehr_away")
    if isinstance(outcome, Suppress):
        raise CannotBeTexted(outcome.reason)
    async with database.work() as work:
        for hash_ in refusal_hashes(desk.sealer, number=outcome.number, sent_from=outcome.texts_from):
            if await is_refused(work, org_id, hash_):
                raise CannotBeTexted("stopped")


async def call_in(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The patient who waits elsewhere is texted that it is their turn; answers the visit's snapshot.

    Raises VisitOver, or NotWaiting for one who does not wait or did not ask. Pressed again it is another text.
    """
    scene = await lock_scene(work, org_id, visit_id)
    if scene.visit.state in OVER:
        raise VisitOver
    person, now = scene.patient, desk.clock.now()
    if person.state != ParticipantState.waiting or person.text_me_at is None:
        raise NotWaiting
    await messages.send_now(
        work,
        org_id,
        connection_id=scene.connection.id,
        subject_ref=visit_id,
        kind=MessageKind.ready,
        now=now,
        requested_by=by,
    )
    person.called_at = now
    scene.touch()
    await record(work, org_id, Act.patient_called, by=by, subject=visit_id, at=now, participant=person.id)
    return await publish_scene(desk, work, scene)


def note_return(person: Participant, now: datetime) -> None:
    """Whoever was called in is here again: staff are alerted as at an arrival, and nobody is texted any more."""
    if person.state != ParticipantState.waiting or person.called_at is None:
        return
    person.text_me_at = person.called_at = None
    person.arrival_at, person.acknowledged_at, person.acknowledged_by = now, None, None
