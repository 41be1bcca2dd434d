"""A visit's life as the schedule tells it: made, moved, cancelled, missed, begun again."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.ehr.base import Appointment
from housecall.kit.ids import OrgId, short_id
from housecall.messaging.replies import forget_repliers
from housecall.tenancy.tables import Connection, Department
from housecall.visits import store
from housecall.visits.departments import find_home
from housecall.visits.desk import Desk
from housecall.visits.errors import AppointmentWithoutStart, RestartTooLate, VisitOver
from housecall.visits.guests import expect_again, expect_guests
from housecall.visits.meetings import look_again, want_meeting
from housecall.visits.model import (
    GUESTS,
    IN_ROOM,
    LIVE,
    LobbyWord,
    ParticipantRole,
    ParticipantState,
    VisitState,
    WriteKind,
)
from housecall.visits.room import depart, new_participant
from housecall.visits.scene import Scene, lock_scene
from housecall.visits.seats import ensure_patient_seat, open_visit, revoke_seat, rotate_seat
from housecall.visits.store_guests import forget_addresses
from housecall.visits.tables import Seat, Visit
from housecall.visits.telling import tell, tell_seat, tell_state
from housecall.visits.topics import staff_topic
from housecall.visits.views import View, publish_view, publish_visit
from housecall.visits.writing import stop, want

_FEED: Final = By(Actor.system, "visits")
# What an appointment without an end is taken to last.
_USUAL_LENGTH: Final = timedelta(minutes=30)
_THERE: Final = IN_ROOM | {ParticipantState.waiting}


@dataclass(frozen=True)
class Plan:
    """What the schedule says of a visit."""

    connection_id: str
    appointment_ref: str
    appointment_version: str
    starts_at: datetime
    ends_at: datetime
    clinician_ref: str | None
    location_ref: str | None
    department_id: str | None


def _new_visit(desk: Desk, org_id: OrgId, plan: Plan, *, ordinal: int, revision: int) -> Visit:
    return Visit(
        **asdict(plan),
        id=short_id("v"),
        org_id=org_id,
        ordinal=ordinal,
        state=VisitState.scheduled.value,
        attendees_total=0,
        attendees_peak=0,
        hides_addresses=desk.meetings.capabilities.hides_addresses,
        revision=revision,
        created_at=desk.clock.now(),
    )


async def create_visit(
    desk: Desk, work: Work, org_id: OrgId, connection: Connection, appointment: Appointment
) -> Visit:
    """A visit stands on the appointment, with a seat for the patient who is invited to it.

    A live one that is there already is answered as it is; after one that is over comes the next ordinal.
    Raises AppointmentWithoutStart.
    """
    if appointment.start is None:
        raise AppointmentWithoutStart
    await store.lock_appointment(work, org_id, connection.id, appointment.ref)
    newest = await store.find_newest_visit(work, org_id, connection.id, appointment.ref)
    if newest is not None and newest.state in LIVE:
        return newest
    now = desk.clock.now()
    home = await find_home(work, connection, appointment)
    plan = _planned(connection, appointment, appointment.start, home)
    visit = _new_visit(desk, org_id, plan, ordinal=newest.ordinal + 1 if newest else 1, revision=1)
    work.session.add(visit)
    await work.session.flush()
    seat = await ensure_patient_seat(desk, work, org_id, connection, appointment.ref)
    work.session.add(new_participant(visit, role=ParticipantRole.patient, now=now, seat_id=seat.id))
    await expect_guests(work, org_id, visit, now=now)
    await work.session.flush()
    await record(work, org_id, Act.visit_found, by=_FEED, subject=visit.id, at=now, ordinal=visit.ordinal)
    await want(desk, work, connection, visit, WriteKind.links)
    await want_meeting(desk, work, connection, visit)
    await publish_visit(desk, work, org_id, visit)
    return visit


async def create_consult(desk: Desk, work: Work, org_id: OrgId, plan: Plan, *, by: By) -> Visit:
    """A visit without a patient stands, in a room of ours whatever the connection's visits are held in."""
    visit = _new_visit(desk, org_id, plan, ordinal=1, revision=1)
    work.session.add(visit)
    await work.session.flush()
    await record(work, org_id, Act.consult_begun, by=by, subject=visit.id, at=desk.clock.now())
    await publish_visit(desk, work, org_id, visit)
    return visit


def _planned(
    connection: Connection, appointment: Appointment, start: datetime, home: Department | None
) -> Plan:
    return Plan(
        connection_id=connection.id,
        appointment_ref=appointment.ref,
        appointment_version=appointment.version,
        starts_at=start,
        ends_at=appointment.end or start + _USUAL_LENGTH,
        clinician_ref=appointment.practitioners[0] if appointment.practitioners else None,
        location_ref=appointment.locations[0] if appointment.locations else None,
        department_id=home.id if home is not None else None,
    )


async def cancel_visit(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By, reason: str) -> Visit:
    """The visit is off and its link dead; a visit in progress goes on, one that is over stays as it is."""
    scene = await lock_scene(work, org_id, visit_id)
    if scene.visit.state not in (VisitState.scheduled, VisitState.open):
        return scene.visit
    now = desk.clock.now()
    scene.turn("cancel")
    scene.visit.end_reason = reason
    for seat in scene.seats.values():
        revoke_seat(seat, because=LobbyWord.cancelled.value, now=now)
    await empty(desk, work, scene, now=now, by=by, reason="cancelled")
    await stop(work, org_id, visit_id)
    await look_again(desk, work, scene.visit)
    await record(work, org_id, Act.visit_cancelled, by=by, subject=visit_id, at=now, reason=reason)
    await publish_visit(desk, work, org_id, scene.visit)
    return scene.visit


async def move_visit_time(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, start: datetime, end: datetime, *, by: By
) -> Visit:
    """The visit is planned anew; with another start the old link is dead and a new one invites the patient.

    A visit in progress keeps its link and its people. Raises VisitOver for one that ended or was cancelled.
    """
    scene = await lock_scene(work, org_id, visit_id)
    visit = scene.visit
    if visit.state in (VisitState.ended, VisitState.cancelled):
        raise VisitOver
    if (visit.starts_at, visit.ends_at) == (start, end):
        return visit
    now, was = desk.clock.now(), visit.starts_at
    visit.starts_at, visit.ends_at = start, end
    if was != start:
        # What was confirmed was the other time.
        visit.confirmed_at = None
    if visit.state == VisitState.no_show:
        scene.turn("open")
        visit.end_reason = None
    if visit.state != VisitState.in_progress and was != start:
        await _invite_again(desk, work, scene, now=now, by=by)
    scene.touch()
    await record(work, org_id, Act.visit_moved, by=by, subject=visit_id, at=now)
    await want(desk, work, scene.connection, visit, WriteKind.links)
    await look_again(desk, work, visit)
    await publish_visit(desk, work, org_id, visit)
    return visit


async def _invite_again(desk: Desk, work: Work, scene: Scene, *, now: datetime, by: By) -> None:
    await expect_again(desk, work, scene, now=now, by=by)
    person = scene.patient
    old = scene.seat_of(person)
    if old is None:
        return
    fresh = await rotate_seat(desk, work, scene.org_id, old, because=LobbyWord.moved.value)
    scene.seats[fresh.id] = fresh
    if person.state == ParticipantState.invited:
        person.seat_id = fresh.id
        return
    await depart(desk, work, scene, person, now=now, by=by)
    # Who waited for the earlier time did not come to the later one: the report starts over.
    person.first_waiting_at = person.waiting_since = person.arrival_at = None
    scene.visit.message_key = scene.visit.message_at = None
    again = new_participant(scene.visit, role=ParticipantRole(person.role), now=now, seat_id=fresh.id)
    again.device = person.device
    work.session.add(again)
    scene.people.append(again)
    scene.touch()
    tell_seat(desk, work, scene, old, topic_of=person)
    tell(desk, work, person, {"type": "over", "reason": "moved"})


async def mark_no_show(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> Visit:
    """The EHR says that nobody came; a visit that began, is over or has people there stays as it is."""
    scene = await lock_scene(work, org_id, visit_id)
    is_there = any(one.present and one.state in _THERE and one.role not in GUESTS for one in scene.people)
    if scene.visit.state in (VisitState.scheduled, VisitState.open) and not is_there:
        await miss(desk, work, scene, by=by)
    return scene.visit


async def miss(desk: Desk, work: Work, scene: Scene, *, by: By) -> None:
    """The locked visit is a no-show."""
    now = desk.clock.now()
    scene.turn("miss")
    scene.visit.end_reason = "no_show"
    # Within the window the patient may still come, and nobody told them that it is over.
    reason = "ended" if scene.window.is_past(now) else None
    await empty(desk, work, scene, now=now, by=by, reason=reason)
    await record(work, scene.org_id, Act.visit_no_show, by=by, subject=scene.visit.id, at=now)
    await publish_visit(desk, work, scene.org_id, scene.visit)


async def empty(desk: Desk, work: Work, scene: Scene, *, now: datetime, by: By, reason: str | None) -> None:
    """Everybody has left the visit; with a reason all hear that it is over, and languages are forgotten.

    Guests' numbers and addresses, too, unless they are still to be told that the visit is off.
    """
    for person in scene.people:
        await depart(desk, work, scene, person, now=now, by=by)
    if reason == "ended":
        await forget_addresses(work, scene.org_id, scene.seats)
    if reason is not None:
        visit = scene.visit
        await work.session.flush()
        await store.forget_languages(work, scene.org_id, visit.connection_id, visit.appointment_ref)
        await forget_repliers(work, scene.org_id, [visit.id])
    for person in scene.people:
        tell_state(desk, work, scene, person)
        if reason is not None:
            tell(desk, work, person, {"type": "over", "reason": reason})


async def restart_visit(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, by: By) -> View:
    """A visit that ended by a slip goes on as a new one, on the same link; answers the new one's snapshot.

    Pressed again it answers the same. Raises RestartTooLate past the window, VisitOver if it never ended.
    """
    # The appointment before the visit, as the feed does, so that the two never wait for each other.
    named = await store.get_visit(work, org_id, visit_id)
    await store.lock_appointment(work, org_id, named.connection_id, named.appointment_ref)
    scene = await lock_scene(work, org_id, visit_id)
    old, now = scene.visit, desk.clock.now()
    newest = await store.find_newest_visit(work, org_id, old.connection_id, old.appointment_ref)
    if newest is not None and newest.ordinal > old.ordinal and newest.state in LIVE:
        return await publish_visit(desk, work, org_id, newest)
    if old.state != VisitState.ended or newest is None or newest.ordinal != old.ordinal:
        raise VisitOver
    if scene.window.is_past(now):
        raise RestartTooLate
    again = await _again(desk, work, scene, now=now, by=by)
    await record(work, org_id, Act.visit_opened, by=by, subject=again.visit.id, at=now, restarted=old.id)
    view = await publish_visit(desk, work, org_id, again.visit)
    # Panels still listen to the visit that ended, too.
    publish_view(desk, work, view, topic=staff_topic(old.id))
    await publish_visit(desk, work, org_id, old)
    _reseat(desk, work, scene, again)
    return view


def _reseat(desk: Desk, work: Work, old: Scene, again: Scene) -> None:
    """Pages that still listen to the visit which ended learn where it goes on."""
    for person in again.people:
        was, seat = old.on_seat(person.seat_id or ""), again.seat_of(person)
        if was is None or seat is None:
            continue
        tell(desk, work, was, {"type": "reseated", "participant": person.id})
        tell_seat(desk, work, again, seat, topic_of=was)


async def _again(desk: Desk, work: Work, scene: Scene, *, now: datetime, by: By) -> Scene:
    old, patient = scene.visit, scene.patient
    plan = Plan(
        connection_id=old.connection_id,
        appointment_ref=old.appointment_ref,
        appointment_version=old.appointment_version,
        starts_at=old.starts_at,
        ends_at=old.ends_at,
        clinician_ref=old.clinician_ref,
        location_ref=old.location_ref,
        department_id=old.department_id,
    )
    # The revision goes on counting, so that a page that knew the ended visit takes the new state for newer.
    visit = _new_visit(desk, scene.org_id, plan, ordinal=old.ordinal + 1, revision=old.revision + 1)
    visit.handed_to = old.handed_to
    work.session.add(visit)
    await work.session.flush()
    person = new_participant(visit, role=ParticipantRole.patient, now=now, seat_id=patient.seat_id)
    person.device = patient.device
    work.session.add(person)
    guests = await expect_guests(work, scene.org_id, visit, now=now)
    await want_meeting(desk, work, scene.connection, visit)
    seats: dict[str, Seat] = dict(scene.seats)
    again = Scene(
        visit=visit,
        connection=scene.connection,
        people=[person, *guests],
        seats=seats,
        department=scene.department,
    )
    await open_visit(work, again, now=now, by=by)
    return again
