"""A visit's meeting with another service: wanted with the visit, made and kept in line by durable jobs.

Whatever changes a visit only says that its meeting is to be looked at. The job reads what is true by then, does the
one next thing (``meeting_steps.py``), asking the service outside of any transaction, and writes down what came of it.
"""

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId, hash_token, short_id
from housecall.meetings.base import OWN_ROOMS, Following, FollowingNews, MadeMeeting, MeetingBackend
from housecall.meetings.errors import MeetingNotThere, MeetingUnavailable
from housecall.meetings.registry import capabilities_of
from housecall.tenancy.tables import Connection
from housecall.visits import store_meetings
from housecall.visits.afterwards import read_attendance, read_quality
from housecall.visits.departments import terms_for
from housecall.visits.desk import Desk
from housecall.visits.knowing import EVERYTHING, Told, told_of
from housecall.visits.meeting_steps import (
    MeetingState,
    Standing,
    Step,
    deadline_of,
    follow_until,
    next_look,
    next_step,
)
from housecall.visits.model import OVER, VisitState
from housecall.visits.organisers import find_organiser, plan_of
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.tables import Visit
from housecall.visits.tables_meetings import VisitMeeting
from housecall.visits.views import publish_scene
from housecall.visits.ways import seal_ways, ways_of

log = logging.getLogger(__name__)

TEND_MEETING: Final = "visits.tend_meeting"
SERVICE: Final = By(Actor.system, "meetings")
# Near enough to be renewed now, and long enough for that to be tried again.
_ENDS_SOON: Final = timedelta(minutes=10)
# However late it is: a service that is well has made a meeting by then.
_LAST_TRY: Final = timedelta(seconds=5)


def service_of(desk: Desk, connection: Connection, service: str) -> MeetingBackend:
    """The service of that name, as the connection has it."""
    return desk.meetings if service == OWN_ROOMS else desk.services.of(connection)


async def want_meeting(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """The new visit is held where its department's or connection's are; a meeting is on its way if one is needed."""
    service = (await terms_for(work, connection, visit)).meeting_service
    if not capabilities_of(service).needs_meeting:
        return
    now = desk.clock.now()
    visit.meeting_service, visit.meeting_is_ready = service, False
    visit.hides_addresses = capabilities_of(service).hides_addresses
    work.session.add(
        VisitMeeting(
            visit_id=visit.id,
            org_id=visit.org_id,
            service=service,
            external_id=short_id("x", 32),
            state=MeetingState.wanted.value,
            wanted_at=now,
            deadline_at=deadline_of(visit.starts_at, now),
            attempts=0,
            look_at=now,
            roster={},
        )
    )
    await work.session.flush()
    await enqueue(work, OrgId(visit.org_id), visit.id)


async def look_again(desk: Desk, work: Work, visit: Visit) -> None:
    """Something about the visit changed: its meeting is looked at soon, if it has one."""
    org_id = OrgId(visit.org_id)
    row = await store_meetings.find_meeting(work, org_id, visit.id)
    if row is not None:
        row.look_at = desk.clock.now()
        row.deadline_at = deadline_of(visit.starts_at, desk.clock.now())
        await enqueue(work, org_id, visit.id)


async def enqueue(work: Work, org_id: OrgId, visit_id: str) -> None:
    """A job that looks after the meeting: one waits at most, and one runs at a time for each visit."""
    name = f"meeting:{visit_id}"
    await work.enqueue(TEND_MEETING, queueing_lock=name, lock=name, org_id=str(org_id), visit_id=visit_id)


@dataclass(frozen=True)
class _Task:
    """The one thing to do, and what was true when that was decided."""

    step: Step
    stands: Standing
    scene: Scene
    row: VisitMeeting
    backend: MeetingBackend
    made: MadeMeeting | None
    now: datetime

    @property
    def visit(self) -> Visit:
        return self.scene.visit


async def tend_meeting(desk: Desk, database: Database, org_id: OrgId, visit_id: str) -> None:
    """One step for the meeting; what failed is noted with when to try again."""
    task = await _take_up(desk, database, org_id, visit_id)
    if task is None:
        return
    try:
        await _do(desk, database, org_id, task)
    except HousecallError as fault:
        await _note_fault(desk, database, org_id, task, fault)


async def _take_up(desk: Desk, database: Database, org_id: OrgId, visit_id: str) -> _Task | None:
    now = desk.clock.now()
    async with database.work() as work:
        scene = await lock_scene(work, org_id, visit_id)
        row = await store_meetings.find_meeting(work, org_id, visit_id)
        if row is None:
            return None
        stands = standing_of(scene, row)
        step = next_step(stands, now)
        if step is Step.give_up:
            await give_up(desk, work, scene, row, fault=row.last_error or "meetings.unavailable", by=SERVICE)
            return None
        row.look_at = next_look(stands, now)
        if scene.visit.state in OVER:
            # Who was there when is not needed any more: what counts of it is in the visit's own row.
            row.roster = {}
        if step is Step.rest:
            return None
        backend = service_of(desk, scene.connection, row.service)
        return _Task(step, stands, scene, row, backend, ways_of(desk, row), now)


def standing_of(scene: Scene, row: VisitMeeting) -> Standing:
    """What decides about the next step."""
    visit = scene.visit
    return Standing(
        visit_state=VisitState(visit.state),
        is_held_there=visit.meeting_service == row.service,
        window=scene.window,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        ended_at=visit.ended_at,
        clinician_ref=visit.clinician_ref,
        state=MeetingState(row.state),
        is_made=row.ways_sealed is not None,
        told=(row.starts_at, row.ends_at, row.clinician_ref),
        deadline_at=row.deadline_at,
        attempts=row.attempts,
        can_follow=capabilities_of(row.service).tells_roster,
        following_until=row.following_until,
        is_doubtful=row.doubtful_since is not None,
        attendance_read=row.attendance_at is not None,
        quality_read=row.quality_at is not None,
    )


async def _do(desk: Desk, database: Database, org_id: OrgId, task: _Task) -> None:
    made = task.made
    match task.step:
        case Step.make | Step.change:
            await _make(desk, database, org_id, task)
        case Step.remove:
            assert made is not None
            await task.backend.remove(made)
            await _note_removed(desk, database, org_id, task)
        case Step.follow | Step.renew:
            assert made is not None
            await _follow(desk, database, org_id, task, made)
        case Step.attendance | Step.recover:
            assert made is not None
            held = await task.backend.attendance(made)
            await read_attendance(desk, database, org_id, task.visit.id, held)
        case Step.quality:
            assert made is not None
            began = task.visit.began_at or task.visit.opened_at or task.visit.starts_at
            streams = await task.backend.quality(made, began=began)
            await read_quality(desk, database, org_id, task.visit.id, streams)


async def _make(desk: Desk, database: Database, org_id: OrgId, task: _Task) -> None:
    # A service that is slow in each of several answers must not keep a visit waiting beyond its deadline.
    within = max(task.row.deadline_at - task.now, _LAST_TRY) if task.step is Step.make else None
    try:
        async with asyncio.timeout(within.total_seconds() if within is not None else None):
            made = await _ask_for_meeting(desk, database, task)
    except TimeoutError:
        raise MeetingUnavailable from None
    await _note_made(desk, database, org_id, task, made)


async def _ask_for_meeting(desk: Desk, database: Database, task: _Task) -> MadeMeeting:
    organiser = await find_organiser(desk, database, task.scene.connection, task.visit, task.backend)
    known = task.made
    if known is not None and known.organiser != organiser:
        # Another clinician's meeting is another meeting: the old one must not stay open.
        await task.backend.remove(known)
        known = None
    plan = plan_of(task.scene.connection, task.visit, task.row.external_id, organiser)
    return await task.backend.ensure(plan, known)


async def _note_made(desk: Desk, database: Database, org_id: OrgId, task: _Task, made: MadeMeeting) -> None:
    now, visit = desk.clock.now(), task.visit
    async with database.work() as work:
        scene = await lock_scene(work, org_id, visit.id)
        row = await store_meetings.find_meeting(work, org_id, visit.id)
        assert row is not None
        is_new = task.made is None or task.made.id != made.id
        row.ways_sealed = seal_ways(desk, row, made)
        row.state, row.attempts, row.last_error = MeetingState.made.value, 0, None
        # What the service was told, which the visit may not be any more: then it is looked at again at once.
        row.starts_at, row.ends_at, row.clinician_ref = visit.starts_at, visit.ends_at, visit.clinician_ref
        if is_new:
            row.following_id = row.following_until = row.following_hash = None
        row.look_at = now
        await enqueue(work, org_id, visit.id)
        if scene.visit.meeting_service == row.service and not scene.visit.meeting_is_ready:
            scene.visit.meeting_is_ready = True
            scene.touch()
        if is_new:
            await record(
                work, org_id, Act.meeting_made, by=SERVICE, subject=visit.id, at=now, service=row.service
            )
        await publish_scene(desk, work, scene)


async def _note_removed(desk: Desk, database: Database, org_id: OrgId, task: _Task) -> None:
    async with database.work() as work:
        await lock_scene(work, org_id, task.visit.id)
        row = await store_meetings.find_meeting(work, org_id, task.visit.id)
        assert row is not None
        row.state, row.ways_sealed, row.roster, row.look_at = MeetingState.gone.value, None, {}, None
        row.following_id = row.following_until = row.following_hash = None
        at = desk.clock.now()
        await record(
            work, org_id, Act.meeting_removed, by=SERVICE, subject=task.visit.id, at=at, service=row.service
        )


async def _follow(desk: Desk, database: Database, org_id: OrgId, task: _Task, made: MadeMeeting) -> None:
    until = follow_until(task.stands, task.now)
    secret, known = secrets.token_urlsafe(24), task.row.following_id
    following: Following | None = None
    if known is not None:
        try:
            following = await task.backend.go_on_following(Following(known, task.now), until=until)
        except MeetingNotThere:
            following = None
    is_new = following is None
    if following is None:
        hook = f"{desk.public_url}/hooks/meetings"
        following = await task.backend.follow(made, until=until, hook=hook, secret=secret)
    async with database.work() as work:
        scene = await lock_scene(work, org_id, task.visit.id)
        row = await store_meetings.find_meeting(work, org_id, task.visit.id)
        assert row is not None
        before = told_of(row, task.now)
        if is_new and before != EVERYTHING and scene.visit.opened_at is not None:
            # Whatever happened until now was told to nobody.
            row.doubtful_since = desk.clock.now()
        row.following_id, row.following_until, row.attempts = following.id, following.until, 0
        row.last_error = None
        if is_new:
            row.following_hash = hash_token(secret)
        row.look_at = next_look(standing_of(scene, row), desk.clock.now())
        await _show(desk, work, scene, before)


async def _note_fault(
    desk: Desk, database: Database, org_id: OrgId, task: _Task, fault: HousecallError
) -> None:
    names = {"visit": task.visit.id, "step": task.step.value, "code": fault.code}
    log.warning("A meeting service could not be brought in line with a visit.", extra=names)
    async with database.work() as work:
        scene = await lock_scene(work, org_id, task.visit.id)
        row = await store_meetings.find_meeting(work, org_id, task.visit.id)
        assert row is not None
        now = desk.clock.now()
        before = told_of(row, task.now)
        row.attempts += 1
        row.last_error = fault.code
        wait = getattr(fault, "retry_after", None)
        look = next_look(standing_of(scene, row), now)
        row.look_at = max(look, now + wait) if look is not None and wait is not None else look
        if MeetingState(row.state) is MeetingState.wanted and row.look_at is not None:
            # Not to be waited for beyond the time at which the visit moves.
            row.look_at = min(row.look_at, max(row.deadline_at, now))
        await _show(desk, work, scene, before)


async def _show(desk: Desk, work: Work, scene: Scene, before: Told) -> None:
    """Panels say so where more or less is told of who is in the meeting than before."""
    row = scene.meeting
    if row is not None and scene.visit.state not in OVER and told_of(row, desk.clock.now()) != before:
        scene.touch()
        await publish_scene(desk, work, scene)


async def hear_of_following(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, news: FollowingNews
) -> None:
    """The promise is renewed, asked for anew, or what it missed is looked for: by the meeting's own job."""
    now = desk.clock.now()
    scene = await lock_scene(work, org_id, visit_id)
    row = scene.meeting
    if row is None:
        return
    before = told_of(row, now)
    match news:
        case FollowingNews.ends_soon:
            # Renewing authorises again as well: as if it ended soon. Until then it still holds.
            row.following_until = min(row.following_until or now, now + _ENDS_SOON)
        case FollowingNews.ended:
            row.following_id = row.following_until = None
            row.doubtful_since = now
        case FollowingNews.missed:
            row.doubtful_since = now
    row.look_at = now
    await _show(desk, work, scene, before)
    await enqueue(work, org_id, visit_id)


async def give_up(desk: Desk, work: Work, scene: Scene, row: VisitMeeting, *, fault: str, by: By) -> None:
    """The visit is held in a room of ours instead; its links stay, and the panel says why."""
    now, visit = desk.clock.now(), scene.visit
    visit.meeting_service, visit.meeting_is_ready, visit.meeting_fault = OWN_ROOMS, True, fault
    visit.hides_addresses = desk.meetings.capabilities.hides_addresses
    scene.meeting = None
    row.roster = {}
    # Made or half made, it must not stay open.
    row.look_at = now
    scene.touch()
    await record(work, scene.org_id, Act.meeting_given_up, by=by, subject=visit.id, at=now, fault=fault)
    await enqueue(work, scene.org_id, visit.id)
    await publish_scene(desk, work, scene)
