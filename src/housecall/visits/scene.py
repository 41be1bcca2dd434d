"""A visit with everybody in it, as one act sees and changes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings.base import OWN_ROOMS, Capabilities
from housecall.meetings.registry import capabilities_of
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.tables import Connection, Department
from housecall.visits import store, store_meetings
from housecall.visits.errors import GuestUnknown, SeatUnknown, VisitUnknown
from housecall.visits.model import (
    GUESTS,
    TAKING_PART,
    Asked,
    LobbyWord,
    ParticipantRole,
    Window,
    Wish,
    lobby_word,
    move_participant,
    move_visit,
    window_of,
)
from housecall.visits.tables import Participant, Seat, Visit
from housecall.visits.tables_meetings import VisitMeeting


@dataclass
class Scene:
    """One visit, its connection, its people and their seats; changed by ``step``, ``turn``, ``touch``."""

    visit: Visit
    connection: Connection
    people: list[Participant]
    seats: dict[str, Seat] = field(default_factory=dict)
    # Its meeting, where it is held with a service that has pages of its own.
    meeting: VisitMeeting | None = None
    department: Department | None = None

    @property
    def org_id(self) -> OrgId:
        """The organisation it belongs to."""
        return OrgId(self.visit.org_id)

    @property
    def window(self) -> Window:
        """When the lobby is open."""
        return visit_window(self.visit, self.connection)

    @property
    def can(self) -> Capabilities:
        """What the service can do that the visit is held with."""
        return capabilities_of(self.visit.meeting_service)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the meeting opens on another service's pages."""
        return not self.can.is_in_page

    @property
    def patient(self) -> Participant:
        """The patient on the seat that stands; raises VisitUnknown."""
        return current_patient([(person, self.seat_of(person)) for person in self.people])

    def seat_of(self, person: Participant) -> Seat | None:
        """The seat this person sits on; staff have none."""
        return self.seats.get(person.seat_id or "")

    def on_seat(self, seat_id: str) -> Participant | None:
        """Who sits on the seat in this visit; nobody on the seat of an earlier plan."""
        return next((person for person in self.people if person.seat_id == seat_id), None)

    def with_user(self, user_ref: str) -> Participant | None:
        """The staff member's part in this visit."""
        return next((person for person in self.people if person.user_ref == user_ref), None)

    @property
    def successor(self) -> Participant | None:
        """The colleague who was asked to take the visit over and has not answered."""
        for person in self.people:
            if person.asked_to == Wish.take_over and person.asked_state == Asked.asked:
                return person
        return None

    def with_id(self, participant_id: str) -> Participant:
        """That participant of this visit; raises VisitUnknown."""
        for person in self.people:
            if person.id == participant_id:
                return person
        raise VisitUnknown

    def guest(self, participant_id: str) -> Participant:
        """That interpreter or relative of this visit; raises GuestUnknown, also once their link is withdrawn."""
        for person in self.people:
            if person.id == participant_id and is_expected(person, self.seat_of(person)):
                return person
        raise GuestUnknown

    def word(self, seat: Seat, now: datetime) -> LobbyWord | None:
        """What the lobby page on that seat shows."""
        person = self.on_seat(seat.id)
        return lobby_word(
            visit=self.visit.state,
            participant=person.state if person else "left",
            revoked_because=seat.revoked_because,
            window=self.window,
            now=now,
        )

    def taking_part(self) -> list[Participant]:
        """Those seen in the room."""
        return [person for person in self.people if person.state in TAKING_PART]

    def touch(self) -> None:
        """Something changed: snapshots made from now on are newer."""
        self.visit.revision += 1

    def step(self, person: Participant, verb: str, *, now: datetime) -> None:
        """The person does ``verb``; raises IllegalParticipantMove."""
        person.state = move_participant(person.state, verb).value
        person.since = now
        self.touch()

    def turn(self, verb: str) -> None:
        """The visit does ``verb``; raises IllegalVisitMove."""
        self.visit.state = move_visit(self.visit.state, verb).value
        self.touch()


def visit_window(visit: Visit, connection: Connection) -> Window:
    """When the visit's lobby is open, by its connection's rules."""
    return window_of(
        visit.starts_at,
        visit.ends_at,
        lobby_opens_min=connection.lobby_opens_min,
        window_closes_min=connection.window_closes_min,
    )


def is_expected(person: Participant, seat: Seat | None) -> bool:
    """Whether the person is a guest whose link was not taken back."""
    return person.role in GUESTS and seat is not None and seat.revoked_because != LobbyWord.withdrawn


def current_patient(people: Sequence[tuple[Participant, Seat | None]]) -> Participant:
    """The patient whose seat stands, not one from before the appointment was moved; raises VisitUnknown."""
    for person, seat in reversed(people):
        was_moved = seat is not None and seat.revoked_because == LobbyWord.moved
        if person.role == ParticipantRole.patient and not was_moved:
            return person
    raise VisitUnknown


def tells_roster(scene: Scene, now: datetime) -> bool:
    """Whether a meeting's service tells who is in it at this moment."""
    row = scene.meeting
    return row is not None and row.following_until is not None and row.following_until > now


async def lock_scene(work: Work, org_id: OrgId, visit_id: str) -> Scene:
    """The visit with its people, locked until this work is done; raises VisitUnknown."""
    return await _around(work, org_id, await store.lock_visit(work, org_id, visit_id))


async def lock_scene_of_seat(work: Work, org_id: OrgId, seat_id: str) -> tuple[Scene, Seat]:
    """The newest visit that the seat leads to, locked, and the seat as it stands then; raises SeatUnknown."""
    # The visit first: whoever revokes a seat holds the visit, so that the seat read afterwards is true.
    scene = await _around(work, org_id, await store.lock_visit_of_seat(work, org_id, seat_id))
    seat = scene.seats.get(seat_id) or await store.get_seat(work, org_id, seat_id)
    return scene, seat


async def lock_scene_of_participant(
    work: Work, org_id: OrgId, participant_id: str
) -> tuple[Scene, Participant]:
    """The participant's visit, locked, and the participant; raises SeatUnknown."""
    found = await store.find_participant(work, org_id, participant_id)
    if found is None:
        raise SeatUnknown
    scene = await lock_scene(work, org_id, found.visit_id)
    return scene, scene.with_id(participant_id)


async def read_scene(work: Work, org_id: OrgId, visit: Visit) -> Scene:
    """The visit with its people, without a lock: for looking only."""
    return await _around(work, org_id, visit)


async def _around(work: Work, org_id: OrgId, visit: Visit) -> Scene:
    rows = await store.list_people(work, org_id, [visit.id])
    is_here = visit.meeting_service == OWN_ROOMS
    return Scene(
        visit=visit,
        connection=await get_connection(work, org_id, visit.connection_id),
        people=[person for person, _ in rows],
        seats={seat.id: seat for _, seat in rows if seat is not None},
        meeting=None if is_here else await store_meetings.find_meeting(work, org_id, visit.id),
        department=await find_department(work, org_id, visit.department_id),
    )
