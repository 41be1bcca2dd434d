"""What staff do where the meeting is held elsewhere: go there, or hold the visit in a room of ours after all."""

from typing import Any

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits.desk import Desk
from housecall.visits.errors import MeetingIsHere
from housecall.visits.meetings import give_up
from housecall.visits.model import IN_ROOM, may
from housecall.visits.room import depart, enter, new_clinician, note_came, refuse_over
from housecall.visits.scene import lock_scene, tells_roster
from housecall.visits.seats import open_visit
from housecall.visits.telling import tell_state
from housecall.visits.views import View, publish_scene
from housecall.visits.ways import get_ways

CHOSEN_BY_STAFF = "visits.chosen_by_staff"


async def go_there(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, user_ref: str, by: By
) -> dict[str, Any]:
    """The ways into the meeting for this clinician; they count as in it once the service says so.

    Where the service tells nothing they count at once. Raises VisitOver, MeetingNotReady or MeetingIsHere.
    """
    now = desk.clock.now()
    scene = await lock_scene(work, org_id, visit_id)
    refuse_over(scene, now)
    if not scene.is_elsewhere:
        raise MeetingIsHere
    ways = get_ways(desk, scene.meeting)
    await open_visit(work, scene, now=now, by=by)
    person = scene.with_user(user_ref) or new_clinician(scene, work, user_ref, now)
    await note_came(desk, work, scene, person, now=now, by=by)
    if not tells_roster(scene, now) and may(person.state, "enter"):
        await enter(desk, work, scene, person, "enter", by=by)
    scene.touch()
    await record(work, org_id, Act.meeting_entered, by=by, subject=visit_id, at=now)
    view = await publish_scene(desk, work, scene)
    return {"web": ways.staff_url, "app": ways.app_url, "visit": view}


async def hold_here(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """The visit is held in a room of ours from now on; whoever was sent elsewhere comes back by the same link."""
    scene = await lock_scene(work, org_id, visit_id)
    refuse_over(scene, desk.clock.now())
    row = scene.meeting
    if row is None:
        return await publish_scene(desk, work, scene)
    for person in scene.people:
        if person.state in IN_ROOM:
            await depart(desk, work, scene, person, now=desk.clock.now(), by=by)
            tell_state(desk, work, scene, person)
    await give_up(desk, work, scene, row, fault=CHOSEN_BY_STAFF, by=by)
    return await publish_scene(desk, work, scene)
