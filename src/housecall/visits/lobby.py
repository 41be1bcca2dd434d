"""What the patient does: test devices, wait, come in, leave, come back; and what their socket does for them.

Every act answers the patient's state and tells it to their page as well. On a link that is dead nothing is
changed and nothing is raised: the state says why, and the page has its own words for it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits import store
from housecall.visits.checking import read_test
from housecall.visits.desk import Desk
from housecall.visits.errors import NotAdmitted, SeatUnknown
from housecall.visits.model import GUESTS, IN_ROOM, LobbyWord, ParticipantState, WriteKind
from housecall.visits.room import RoomView, come_again, depart, enter, lose, rest
from housecall.visits.scene import (
    Scene,
    lock_scene_of_participant,
    lock_scene_of_seat,
    read_scene,
    tells_roster,
)
from housecall.visits.seats import DEAD, oneself, open_visit
from housecall.visits.tables import Participant, Seat
from housecall.visits.telling import (
    Message,
    elsewhere_message,
    peers_for,
    state_message,
    tell,
    tell_replaced,
    tell_seat,
)
from housecall.visits.texting_ready import note_return
from housecall.visits.views import publish_scene
from housecall.visits.writing import want


async def patient_state(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> Message:
    """The ``state`` message as things stand; changes nothing. Raises SeatUnknown."""
    scene, seat = await look_at(work, org_id, seat_id)
    return state_message(scene, seat, now=desk.clock.now())


async def patient_of(work: Work, org_id: OrgId, seat_id: str) -> Participant:
    """Who sits on the seat in its newest visit, or sat there before it was revoked; raises SeatUnknown."""
    person = await store.find_newest_on_seat(work, org_id, seat_id)
    if person is None:
        raise SeatUnknown
    return person


async def room_of(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> RoomView | None:
    """The room as the patient may see it now; None unless they are admitted and not on hold."""
    scene, _ = await look_at(work, org_id, seat_id)
    person = scene.on_seat(seat_id)
    if person is None or person.state not in IN_ROOM or person.state == ParticipantState.held:
        return None
    return _room(desk, scene, person)


def _room(desk: Desk, scene: Scene, person: Participant) -> RoomView:
    if scene.is_elsewhere:
        return RoomView(person.id, [], elsewhere_message(desk, scene))
    return RoomView(person.id, peers_for(scene, person))


async def look_at(work: Work, org_id: OrgId, seat_id: str) -> tuple[Scene, Seat]:
    """The seat and its newest visit as they stand, without a lock; raises SeatUnknown."""
    seat = await store.get_seat(work, org_id, seat_id)
    visit = await store.find_newest_visit(work, org_id, seat.connection_id, seat.appointment_ref)
    if visit is None:
        raise SeatUnknown
    return await read_scene(work, org_id, visit), seat


async def begin_checking(
    desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, by: By | None = None
) -> Message:
    """The patient tests their devices; one who waits keeps their place."""
    scene, seat, person = await _act(work, org_id, seat_id)
    now = desk.clock.now()
    if person is None or scene.word(seat, now) in DEAD:
        return tell_seat(desk, work, scene, seat)
    if person.state in (ParticipantState.invited, ParticipantState.opened):
        _walk(scene, person, to=ParticipantState.checking, now=now)
        return await _tell_both(desk, work, scene, seat)
    return tell_seat(desk, work, scene, seat)


async def record_check(
    desk: Desk,
    work: Work,
    org_id: OrgId,
    seat_id: str,
    results: Mapping[str, str],
    because: Mapping[str, str] | None = None,
    *,
    by: By | None = None,
) -> Message:
    """What the device tests found, why and when is known to staff, in place of any test before."""
    scene, seat, person = await _act(work, org_id, seat_id)
    now = desk.clock.now()
    found = read_test(results, because or {}, now=now)
    if person is None or found is None or scene.word(seat, now) in DEAD:
        return state_message(scene, seat, now=now)
    person.device = found
    scene.touch()
    return await _tell_both(desk, work, scene, seat)


async def enter_lobby(
    desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, by: By | None = None
) -> Message:
    """The patient waits, and staff see them arrive; before the window opens the state says ``early``."""
    scene, seat, person = await _act(work, org_id, seat_id)
    now = desk.clock.now()
    word = scene.word(seat, now)
    if person is None or word in DEAD or word is LobbyWord.early:
        return tell_seat(desk, work, scene, seat)
    if person.state == ParticipantState.waiting or person.state in IN_ROOM:
        return tell_seat(desk, work, scene, seat)
    is_patient = person.role not in GUESTS
    if is_patient:
        # A guest who comes says nothing of the patient: neither is the visit open, nor does the EHR hear of it.
        await open_visit(work, scene, now=now, by=by or oneself(person))
    _walk(scene, person, to=ParticipantState.waiting, now=now)
    if is_patient and person.first_waiting_at is None:
        await want(desk, work, scene.connection, scene.visit, WriteKind.status)
    person.waiting_since = person.arrival_at = now
    person.text_me_at = person.called_at = None
    person.first_waiting_at = person.first_waiting_at or now
    person.acknowledged_at = person.acknowledged_by = None
    await record(
        work,
        org_id,
        Act.lobby_entered,
        by=by or oneself(person),
        subject=scene.visit.id,
        at=now,
        participant=person.id,
    )
    return await _tell_both(desk, work, scene, seat)


async def patient_joined(
    desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, by: By | None = None
) -> RoomView:
    """The admitted patient's page is in the room; again after a reconnect. Raises NotAdmitted.

    On the way to a meeting elsewhere they are there once its service says so; at once where it says nothing.
    """
    scene, seat, person = await _act(work, org_id, seat_id)
    now = desk.clock.now()
    if person is None or person.state not in IN_ROOM:
        raise NotAdmitted
    if scene.is_elsewhere and tells_roster(scene, now):
        return _room(desk, scene, person)
    if person.state == ParticipantState.admitted:
        await enter(desk, work, scene, person, "join", by=by or oneself(person))
        await _tell_both(desk, work, scene, seat)
    elif person.state == ParticipantState.reconnecting:
        come_again(scene, person, now)
        await _tell_both(desk, work, scene, seat)
    return _room(desk, scene, person)


async def patient_left(
    desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, by: By | None = None
) -> Message:
    """The patient has left the lobby or the call; they may come back within the window.

    Who tested their devices before the lobby opens is done with it, and expected as before.
    """
    scene, seat, person = await _act(work, org_id, seat_id)
    if person is None:
        return tell_seat(desk, work, scene, seat)
    if rest(scene, person, desk.clock.now()):
        return await _tell_both(desk, work, scene, seat)
    was_in_room = person.state in IN_ROOM
    if not await depart(desk, work, scene, person, now=desk.clock.now(), by=by or oneself(person)):
        return tell_seat(desk, work, scene, seat)
    message = await _tell_both(desk, work, scene, seat)
    if was_in_room:
        tell(desk, work, person, {"type": "over", "reason": "left"})
    return message


async def come_back(desk: Desk, work: Work, org_id: OrgId, seat_id: str, *, by: By | None = None) -> Message:
    """The patient who had left is here again, before the lobby."""
    scene, seat, person = await _act(work, org_id, seat_id)
    now = desk.clock.now()
    is_dead = scene.word(seat, now) in DEAD
    if person is None or is_dead or person.state != ParticipantState.left:
        return tell_seat(desk, work, scene, seat)
    _walk(scene, person, to=ParticipantState.opened, now=now)
    return await _tell_both(desk, work, scene, seat)


async def patient_back(
    desk: Desk, work: Work, org_id: OrgId, participant_id: str, tab: str, *, by: By | None = None
) -> Message:
    """The patient's page has a socket, and this tab holds the place; every other tab is replaced."""
    scene, person = await lock_scene_of_participant(work, org_id, participant_id)
    now = desk.clock.now()
    seat = _seat_of(scene, person)
    if person.tab is not None and person.tab != tab:
        tell_replaced(desk, work, person, tab)
    person.tab, person.present, person.gone_since = tab, True, None
    scene.touch()
    if scene.word(seat, now) not in DEAD:
        note_return(person, now)
        if person.state == ParticipantState.reconnecting:
            come_again(scene, person, now)
        elif person.state == ParticipantState.invited:
            _walk(scene, person, to=ParticipantState.opened, now=now)
    return await _tell_both(desk, work, scene, seat)


async def patient_gone(
    desk: Desk, work: Work, org_id: OrgId, participant_id: str, tab: str, *, by: By | None = None
) -> None:
    """The patient's socket is lost; nothing if a newer tab holds the place."""
    scene, person = await lock_scene_of_participant(work, org_id, participant_id)
    if person.tab != tab:
        return
    lose(scene, person, desk.clock.now())
    await publish_scene(desk, work, scene)


_ROAD: Final = (
    (ParticipantState.left, "come_back"),
    (ParticipantState.invited, "open"),
    (ParticipantState.opened, "check"),
    (ParticipantState.checking, "wait"),
    (ParticipantState.declined, "wait"),
)


def _walk(scene: Scene, person: Participant, *, to: ParticipantState, now: datetime) -> None:
    # A page may ask for the lobby at once, as after coming back: the steps between are then taken for it.
    for state, verb in _ROAD:
        if person.state == to:
            break
        if person.state == state:
            scene.step(person, verb, now=now)
    person.opened_at = person.opened_at or now


async def _act(work: Work, org_id: OrgId, seat_id: str) -> tuple[Scene, Seat, Participant | None]:
    scene, seat = await lock_scene_of_seat(work, org_id, seat_id)
    return scene, seat, scene.on_seat(seat.id)


async def _tell_both(desk: Desk, work: Work, scene: Scene, seat: Seat) -> Message:
    # Staff first: they wait for the news, while the patient knows what they pressed.
    await publish_scene(desk, work, scene)
    return tell_seat(desk, work, scene, seat)


def _seat_of(scene: Scene, person: Participant) -> Seat:
    seat = scene.seat_of(person)
    if seat is None:
        raise SeatUnknown
    return seat
