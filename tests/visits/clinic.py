"""A clinic for the tests: an organisation, a connection, a desk with shipped twins, ears on the hub."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus, LocationRef, PractitionerRef
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.meetings.memory import MemoryRooms
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation
from housecall.tenancy.tables import Connection
from housecall.visits import guests, life, lobby, room, service, store, views
from housecall.visits.desk import Desk
from housecall.visits.seats import find_seat_by_token, take_seat
from housecall.visits.sweep import sweep
from housecall.visits.tables import Participant, Seat, Visit
from housecall.visits.topics import participant_topic, room_topic, staff_topic

NURSE = By(Actor.clinician, "user-1")
OPERATOR = By(Actor.operator, "tests")


@dataclass(eq=False)
class Ear:
    """Keeps what was published on a topic."""

    heard: list[dict[str, Any]] = field(default_factory=list)

    def push(self, message: dict[str, Any]) -> None:
        self.heard.append(message)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]

    def last(self, kind: str) -> dict[str, Any]:
        return self.of(kind)[-1]


@dataclass(frozen=True)
class Guest:
    """An interpreter or relative in the tests: who they are in the visit, their seat, their link."""

    id: str
    seat: Seat
    link: str


@dataclass
class Clinic:
    """What the tests ask for things; ``act`` is one request."""

    database: Database
    clock: FakeClock
    desk: Desk
    org_id: OrgId
    connection: Connection

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **amount: float) -> None:
        self.clock.advance(timedelta(**amount))

    async def act(self, verb: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        """``verb`` in a unit of work of its own, with desk and organisation."""
        async with self.database.work() as work:
            return await verb(self.desk, work, self.org_id, *args, **named)

    async def staff(self, verb: Callable[..., Awaitable[Any]], visit: Visit, **named: Any) -> dict[str, Any]:
        """A staff act, answered with the snapshot."""
        view: dict[str, Any] = await self.act(verb, visit.id, by=NURSE, **named)
        return view

    async def visit(self, ref: str = "appointment-1", *, in_minutes: int = 5, minutes: int = 15) -> Visit:
        """A visit found in the schedule."""
        start = self.now + timedelta(minutes=in_minutes)
        appointment = an_appointment(ref, start, start + timedelta(minutes=minutes))
        made: Visit = await self.act(life.create_visit, self.connection, appointment)
        return made

    async def fresh(self, visit: Visit) -> Visit:
        async with self.database.work() as work:
            return await store.get_visit(work, self.org_id, visit.id)

    async def view(self, visit: Visit) -> dict[str, Any]:
        async with self.database.work() as work:
            return await views.visit_view(
                work, self.org_id, await store.get_visit(work, self.org_id, visit.id)
            )

    async def patient(self, visit: Visit) -> Participant:
        async with self.database.work() as work:
            return await store.get_patient(work, self.org_id, visit.id)

    async def seat(self, visit: Visit) -> Seat:
        async with self.database.work() as work:
            seat = await store.find_patient_seat(
                work, self.org_id, visit.connection_id, visit.appointment_ref
            )
            assert seat is not None
            return seat

    async def start(self, visit: Visit, tab: str | None = "tab-1") -> Seat:
        """The patient presses start on the link, and the page's socket says hello."""
        seat = await self.seat(visit)
        async with self.database.work() as work:
            await take_seat(self.desk, work, seat)
        if tab is not None:
            await self.act(lobby.patient_back, (await self.patient(visit)).id, tab)
        return seat

    async def waiting(self, visit: Visit) -> Seat:
        """The patient is in the lobby."""
        seat = await self.start(visit)
        await self.act(lobby.begin_checking, seat.id)
        await self.act(lobby.enter_lobby, seat.id)
        return seat

    async def join(self, visit: Visit, user: str = "user-1", tab: str = "staff-tab") -> room.RoomView:
        view: room.RoomView = await self.act(
            room.join, visit.id, user_ref=user, tab=tab, by=By(Actor.clinician, user)
        )
        return view

    async def sweep(self) -> int:
        async with self.database.work() as work:
            return await sweep(self.desk, work)

    async def in_call(self, visit: Visit) -> Seat:
        """Patient and clinician are in the room together."""
        seat = await self.waiting(visit)
        await self.join(visit)
        await self.staff(service.admit, visit)
        await self.act(lobby.patient_joined, seat.id)
        return seat

    async def invite(self, visit: Visit, role: str = "interpreter", language: str = "es") -> guests.Invited:
        """A guest has a link."""
        made: guests.Invited = await self.act(guests.invite, visit.id, role=role, language=language, by=NURSE)
        return made

    async def guest_seat(self, invited: guests.Invited) -> Seat:
        async with self.database.work() as work:
            seat = await find_seat_by_token(work, invited.link.rsplit("/", 1)[1])
            assert seat is not None
            return seat

    async def guest_waits(self, visit: Visit, role: str = "interpreter", language: str = "es") -> Guest:
        """A guest came by their link, and is in the lobby."""
        invited = await self.invite(visit, role, language)
        seat = await self.guest_seat(invited)
        async with self.database.work() as work:
            await take_seat(self.desk, work, seat)
        await self.act(lobby.patient_back, invited.participant, f"tab-of-{invited.participant}")
        await self.act(lobby.enter_lobby, seat.id)
        return Guest(invited.participant, seat, invited.link)

    async def acts(self) -> list[str]:
        """The words of the audit log, in order."""
        async with self.database.work() as work:
            return list(await work.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))

    async def somebody_waits_for_a_lock(self) -> None:
        """Returns once one transaction waits for another."""
        async with self.database.engine().connect() as connection:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not (await connection.execute(waiting)).scalar():  # noqa: ASYNC110 - another session says so
                await asyncio.sleep(0.005)

    def panel(self, visit: Visit) -> Ear:
        return self._ear(staff_topic(visit.id))

    def in_room(self, visit: Visit) -> Ear:
        return self._ear(room_topic(visit.id))

    async def page(self, visit: Visit) -> Ear:
        return self._ear(participant_topic((await self.patient(visit)).id))

    def hears(self, participant_id: str) -> Ear:
        return self._ear(participant_topic(participant_id))

    def _ear(self, topic: str) -> Ear:
        ear = Ear()
        self.desk.hub.subscribe(topic, ear)
        return ear


def an_appointment(ref: str, start: datetime | None, end: datetime | None) -> Appointment:
    return Appointment(
        ref=AppointmentRef(ref),
        version="1",
        status=AppointmentStatus.booked,
        start=start,
        end=end,
        patient=None,
        practitioners=(PractitionerRef("practitioner-1"),),
        locations=(LocationRef("location-1"),),
        is_virtual=True,
        service=None,
    )


async def open_clinic(database: Database, clock: FakeClock, sealer: Sealer, name: str = "default") -> Clinic:
    network = NetworkRules.from_setting(("true",), "")
    desk = Desk(
        clock=clock,
        hub=Hub(),
        sealer=sealer,
        ehr=EhrDirectory(clock, sealer, network),
        public_url="http://localhost:8000",
        meetings=MemoryRooms(),
    )
    async with database.work() as work:
        organisation = await ensure_organisation(work, name, region="americas", now=clock.now(), by=OPERATOR)
        org_id = OrgId(organisation.id)
        declared = Declaration(
            base_url="http://127.0.0.1:9/fhir",
            environment=Environment.test,
            vendor="generic",
            client_kind="public",
            client_id="housecall",
        )
        connection = await declare_connection(
            work, org_id, declared, sealer=sealer, now=clock.now(), by=OPERATOR
        )
    return Clinic(database, clock, desk, org_id, connection)
