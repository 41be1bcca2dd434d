"""What people are told when something changed: composed in the act, sent once it stands."""

from datetime import datetime
from typing import Any

from housecall.db.work import Work
from housecall.tenancy.terms import may_text_in
from housecall.visits.desk import Desk
from housecall.visits.model import GUESTS, IN_ROOM, OVER, LobbyWord, ParticipantState, VisitState, is_consult
from housecall.visits.scene import Scene
from housecall.visits.tables import Participant, Seat
from housecall.visits.topics import participant_topic, room_topic
from housecall.visits.views import stamp
from housecall.visits.ways import get_ways
from housecall.visits.words import say

Message = dict[str, Any]
Peer = dict[str, str]


def state_message(scene: Scene, seat: Seat, *, now: datetime) -> Message:
    """The patient's own state and nothing else: not who is in the room, nor whether anybody is."""
    visit, person = scene.visit, scene.on_seat(seat.id)
    word = scene.word(seat, now)
    # A link that died with its visit goes on saying so, whatever was booked in its place.
    is_cancelled = word is LobbyWord.cancelled
    waits = person is not None and person.state == ParticipantState.waiting
    return {
        "type": "state",
        "seat": seat.id,
        "rev": visit.revision,
        "visit_state": VisitState.cancelled.value if is_cancelled else visit.state,
        "state": person.state if person is not None else ParticipantState.left.value,
        "lobby": word.value if word is not None else None,
        "waiting_since": stamp(person.waiting_since) if waits and person is not None else None,
        "starts_at": visit.starts_at.isoformat(),
        "opens_at": scene.window.opens_at.isoformat(),
        "server_now": now.isoformat(),
        "message": _clinic_word(scene, seat) if waits else None,
        # Whether a text can be asked for at all; whether this person can be texted is looked up when they ask.
        "can_text": waits
        and seat.role not in GUESTS
        and may_text_in(scene.connection, scene.department) is None,
        "texting": waits and person is not None and person.text_me_at is not None,
        "handing": seat.role not in GUESTS and _is_handed(scene, person),
    }


def _is_handed(scene: Scene, person: Participant | None) -> bool:
    """Whether a colleague will see the patient: asked to take over, or having taken over and not met them yet."""
    if person is None or scene.visit.state in OVER:
        return False
    is_theirs = scene.visit.handed_to is not None and person.admitted_at is None
    return scene.successor is not None or is_theirs


def _clinic_word(scene: Scene, seat: Seat) -> Message | None:
    visit = scene.visit
    if visit.message_key is None or visit.message_at is None:
        return None
    # The key as well: the reader may have chosen another language on the page.
    text = say(visit.message_key, seat.language)
    return {"key": visit.message_key, "text": text, "at": visit.message_at.isoformat()}


def tell_seat(
    desk: Desk, work: Work, scene: Scene, seat: Seat, *, topic_of: Participant | None = None
) -> Message:
    """Whoever sits on the seat hears their state; answers it. ``topic_of``: heard on that person's topic."""
    message = state_message(scene, seat, now=desk.clock.now())
    person = topic_of or scene.on_seat(seat.id)
    if person is not None:
        tell(desk, work, person, message)
    return message


def tell_state(desk: Desk, work: Work, scene: Scene, person: Participant) -> None:
    """The person hears their state; staff see it in the visit's snapshot instead."""
    seat = scene.seat_of(person)
    if seat is not None:
        tell_seat(desk, work, scene, seat)


def tell_patient(desk: Desk, work: Work, scene: Scene) -> None:
    """The patient hears their state; a consult has none."""
    if not is_consult(scene.visit.appointment_ref):
        tell_state(desk, work, scene, scene.patient)


def tell(desk: Desk, work: Work, person: Participant, message: Message) -> None:
    """The person's pages get ``message`` once this work is committed."""
    topic = participant_topic(person.id)
    work.after_commit(lambda: desk.hub.publish(topic, message))


def tell_admitted(desk: Desk, work: Work, scene: Scene, person: Participant) -> None:
    """The person's page gets all it needs to enter the room, once they are admitted for good.

    Raises MeetingNotReady where the room is a meeting elsewhere that is not made yet.
    """
    if scene.is_elsewhere:
        tell(desk, work, person, elsewhere_message(desk, scene))
        return
    peers = peers_for(scene, person)
    person_id = person.id

    async def effect() -> None:
        # After the commit, because a meeting service may take its time and the visit is locked until then.
        message = await admitted_message(desk, person_id, peers)
        await desk.hub.publish(participant_topic(person_id), message)

    work.after_commit(effect)


async def admitted_message(desk: Desk, participant_id: str, peers: list[Peer]) -> Message:
    """What a page needs to enter the room; asks the meeting service, so call it outside of a unit of work."""
    details = await desk.meetings.join_details(participant_id)
    return {
        "type": "admitted",
        "self": participant_id,
        "ice_servers": details.ice_servers,
        "relay_only": details.relay_only,
        "peers": [{"peer": one["peer"], "role": one["role"]} for one in peers],
    }


def elsewhere_message(desk: Desk, scene: Scene) -> Message:
    """The way to the meeting for who was let in; raises MeetingNotReady."""
    ways = get_ways(desk, scene.meeting)
    return {
        "type": "elsewhere",
        "service": scene.visit.meeting_service,
        "url": ways.guest_url,
        # Whether that address never speaks of an app.
        "browser_only": ways.is_browser_only,
    }


def peers_for(scene: Scene, person: Participant) -> list[Peer]:
    """The others in the room or called into it, as ids, roles and states only."""
    return [
        {"peer": one.id, "role": one.role, "state": one.state}
        for one in scene.people
        if one.id != person.id and one.state in IN_ROOM
    ]


def tell_room(desk: Desk, work: Work, scene: Scene, message: Message) -> None:
    """Everybody in the room gets ``message`` once this work is committed."""
    topic = room_topic(scene.visit.id)
    work.after_commit(lambda: desk.hub.publish(topic, message))


def tell_joined(desk: Desk, work: Work, scene: Scene, person: Participant) -> None:
    """The room hears that the person is in it, or called into it."""
    tell_room(desk, work, scene, {"type": "peer-joined", "peer": person.id, "role": person.role})


def tell_left(desk: Desk, work: Work, scene: Scene, person: Participant) -> None:
    """The room hears that the person is no longer in it."""
    tell_room(desk, work, scene, {"type": "peer-left", "peer": person.id})


def tell_replaced(desk: Desk, work: Work, person: Participant, tab: str | None) -> None:
    """Every other tab of the person hears that its place was taken; with ``tab`` None, all of them."""
    tell(desk, work, person, {"type": "replaced", "except_tab": tab})
