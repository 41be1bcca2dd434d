"""What Graph tells our hook over the wire: asked back, proven, taken over; and the check that tries all of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import KeySet

from housecall.checks.model import Ground, Level
from housecall.checks.registry import get_check, run_check
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.meetings.errors import MeetingUnavailable
from housecall.meetings.teams.notices import NoticeReader
from housecall.tenancy.meetings import TeamsChoice, TeamsDirectory, choose_teams
from housecall.tenancy.tables import Connection
from housecall.visits import service
from housecall.visits.meetings import tend_meeting
from housecall.visits.store_meetings import find_meeting
from housecall.visits.tables import Visit
from housecall.visits.tables_meetings import VisitMeeting
from housecall.visits.ways import ways_of
from tests.meetings.served import PEM, ServedTenant, serve_tenant
from tests.sandbox.tenant import CLINICIAN
from tests.visits.clinic import OPERATOR, Clinic, open_clinic
from tests.web.live import serve


@dataclass
class Wired:
    """A clinic whose visits are held in the make-believe Teams, each reaching the other over HTTP."""

    clinic: Clinic
    tenant: ServedTenant
    url: str

    async def told(self) -> None:
        """Everything that the tenant has begun to tell was told."""
        while self.tenant.house._chores:
            chores = [chore for chore in self.tenant.house._chores if chore.get_coro().__name__ == "_deliver"]  # type: ignore[union-attr]
            if not chores:
                return
            for chore in chores:
                await chore

    async def row(self, visit: Visit) -> VisitMeeting:
        async with self.clinic.database.work() as work:
            found = await find_meeting(work, self.clinic.org_id, visit.id)
        assert found is not None
        return found

    async def followed(self) -> Visit:
        """A visit whose patient was let in, and whose meeting tells us who is there."""
        clinic = self.clinic
        visit = await clinic.visit()
        for _ in range(3):
            await tend_meeting(clinic.desk, clinic.database, clinic.org_id, visit.id)
        await clinic.waiting(visit)
        await clinic.staff(service.admit, visit)
        return visit

    async def held(self, visit: Visit) -> str:
        """The patient is in the meeting; answers them."""
        made = ways_of(self.clinic.desk, await self.row(visit))
        assert made is not None
        # All at once: they may overtake each other on their way to us.
        guest = await self.tenant.call(do="enter", join_url=made.staff_url, name="A guest")
        await self.tenant.call(do="enter", join_url=made.staff_url, user=CLINICIAN)
        await self.tenant.call(do="admit", who=guest)
        await self.told()
        return guest


@pytest_asyncio.fixture(loop_scope="session")
async def wired(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Wired]:
    clinic = await open_clinic(database, clock, sealer)
    async with serve_tenant(clock) as tenant:
        services = TeamsDirectory(clock, sealer, stand_in=tenant.url)
        clinic.desk = replace(clinic.desk, services=services)
        account = tenant.account()
        choice = TeamsChoice(account.tenant, account.client_id, PEM, organiser=CLINICIAN)
        async with database.work() as work:
            connection = await work.session.get_one(Connection, clinic.connection.id)
            await choose_teams(work, connection, choice, sealer=sealer, clock=clock, by=OPERATOR)
        clinic.connection = connection
        async with serve(clinic) as live:
            clinic.desk = replace(clinic.desk, public_url=f"http://127.0.0.1:{live.port}")
            yield Wired(clinic, tenant, clinic.desk.public_url)
        await services.close()


async def test_the_patient_is_in_the_visit_when_graph_says_so_over_the_wire(wired: Wired) -> None:
    visit = await wired.followed()

    await wired.held(visit)

    assert (await wired.clinic.patient(visit)).state == "connected"
    assert (await wired.clinic.fresh(visit)).began_at is not None
    roster = (await wired.row(visit)).roster
    assert "A guest" not in str(roster)


async def test_a_notification_that_could_not_be_proven_yet_is_brought_again(
    wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microsoft's keys could not be fetched at that moment: what was told must not be lost for it."""
    visit = await wired.followed()
    fetch, silent = NoticeReader._fetch, [True, True]

    async def fail_at_first(reader: NoticeReader) -> KeySet:
        if silent:
            silent.pop()
            raise MeetingUnavailable
        return await fetch(reader)

    monkeypatch.setattr(NoticeReader, "_fetch", fail_at_first)
    await wired.held(visit)

    assert (await wired.clinic.patient(visit)).state == "connected"
    assert {status for _, status in wired.tenant.house.graph_told} == {202, 503}


async def test_a_notification_without_our_secret_or_forged_changes_nothing_and_is_answered_alike(
    wired: Wired,
) -> None:
    visit = await wired.followed()
    following = (await wired.row(visit)).following_id
    item = {"subscriptionId": following, "clientState": "guessed", "lifecycleEvent": "missed"}

    async with httpx.AsyncClient() as http:
        answers = [
            await http.post(f"{wired.url}/hooks/meetings", json={"value": [each]})
            for each in (item, {"subscriptionId": "unknown"}, {})
        ]

    assert {answer.status_code for answer in answers} == {202}
    assert (await wired.row(visit)).doubtful_since is None


async def test_what_graph_could_not_tell_is_noted_as_missed(wired: Wired) -> None:
    visit = await wired.followed()

    await wired.tenant.http.patch("/sandbox/teams", json={"notify": False})
    await wired.held(visit)
    await wired.tenant.http.patch("/sandbox/teams", json={"notify": True})

    assert (await wired.row(visit)).doubtful_since is not None


async def test_the_check_tries_every_prerequisite_of_teams(wired: Wired) -> None:
    ground = Ground(Settings({}), wired.clinic.database, wired.clinic.desk, wired.clinic.org_id)

    well = await run_check(get_check("teams"), ground)
    wired.tenant.switches.policy = "none"
    broken = await run_check(get_check("teams"), ground)

    assert well.level is Level.ok, well.findings
    assert broken.level is Level.fail
    assert "Grant-CsApplicationAccessPolicy" in str([finding.mend for finding in broken.findings])
