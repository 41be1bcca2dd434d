"""Colleagues asked to a visit: to take it over, or to join it. What is kept of them is their EHR id.

Whoever holds the visit keeps it until the other has taken it, so that a colleague who never comes loses nobody. The
patient hears that a colleague will see them, and nothing of who.
"""

from datetime import datetime

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import PractitionerRef
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.visits.access import tokens_of
from housecall.visits.desk import Desk
from housecall.visits.errors import ColleagueIsOneself, ColleagueNotAsked, TransferUnderWay, VisitOver
from housecall.visits.model import OVER, Asked, Wish
from housecall.visits.room import new_clinician, note_came, refuse_over
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.store import get_visit
from housecall.visits.tables import Launch, Participant
from housecall.visits.telling import tell_patient
from housecall.visits.views import View, publish_scene
from housecall.visits.without_ehr import ACCOUNT


async def ask(desk: Desk, database: Database, launch: Launch, visit_id: str, *, to: str, wish: Wish) -> View:
    """The colleague has the visit on their list with an alert; asked once more, they are alerted once more.

    They are looked up in the EHR as the person who launched. Raises ClinicianGone or another EhrError,
    ColleagueIsOneself, TransferUnderWay or VisitOver.
    """
    org_id, by = OrgId(launch.org_id), By(Actor.clinician, launch.user_ref or "")
    if to == launch.user_ref:
        raise ColleagueIsOneself
    async with database.work() as work:
        visit = await get_visit(work, org_id, visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
    tokens = await tokens_of(desk, database, launch)
    found = await desk.ehr.client(connection).read_clinician(PractitionerRef(to), tokens=tokens)
    async with database.work() as work:
        scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
        refuse_over(scene, now)
        person = scene.with_user(found.ref) or new_clinician(scene, work, found.ref, now)
        under_way = scene.successor
        if wish is Wish.take_over and under_way is not None and under_way is not person:
            raise TransferUnderWay
        person.asked_to, person.asked_state, person.asked_by = wish.value, Asked.asked.value, by.ref
        person.asked_at, person.seen_at = now, None
        return await _done(desk, work, scene, Act.colleague_asked, person, now=now, by=by, wish=wish.value)


async def withdraw(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, who: str, by: By) -> View:
    """The colleague is not asked any more; raises ColleagueNotAsked where they came, or were never asked."""
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    person = scene.with_id(who)
    if person.asked_state == Asked.withdrawn:
        return await publish_scene(desk, work, scene)
    _settle(person, Asked.withdrawn)
    return await _done(desk, work, scene, Act.colleague_withdrawn, person, now=now, by=by)


async def decline(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """Whoever was asked cannot come; the visit stays with whoever has it."""
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    person = _asked(scene, by)
    _settle(person, Asked.declined)
    return await _done(desk, work, scene, Act.colleague_declined, person, now=now, by=by)


async def see(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The alert is off at whoever was asked, and the one who asked sees that it was seen."""
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    person = _asked(scene, by)
    if person.seen_at is not None:
        return await publish_scene(desk, work, scene)
    person.seen_at = now
    return await _done(desk, work, scene, Act.colleague_seen, person, now=now, by=by)


async def take_over(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The visit is the colleague's who was asked to take it; pressed again it answers the same.

    Who came by the organisation's account is not known to the EHR: the visit is then the one's who was asked.
    Raises ColleagueNotAsked or VisitOver.
    """
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    if scene.visit.state in OVER:
        raise VisitOver
    if scene.visit.handed_to == by.ref and scene.successor is None:
        return await publish_scene(desk, work, scene)
    person = _asked(scene, by, wish=Wish.take_over)
    await note_came(desk, work, scene, person, now=now, by=by)
    return await publish_scene(desk, work, scene)


async def _done(
    desk: Desk,
    work: Work,
    scene: Scene,
    act: Act,
    person: Participant,
    *,
    now: datetime,
    by: By,
    **detail: str,
) -> View:
    scene.touch()
    await record(
        work, scene.org_id, act, by=by, subject=scene.visit.id, at=now, participant=person.id, **detail
    )
    tell_patient(desk, work, scene)
    await work.session.flush()
    return await publish_scene(desk, work, scene)


def _settle(person: Participant, how: Asked) -> None:
    if person.asked_state != Asked.asked:
        raise ColleagueNotAsked
    person.asked_state = how.value


def _asked(scene: Scene, by: By, *, wish: Wish | None = None) -> Participant:
    person = scene.successor if by.ref.startswith(ACCOUNT) else scene.with_user(by.ref)
    if person is None or person.asked_state != Asked.asked or (wish and person.asked_to != wish):
        raise ColleagueNotAsked
    return person
