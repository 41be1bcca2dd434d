"""Who a service says is in its meeting: taken over into the visit's states, as far as it can be known who is who.

Colleagues are known by their id in the directory. Guests carry no mark of ours, so that a guest counts as the patient,
and only once staff have let the patient in here. States follow from all that was told so far (``whereabouts.py``), so
that it does not matter in which order it was.
"""

from datetime import timedelta
from typing import Final

from housecall.audit.model import Actor, By
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings.base import RosterEvent, RosterKind, Stay
from housecall.tenancy.store_people import find_users
from housecall.visits.desk import Desk
from housecall.visits.model import IN_ROOM, OVER, ParticipantRole, ParticipantState, may
from housecall.visits.room import appear, depart, new_clinician, note_begun
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.telling import tell_state
from housecall.visits.views import publish_scene
from housecall.visits.whereabouts import Whereabouts, first_together, is_there, most_at_once

_TEAMS: Final = By(Actor.system, "meetings")
# The service's clock may be a little behind ours.
_LEEWAY: Final = timedelta(seconds=5)


async def hear_roster(desk: Desk, work: Work, org_id: OrgId, visit_id: str, event: RosterEvent) -> None:
    """The visit's people are where the service says they are; of a visit that is over nothing is taken over."""
    scene = await lock_scene(work, org_id, visit_id)
    row = scene.meeting
    if row is None or scene.visit.state in OVER:
        return
    known = Whereabouts.read(row.roster).after(event)
    row.roster = known.keep()
    if event.kind is RosterKind.ended:
        # Whatever was missed, nobody is there any more. Before that a notice says only what it is about.
        row.doubtful_since = None
    stays = known.stays()
    await _place_staff(desk, work, scene, stays, is_over=known.is_over)
    await _place_patient(desk, work, scene, stays, is_over=known.is_over)
    await _count(desk, work, scene, stays)
    scene.touch()
    await publish_scene(desk, work, scene)


async def _place_patient(desk: Desk, work: Work, scene: Scene, stays: list[Stay], *, is_over: bool) -> None:
    person = scene.patient
    guests = [stay for stay in stays if stay.user is None]
    is_in = any(is_there(stay) for stay in guests)
    # Heard of when they had left again already: they were in all the same.
    was_in = any(stay.left >= person.since - _LEEWAY for stay in guests)
    if person.state == ParticipantState.admitted and was_in:
        await appear(desk, work, scene, person, "join", by=_TEAMS)
    elif person.state == ParticipantState.left and person.admitted_at is not None and is_in:
        await appear(desk, work, scene, person, "enter", by=_TEAMS)
    elif person.state != ParticipantState.connected or is_in:
        return
    if not is_in and (guests or is_over):
        await depart(desk, work, scene, person, now=desk.clock.now(), by=_TEAMS)
    tell_state(desk, work, scene, person)


async def _place_staff(desk: Desk, work: Work, scene: Scene, stays: list[Stay], *, is_over: bool) -> None:
    users = {stay.user for stay in stays if stay.user is not None}
    known = await find_users(work, scene.org_id, scene.connection.id, users)
    # Somebody whom no clinician of the EHR stands for is a colleague all the same.
    refs = {user: known.get(user) or f"directory/{user}" for user in users}
    there = {refs[stay.user] for stay in stays if stay.user is not None and is_there(stay)}
    told_of = set(refs.values())
    for user_ref in sorted(told_of):
        person = scene.with_user(user_ref) or new_clinician(scene, work, user_ref, desk.clock.now())
        is_new = person.first_connected_at is None
        if may(person.state, "enter") and (user_ref in there or is_new):
            await appear(desk, work, scene, person, "enter", by=_TEAMS)
    for person in scene.people:
        is_inside = person.role == ParticipantRole.clinician and person.state in IN_ROOM
        # Who pressed to go there while nothing was told is there, until something is told of them.
        if is_inside and person.user_ref not in there and (is_over or person.user_ref in told_of):
            await depart(desk, work, scene, person, now=desk.clock.now(), by=_TEAMS)


async def _count(desk: Desk, work: Work, scene: Scene, stays: list[Stay]) -> None:
    """The beginning and the most at once are those of all that was told, unless presses counted before."""
    row, visit, admitted_at = scene.meeting, scene.visit, scene.patient.admitted_at
    assert row is not None
    if visit.began_at != row.began_at:
        return
    visit.attendees_peak = most_at_once(stays)
    if admitted_at is None:
        return
    was, row.began_at = row.began_at, first_together(stays, since=admitted_at - _LEEWAY)
    visit.began_at = row.began_at
    if was is None and row.began_at is not None:
        await note_begun(work, scene, desk.clock.now())
