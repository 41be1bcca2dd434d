"""What a service reports of a meeting once it is over, written into the visit's own row, where the reports read."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.kit.ids import OrgId
from housecall.meetings.base import Attendance, StreamQuality
from housecall.meetings.quality import judge
from housecall.visits import store_meetings
from housecall.visits.desk import Desk
from housecall.visits.model import ParticipantRole, VisitState
from housecall.visits.room import depart
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.tables_meetings import StreamMeasure
from housecall.visits.views import publish_scene
from housecall.visits.whereabouts import first_together, most_at_once

_REPORTER: Final = By(Actor.system, "meetings")
# A meeting may be begun a little before the visit was, as its organiser's clock has it.
_LEEWAY: Final = timedelta(minutes=10)
# How far the service's clock may be behind ours.
_CLOCKS_APART: Final = timedelta(minutes=1)


async def read_attendance(
    desk: Desk, database: Database, org_id: OrgId, visit_id: str, held: Sequence[Attendance]
) -> None:
    """The visit has the times and numbers of the report; nothing changes while there is none.

    Of a visit that is not over only this is taken: who the report says has left, has left.
    """
    now = desk.clock.now()
    async with database.work() as work:
        scene = await lock_scene(work, org_id, visit_id)
        row = await store_meetings.find_meeting(work, org_id, visit_id)
        ours = [one for one in held if _is_of(scene, one)]
        if row is None or not ours:
            return
        if row.doubtful_since is not None and ours[-1].ended >= row.doubtful_since - _CLOCKS_APART:
            row.doubtful_since = None
        if scene.visit.state == VisitState.ended:
            _take_times(scene, ours)
            # The call record may be there as well: it is looked for at once.
            row.attendance_at = row.look_at = now
        else:
            for person in scene.people:
                if not person.present and person.since <= ours[-1].ended:
                    await depart(desk, work, scene, person, now=now, by=_REPORTER, at=ours[-1].ended)
        scene.touch()
        await record(
            work, org_id, Act.meeting_reported, by=_REPORTER, subject=visit_id, at=now, kind="attendance"
        )
        await publish_scene(desk, work, scene)


def _is_of(scene: Scene, held: Attendance) -> bool:
    opened = scene.visit.opened_at or scene.visit.starts_at
    return held.ended >= opened - _LEEWAY


def _take_times(scene: Scene, held: Sequence[Attendance]) -> None:
    stays = [stay for one in held for stay in one.stays]
    visit = scene.visit
    if not stays:
        return
    began = first_together(stays)
    if began is not None:
        visit.began_at = began
        visit.ended_at = max(stay.left for stay in stays)
    visit.attendees_total = len({stay.user for stay in stays if stay.user}) + min(
        sum(stay.user is None for stay in stays), max(1, _guests(scene))
    )
    visit.attendees_peak = most_at_once(stays)
    guests = [stay.joined for stay in stays if stay.user is None]
    patient = scene.patient
    if guests and patient.first_connected_at is None:
        patient.first_connected_at = min(guests)


def _guests(scene: Scene) -> int:
    return sum(person.role != ParticipantRole.clinician for person in scene.people)


async def read_quality(
    desk: Desk, database: Database, org_id: OrgId, visit_id: str, streams: Sequence[StreamQuality] | None
) -> None:
    """The visit has the record's measures with what the rules say of them; nothing changes while there is none."""
    if streams is None:
        return
    now = desk.clock.now()
    async with database.work() as work:
        await lock_scene(work, org_id, visit_id)
        row = await store_meetings.find_meeting(work, org_id, visit_id)
        if row is None:
            return
        measures = [
            StreamMeasure(visit_id=visit_id, org_id=org_id, verdict=judge(one).value, **_values(one))
            for one in streams
        ]
        await store_meetings.replace_measures(work, org_id, visit_id, measures)
        row.quality_at, row.look_at = now, None
        await record(
            work, org_id, Act.meeting_reported, by=_REPORTER, subject=visit_id, at=now, kind="quality"
        )


def _values(stream: StreamQuality) -> dict[str, float | str | None]:
    return asdict(stream) | {"side": stream.side.value, "kind": stream.kind.value}
