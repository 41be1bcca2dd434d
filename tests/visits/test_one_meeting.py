"""However many open a visit at once, it has one meeting in Teams: on PostgreSQL, by the counts of a strict Graph."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest_asyncio
from sqlalchemy import text

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.ehr.base import Clinician
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.meetings import TeamsChoice, TeamsDirectory, choose_teams
from housecall.tenancy.tables import Connection
from housecall.visits import elsewhere
from housecall.visits.meetings import TEND_MEETING, tend_meeting
from tests.meetings.served import PEM, ServedTenant, serve_tenant
from tests.sandbox.tenant import CLINICIAN
from tests.visits.clinic import OPERATOR
from tests.visits.hospital import DOCTOR, Hospital, open_hospital

MAIL = "aokonjo@prairieview.example"
# Enough to meet each other in every transaction there is on the way.
AT_ONCE = 6


@dataclass
class Ward:
    """A hospital whose visits are held in Teams, each by its own clinician."""

    hospital: Hospital
    tenant: ServedTenant

    async def jobs(self) -> int:
        """How many jobs wait for a visit's meeting."""
        async with self.hospital.clinic.database.work() as work:
            found = await work.session.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND status = 'todo'"),
                {"task": TEND_MEETING},
            )
            return int(found.scalar_one())

    def answers(self, end: str) -> list[int]:
        """What Graph answered to each request for such a path."""
        return [status for _, path, status in self.tenant.house.graph_asked if path.endswith(end)]


@pytest_asyncio.fixture(loop_scope="session")
async def ward(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Ward]:
    hospital = await open_hospital(database, clock, sealer)
    clinic = hospital.clinic
    hospital.ehr.put_clinician(Clinician(DOCTOR, "Dr. Ines Marsh", MAIL))
    async with serve_tenant(clock) as tenant:
        services = TeamsDirectory(clock, sealer, stand_in=tenant.url)
        clinic.desk = replace(clinic.desk, services=services)
        account = tenant.account()
        async with database.work() as work:
            connection = await work.session.get_one(Connection, clinic.connection.id)
            choice = TeamsChoice(account.tenant, account.client_id, PEM)
            await choose_teams(work, connection, choice, sealer=sealer, clock=clock, by=OPERATOR)
        clinic.connection = connection
        yield Ward(hospital, tenant)
        await services.close()


async def test_clinicians_who_open_one_visit_at_once_make_one_meeting(ward: Ward) -> None:
    """The feed has not found the appointment yet: whoever launches first makes the visit, and nobody makes another."""
    hospital, clinic = ward.hospital, ward.hospital.clinic
    hospital.book(in_minutes=60)

    await asyncio.gather(*(hospital.launch() for _ in range(AT_ONCE)))
    [visit] = await hospital.visits()
    jobs = await ward.jobs()
    # The queue runs one at a time for each visit; here there is not even that.
    await asyncio.gather(
        *(tend_meeting(clinic.desk, clinic.database, clinic.org_id, visit.id) for _ in range(AT_ONCE))
    )
    ways = await asyncio.gather(
        *(
            clinic.act(
                elsewhere.go_there,
                visit.id,
                user_ref=f"user-{number}",
                by=By(Actor.clinician, f"user-{number}"),
            )
            for number in range(AT_ONCE)
        )
    )

    assert jobs == 1
    [meeting] = ward.tenant.house.teams.meetings.values()
    assert meeting.organiser == CLINICIAN
    made = ward.answers("/createOrGet")
    assert made.count(201) == 1
    assert set(made) <= {200, 201}
    assert {one["web"] for one in ways} == {meeting.fields["joinWebUrl"]}
