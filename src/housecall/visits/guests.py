"""Interpreters and relatives: invited by the clinic with links of their own, which say a role and never a name.

A guest's link belongs to the appointment: it follows a move and dies with the cancelled visit. Letting them in is
``visits/service.py``, what they do themselves is ``visits/lobby.py``.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import service as messages
from housecall.messaging.model import SuppressReason
from housecall.visits import store_guests
from housecall.visits.desk import Desk
from housecall.visits.errors import GuestInvalid, SeatUnknown, TooManyGuests
from housecall.visits.links import make_link
from housecall.visits.model import GUESTS, LobbyWord, ParticipantRole, ParticipantState, may
from housecall.visits.room import depart, new_participant, refuse_over
from housecall.visits.scene import Scene, is_expected, lock_scene, read_scene
from housecall.visits.seats import new_seat, revoke_seat
from housecall.visits.store import get_visit
from housecall.visits.tables import Participant, Seat, Visit
from housecall.visits.telling import tell_seat
from housecall.visits.views import View, publish_scene

# More than a room holds, so that somebody who cannot come is replaced without a hurry; few enough to be looked through.
MOST_LINKS: Final = 6
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Invited:
    """A guest who has a link now; the link is shown to who made it, and can be made again."""

    participant: str
    link: str
    view: View


async def invite(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, role: str, language: str, by: By
) -> Invited:
    """One more interpreter or relative is invited, in a language by its code.

    Raises GuestInvalid, TooManyGuests or VisitOver.
    """
    if role not in GUESTS or not _LANGUAGE.fullmatch(language):
        raise GuestInvalid
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    refuse_over(scene, now)
    if sum(is_expected(one, scene.seat_of(one)) for one in scene.people) >= MOST_LINKS:
        raise TooManyGuests
    visit = scene.visit
    seat = new_seat(desk, org_id, visit.connection_id, visit.appointment_ref, role=ParticipantRole(role))
    seat.language = language
    work.session.add(seat)
    await work.session.flush()
    person = new_participant(visit, role=ParticipantRole(role), now=now, seat_id=seat.id)
    work.session.add(person)
    scene.people.append(person)
    scene.seats[seat.id] = seat
    scene.touch()
    await record(
        work, org_id, Act.guest_invited, by=by, subject=visit_id, at=now, participant=person.id, role=role,
        language=language,
    )  # fmt: skip
    await work.session.flush()
    return Invited(person.id, make_link(desk, seat), await publish_scene(desk, work, scene))


async def show_link(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, who: str, by: By) -> str:
    """The guest's link once more, to be copied or read out; raises GuestUnknown or VisitOver."""
    scene, now = await read_scene(work, org_id, await get_visit(work, org_id, visit_id)), desk.clock.now()
    refuse_over(scene, now)
    seat = seat_of(scene, scene.guest(who))
    await record(work, org_id, Act.guest_link_shown, by=by, subject=visit_id, at=now, participant=who)
    return make_link(desk, seat)


async def withdraw(desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, who: str, by: By) -> View:
    """The guest's link is dead, whoever came by it is out, and they are written to no more; raises GuestUnknown."""
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    person = scene.guest(who)
    seat = seat_of(scene, person)
    revoke_seat(seat, because=LobbyWord.withdrawn.value, now=now)
    await depart(desk, work, scene, person, now=now, by=by)
    await messages.cancel_planned(
        work, org_id, subject_ref=seat.id, reason=SuppressReason.not_wanted, now=now
    )
    await store_guests.forget_addresses(work, org_id, [seat.id])
    scene.touch()
    await record(work, org_id, Act.guest_withdrawn, by=by, subject=visit_id, at=now, participant=who)
    tell_seat(desk, work, scene, seat)
    return await publish_scene(desk, work, scene)


async def expect_guests(work: Work, org_id: OrgId, visit: Visit, *, now: datetime) -> list[Participant]:
    """Whoever has a good link to the appointment has a part in this new visit on it."""
    people = []
    for seat in await store_guests.list_guest_seats(work, org_id, visit.connection_id, visit.appointment_ref):
        people.append(new_participant(visit, role=ParticipantRole(seat.role), now=now, seat_id=seat.id))
    work.session.add_all(people)
    return people


async def expect_again(desk: Desk, work: Work, scene: Scene, *, now: datetime, by: By) -> None:
    """The visit was moved: guests are expected at the later time, by the links they have."""
    for person in scene.people:
        seat = scene.seat_of(person)
        if seat is None or not is_expected(person, seat) or person.state == ParticipantState.invited:
            continue
        await depart(desk, work, scene, person, now=now, by=by)
        if may(person.state, "invite"):
            scene.step(person, "invite", now=now)
        person.first_waiting_at = person.waiting_since = person.arrival_at = None
        tell_seat(desk, work, scene, seat)


def seat_of(scene: Scene, person: Participant) -> Seat:
    """The guest's seat; raises SeatUnknown."""
    seat = scene.seat_of(person)
    if seat is None:
        raise SeatUnknown
    return seat
