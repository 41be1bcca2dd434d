"""Who a service says is in its meeting: taken over into the visit's states, as far as it can be known who is who.

Colleagues are known by their id in the directory. Guests carry no mark of ours, so that a guest counts as the patient,
and only once staff have let the patient in here.
"""

from typing import Any, Final

from housecall.audit.model import Actor, By
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings.base import Attendee, RosterEvent, RosterKind
from housecall.tenancy.store_people import find_users
from housecall.visits.desk import Desk
from housecall.visits.model import IN_ROOM, OVER, ParticipantRole, ParticipantState, may
from housecall.visits.room import depart, enter, new_participant
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.tables import Participant
from housecall.visits.telling import tell_state
from housecall.visits.views import publish_scene

_TEAMS: Final = By(Actor.system, "meetings")
Roster = dict[str, Any]


async def hear_roster(desk: Desk, work: Work, org_id: OrgId, visit_id: str, event: RosterEvent) -> None:
    """The visit's people are where the service says they are; of a visit that is over nothing is taken over."""
    scene = await lock_scene(work, org_id, visit_id)
    row = scene.meeting
    if row is None or scene.visit.state in OVER:
        return
    # A new object each time: a changed one in place would not be written.
    row.roster = {} if event.kind is RosterKind.ended else _after(row.roster, event.people)
    row.is_doubtful = False
    await _place_staff(desk, work, scene, row.roster)
    await _place_patient(desk, work, scene, row.roster)
    scene.touch()
    await publish_scene(desk, work, scene)


def _after(roster: Roster, people: tuple[Attendee, ...]) -> Roster:
    gone = {one.key for one in people if one.is_gone}
    here = {one.key: [one.user, one.is_in_lobby] for one in people if not one.is_gone}
    return {key: value for key, value in {**roster, **here}.items() if key not in gone}


async def _place_patient(desk: Desk, work: Work, scene: Scene, roster: Roster) -> None:
    person, now = scene.patient, desk.clock.now()
    is_in = any(user is None and not lobby for user, lobby in roster.values())
    if is_in and person.state == ParticipantState.admitted:
        await enter(desk, work, scene, person, "join", by=_TEAMS)
    elif is_in and person.state == ParticipantState.left and person.admitted_at is not None:
        await enter(desk, work, scene, person, "enter", by=_TEAMS)
    elif not is_in and person.state == ParticipantState.connected:
        await depart(desk, work, scene, person, now=now, by=_TEAMS)
    else:
        return
    tell_state(desk, work, scene, person)


async def _place_staff(desk: Desk, work: Work, scene: Scene, roster: Roster) -> None:
    users = {user for user, lobby in roster.values() if user is not None and not lobby}
    known = await find_users(work, scene.org_id, scene.connection.id, users)
    # Somebody whom no clinician of the EHR stands for is a colleague all the same.
    there = {known.get(user) or f"directory/{user}" for user in users}
    for user_ref in sorted(there):
        person = scene.with_user(user_ref) or _new_colleague(scene, work, user_ref, desk)
        if may(person.state, "enter"):
            await enter(desk, work, scene, person, "enter", by=_TEAMS)
    for person in scene.people:
        is_staff = person.role == ParticipantRole.clinician and person.state in IN_ROOM
        if is_staff and person.user_ref not in there:
            await depart(desk, work, scene, person, now=desk.clock.now(), by=_TEAMS)


def _new_colleague(scene: Scene, work: Work, user_ref: str, desk: Desk) -> Participant:
    person = new_participant(
        scene.visit, role=ParticipantRole.clinician, now=desk.clock.now(), user_ref=user_ref
    )
    work.session.add(person)
    scene.people.append(person)
    return person


def in_lobby(roster: Roster) -> int:
    """How many wait at the service's own door."""
    return sum(bool(lobby) for _, lobby in roster.values())
