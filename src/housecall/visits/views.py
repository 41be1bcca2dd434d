"""What the panel is shown of a visit: a whole snapshot, without a name in it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings.registry import capabilities_of
from housecall.messaging.service import newest_messages
from housecall.messaging.tables import Message
from housecall.tenancy.store import get_connection
from housecall.visits import presence, store, store_guests, store_meetings
from housecall.visits.desk import Desk
from housecall.visits.knowing import EVERYTHING, is_guest_in_lobby, told_of
from housecall.visits.model import STAFF, Asked, ParticipantState, VisitState, is_consult
from housecall.visits.scene import Scene, current_patient, is_expected, visit_window
from housecall.visits.tables import Participant, Seat, Visit
from housecall.visits.tables_meetings import VisitMeeting
from housecall.visits.topics import staff_topic, worklist_topic
from housecall.visits.writing import want_presence

View = dict[str, Any]
People = Sequence[tuple[Participant, Seat | None]]
# Of a room of ours nothing has to be told.
_TOLD_ALL: Final[View] = {"told": EVERYTHING.how_much.value, "told_at": None, "guest_in_lobby": False}


async def visit_view(work: Work, org_id: OrgId, visit: Visit, *, now: datetime | None = None) -> View:
    """The visit's snapshot. Without ``now`` one past its window may still say that it can be restarted."""
    return (await visit_views(work, org_id, [visit], now=now))[0]


async def visit_views(
    work: Work, org_id: OrgId, visits: Collection[Visit], *, now: datetime | None = None
) -> list[View]:
    """The visits' snapshots in their order; the number of queries does not grow with them."""
    await work.session.flush()
    people: dict[str, list[tuple[Participant, Seat | None]]] = {visit.id: [] for visit in visits}
    for person, seat in await store.list_people(work, org_id, list(people)):
        people[person.visit_id].append((person, seat))
    elsewhere = [one.id for one in visits if capabilities_of(one.meeting_service).tells_roster]
    meetings = await store_meetings.list_meetings(work, org_id, elsewhere) if elsewhere else []
    return await _draw_all(work, org_id, visits, people, now, meetings)


async def _draw_all(
    work: Work,
    org_id: OrgId,
    visits: Collection[Visit],
    people: Mapping[str, People],
    now: datetime | None,
    meetings: Sequence[VisitMeeting],
) -> list[View]:
    # What is written to a guest is about their seat, what is written to the patient about the visit.
    guests = [seat.id for all_ in people.values() for one, seat in all_ if seat and is_expected(one, seat)]
    messages = await newest_messages(work, org_id, [*(visit.id for visit in visits), *guests])
    restartable = await _restartable(work, org_id, visits, now)
    held = {row.visit_id: _meeting_told(row, now) for row in meetings}
    return [
        draw(
            visit,
            people[visit.id],
            messages,
            can_restart=visit.id in restartable,
            told=held.get(visit.id, _TOLD_ALL),
        )
        for visit in visits
    ]


async def publish_visit(desk: Desk, work: Work, org_id: OrgId, visit: Visit) -> View:
    """Every panel that shows the visit gets its snapshot once this work is committed; answers it."""
    view = await visit_view(work, org_id, visit, now=desk.clock.now())
    connection = await get_connection(work, org_id, visit.connection_id)
    if presence.is_on(connection):
        people = [person for person, _ in await store.list_people(work, org_id, [visit.id])]
        await want_presence(desk, work, connection, visit, people)
    _publish(desk, work, visit, view)
    return view


async def publish_scene(desk: Desk, work: Work, scene: Scene) -> View:
    """As ``publish_visit``, of a visit whose people are at hand: nobody adds to them while it is locked."""
    people = [(person, scene.seat_of(person)) for person in scene.people]
    meetings = [scene.meeting] if scene.meeting is not None else []
    drawn = await _draw_all(
        work, scene.org_id, [scene.visit], {scene.visit.id: people}, desk.clock.now(), meetings
    )
    if presence.is_on(scene.connection):
        await want_presence(desk, work, scene.connection, scene.visit, scene.people)
    _publish(desk, work, scene.visit, drawn[0])
    return drawn[0]


def _publish(desk: Desk, work: Work, visit: Visit, view: View) -> None:
    publish_view(desk, work, view, topic=staff_topic(visit.id))
    asked = [one["user"] for one in view["others"] if one["asked"] and one["asked"]["state"] == Asked.asked]
    listed = {"type": "listed", "visit": view, "of": owners(visit, asked)}
    topic = worklist_topic(visit.connection_id)
    work.after_commit(lambda: desk.hub.publish(topic, listed))


def owners(visit: Visit, asked: Collection[str]) -> View:
    """Whose the visit is, as lists of the day ask: EHR ids, which never reach a patient's page."""
    return {"clinician": visit.holder, "location": visit.location_ref, "asked": sorted(asked)}


def publish_view(desk: Desk, work: Work, view: View, *, topic: str) -> None:
    """The snapshot goes to ``topic`` once this work is committed."""
    work.after_commit(lambda: desk.hub.publish(topic, {"type": "visit", "visit": view}))


async def publish_message_change(desk: Desk, work: Work, org_id: OrgId, subject_ref: str) -> None:
    """A message about the visit or a guest of it went further: panels get a snapshot. Else it is not ours."""
    visit = await store.find_visit(work, org_id, subject_ref)
    visit = visit or await store_guests.find_visit_of_seat(work, org_id, subject_ref)
    if visit is not None:
        await publish_visit(desk, work, org_id, visit)


async def _restartable(
    work: Work, org_id: OrgId, visits: Collection[Visit], now: datetime | None
) -> set[str]:
    ended = [
        visit for visit in visits if visit.state == VisitState.ended and not is_consult(visit.appointment_ref)
    ]
    if not ended:
        return set()
    keys = {(visit.connection_id, visit.appointment_ref) for visit in ended}
    newest = await store.find_newest_ordinals(work, org_id, keys)
    found = set()
    for visit in ended:
        connection = await get_connection(work, org_id, visit.connection_id)
        is_past = now is not None and visit_window(visit, connection).is_past(now)
        if newest[visit.connection_id, visit.appointment_ref] == visit.ordinal and not is_past:
            found.add(visit.id)
    return found


def draw(
    visit: Visit, people: People, messages: Mapping[str, Message], *, can_restart: bool, told: View
) -> View:
    """The snapshot as JSON values."""
    consult = is_consult(visit.appointment_ref)
    return {
        "visit": visit.id,
        "rev": visit.revision,
        "state": visit.state,
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "ordinal": visit.ordinal,
        "can_restart": can_restart,
        "is_consult": consult,
        "patient": _nobody(visit) if consult else _patient(current_patient(people), messages.get(visit.id)),
        "others": [_other(person) for person, _ in people if person.role in STAFF],
        "guests": [
            _guest(person, seat, messages.get(seat.id))
            for person, seat in people
            if seat is not None and is_expected(person, seat)
        ],
        "handed_to": visit.handed_to,
        "attendees": visit.attendees_total,
        "protected": visit.hides_addresses,
        "hold_message": visit.message_key,
        "confirmed_at": stamp(visit.confirmed_at),
        "meeting": _meeting(visit) | told,
    }


def _meeting(visit: Visit) -> View:
    can = capabilities_of(visit.meeting_service)
    return {
        "service": visit.meeting_service,
        "is_ready": visit.meeting_is_ready,
        "is_in_page": can.is_in_page,
        "can_admit": can.can_admit,
        "can_hold": can.can_hold,
        "can_send_back": can.can_send_back,
        "hides_clinician": can.hides_clinician,
        # Why it is not held where its connection's visits are held.
        "fault": visit.meeting_fault,
    }


def _meeting_told(row: VisitMeeting, now: datetime | None) -> View:
    told = told_of(row, now)
    return {
        "told": told.how_much.value,
        "told_at": stamp(told.at),
        "guest_in_lobby": is_guest_in_lobby(row),
    }


def _patient(person: Participant, message: Message | None) -> View:
    return {
        "participant": person.id,
        "state": person.state,
        "since": person.since.isoformat(),
        "waiting_since": stamp(person.waiting_since),
        "first_waiting_at": stamp(person.first_waiting_at),
        "present": person.present,
        "gone_since": stamp(person.gone_since),
        "text_me": person.text_me_at is not None and person.state == ParticipantState.waiting,
        "called_at": stamp(person.called_at),
        "device": person.device,
        "message": _message(message) if message is not None else None,
        "arrival": _arrival(person),
    }


def _nobody(visit: Visit) -> View:
    """In a consult there is no patient, and its snapshot has the same form."""
    empty = dict.fromkeys(
        ("waiting_since", "first_waiting_at", "gone_since", "called_at", "device", "message", "arrival")
    )
    since = visit.created_at.isoformat()
    there = {"participant": "", "state": "invited", "since": since, "present": False, "text_me": False}
    return {**there, **empty}


def _guest(person: Participant, seat: Seat, message: Message | None) -> View:
    return {
        "participant": person.id,
        "role": person.role,
        # Forgotten with the visit's end.
        "language": seat.language,
        "state": person.state,
        "since": person.since.isoformat(),
        "waiting_since": stamp(person.waiting_since),
        "present": person.present,
        "gone_since": stamp(person.gone_since),
        "device": person.device,
        "message": _message(message) if message is not None else None,
        "arrival": _arrival(person),
    }


def _arrival(person: Participant) -> View | None:
    if person.arrival_at is None:
        return None
    return {"at": person.arrival_at.isoformat(), "acknowledged": person.acknowledged_at is not None}


def _other(person: Participant) -> View:
    state = ParticipantState(person.state).value
    return {
        "participant": person.id,
        "role": person.role,
        "state": state,
        "user": person.user_ref or "",
        "asked": _asking(person),
    }


def _asking(person: Participant) -> View | None:
    if person.asked_at is None:
        return None
    return {
        "to": person.asked_to,
        "state": person.asked_state,
        "by": person.asked_by,
        "at": person.asked_at.isoformat(),
        "seen": person.seen_at is not None,
    }


def _message(message: Message) -> View:
    at = (
        message.delivered_at
        or message.failed_at
        or message.accepted_at
        or message.queued_at
        or message.created_at
    )
    return {
        "kind": message.kind,
        "channel": message.channel,
        "state": message.state,
        "reason": message.reason,
        "at": at.isoformat(),
    }


def stamp(at: datetime | None) -> str | None:
    """ISO 8601, or None."""
    return at.isoformat() if at is not None else None
