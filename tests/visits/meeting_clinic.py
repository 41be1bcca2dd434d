"""A clinic whose visits are held elsewhere, with the shipped twin as the service."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.meetings.base import Attendee, RosterEvent, RosterKind
from housecall.meetings.memory import MemoryMeetings
from housecall.tenancy.tables import Connection
from housecall.visits import service
from housecall.visits.meetings import tend_meeting
from housecall.visits.roster import hear_roster
from housecall.visits.store_meetings import find_meeting, list_meetings_due
from housecall.visits.tables import Visit
from housecall.visits.tables_meetings import VisitMeeting
from tests.visits.clinic import Clinic, open_clinic

DOCTOR = "11111111-0000-0000-0000-000000000001"
COLLEAGUE = "11111111-0000-0000-0000-000000000002"


class Services:
    """One twin for every connection."""

    def __init__(self, twin: MemoryMeetings) -> None:
        self.twin = twin

    def of(self, connection: Connection) -> MemoryMeetings:
        return self.twin

    async def close(self) -> None:
        return None


class MeetingClinic(Clinic):
    """The clinic, its twin, and the jobs of its meetings."""

    twin: MemoryMeetings

    async def choose(self, service_name: str = MemoryMeetings.name, **options: Any) -> None:
        async with self.database.work() as work:
            connection = await work.session.get_one(Connection, self.connection.id)
            connection.meeting_service, connection.meeting_options = service_name, options
        self.connection = connection

    async def tend(self) -> int:
        """What is due is done, as the worker and the queue do it; answers how many steps that was."""
        done = 0
        for _ in range(20):
            async with self.database.work() as work:
                due = [row.visit_id for row in await list_meetings_due(work, self.now)]
                jobs = await work.session.execute(
                    text(
                        "DELETE FROM procrastinate_jobs WHERE task_name = 'visits.tend_meeting' RETURNING args"
                    )
                )
                wanted = {*due, *(args["visit_id"] for (args,) in jobs)}
            if not wanted:
                return done
            for visit_id in sorted(wanted):
                await tend_meeting(self.desk, self.database, self.org_id, visit_id)
                done += 1
        return done

    async def row(self, visit: Visit) -> VisitMeeting:
        async with self.database.work() as work:
            found = await find_meeting(work, self.org_id, visit.id)
            assert found is not None
            return found

    async def made(self, **planned: Any) -> Visit:
        """A visit whose meeting is there."""
        visit = await self.visit(**planned)
        await self.tend()
        return await self.fresh(visit)

    async def let_in(self, **planned: Any) -> Visit:
        """A visit whose patient waited here and was let in, on the way there."""
        visit = await self.made(**planned)
        await self.waiting(visit)
        await self.staff(service.admit, visit)
        return visit

    async def told(self, visit: Visit, *people: Attendee, kind: RosterKind = RosterKind.changed) -> None:
        await self.act(hear_roster, visit.id, RosterEvent(kind, self.now, people))


def guest(*, lobby: bool = False, gone: bool = False, key: str = "g") -> Attendee:
    return Attendee(key, None, lobby, gone)


def doctor(*, gone: bool = False, user: str = DOCTOR) -> Attendee:
    return Attendee(f"k-{user}", user, False, gone)


async def open_meeting_clinic(database: Database, clock: FakeClock, sealer: Sealer) -> MeetingClinic:
    """The clinic with one account for all its meetings."""
    plain = await open_clinic(database, clock, sealer)
    twin = MemoryMeetings()
    desk = replace(plain.desk, services=Services(twin))
    clinic = MeetingClinic(database, clock, desk, plain.org_id, plain.connection)
    clinic.twin = twin
    await clinic.choose(organiser=DOCTOR)
    return clinic
