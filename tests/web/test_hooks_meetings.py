"""What Graph tells our hook over the wire: asked back, proven, taken over; and the check that tries all of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

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
from housecall.visits import lobby
from housecall.visits.store_meetings import find_meeting
from housecall.visits.tables import Visit
from housecall.visits.tables_meetings import VisitMeeting
from housecall.visits.views import visit_view
from housecall.visits.ways import ways_of
from tests.meetings.served import PEM, ServedTenant, serve_tenant
from tests.sandbox.tenant import CLINICIAN
from tests.visits.clinic import OPERATOR, open_clinic
from tests.visits.meeting_clinic import MeetingClinic
from tests.web.live import serve


@dataclass
class Wired:
    """A clinic whose visits are held in the make-believe Teams, each reaching the other over HTTP."""

    clinic: MeetingClinic
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
        return await self.clinic.let_in()

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

    async def heard(self, event: str) -> None:
        """Graph told us over the wire what becomes of its subscriptions, and was answered 202."""
        self.tenant.house.graph_told.clear()
        answer = await self.tenant.http.post("/sandbox/teams/lifecycle", json={"event": event})
        assert answer.is_success
        [(body, status)] = self.tenant.house.graph_told
        assert (body["value"][0]["lifecycleEvent"], status) == (event, 202)

    async def panel(self, visit: Visit) -> tuple[str, str | None]:
        """What staff are told of how much Teams tells, and of which time that is."""
        clinic = self.clinic
        fresh = await clinic.fresh(visit)
        async with clinic.database.work() as work:
            view = await visit_view(work, clinic.org_id, fresh, now=clinic.now)
        return view["meeting"]["told"], view["meeting"]["told_at"]


@pytest_asyncio.fixture(loop_scope="session")
async def wired(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Wired]:
    plain = await open_clinic(database, clock, sealer)
    clinic = MeetingClinic(database, clock, plain.desk, plain.org_id, plain.connection)
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


async def test_a_promise_that_wants_renewing_is_renewed_and_holds_meanwhile(wired: Wired) -> None:
    visit = await wired.followed()
    first = await wired.row(visit)
    wired.clinic.later(minutes=10)

    await wired.heard("reauthorizationRequired")
    meanwhile = await wired.panel(visit)
    await wired.clinic.tend()
    await wired.held(visit)

    again = await wired.row(visit)
    assert (meanwhile, again.following_id) == (("all", None), first.following_id)
    assert again.following_until is not None
    assert again.following_until > wired.clinic.now + timedelta(hours=1)
    asked = [
        status for method, path, status in wired.tenant.house.graph_asked if path.endswith(again.following_id)
    ]
    assert asked == [200]
    assert (await wired.clinic.patient(visit)).state == "connected"


async def test_a_promise_that_was_taken_back_is_asked_for_anew_and_the_panel_says_what_was_not_told(
    wired: Wired,
) -> None:
    visit = await wired.followed()
    first = (await wired.row(visit)).following_id
    wired.clinic.later(minutes=1)

    await wired.heard("subscriptionRemoved")
    removed_at, between = wired.clinic.now, await wired.panel(visit)
    wired.clinic.later(seconds=20)
    await wired.clinic.tend()
    anew_at, after = wired.clinic.now, await wired.panel(visit)
    guest = await wired.held(visit)
    connected = (await wired.clinic.patient(visit)).state
    await wired.tenant.call(do="end", who=guest)
    await wired.told()

    assert (await wired.row(visit)).following_id not in (first, None)
    assert between == ("part", removed_at.isoformat())
    assert after == ("part", anew_at.isoformat())
    assert connected == "connected"
    assert await wired.panel(visit) == ("all", None)


async def test_what_was_missed_is_said_at_once_and_made_good_by_the_report(wired: Wired) -> None:
    """Both left while nothing got through: the panel must not go on saying that the patient is in the visit."""
    visit = await wired.followed()
    guest = await wired.held(visit)
    await wired.clinic.act(lobby.patient_gone, (await wired.clinic.patient(visit)).id, "tab-1")
    wired.clinic.later(minutes=5)
    page = wired.clinic.panel(visit)

    await wired.tenant.http.patch("/sandbox/teams", json={"notify": False})
    await wired.tenant.call(do="end", who=guest)
    await wired.told()
    silent = (await wired.clinic.patient(visit)).state
    await wired.tenant.http.patch("/sandbox/teams", json={"notify": True})
    said = page.last("visit")["visit"]["meeting"]
    await wired.clinic.tend()

    assert silent == "connected"
    assert (said["told"], said["told_at"]) == ("part", wired.clinic.now.isoformat())
    assert (await wired.clinic.patient(visit)).state == "left"
    assert await wired.panel(visit) == ("all", None)


async def test_where_graph_reaches_nobody_the_panel_says_that_nothing_is_told(wired: Wired) -> None:
    """The hook's address is wrong, or a firewall stands before it: Graph refuses the subscription."""
    right = wired.clinic.desk
    wired.clinic.desk = replace(right, public_url="http://127.0.0.1:9")
    visit = await wired.followed()
    at_first = await wired.panel(visit)

    wired.clinic.desk = right
    wired.clinic.later(minutes=2)
    await wired.clinic.tend()
    later = await wired.panel(visit)
    heard_until, anew_at = (await wired.row(visit)).following_until, wired.clinic.now
    wired.clinic.later(days=1)

    assert heard_until is not None
    assert at_first == ("none", None)
    assert later == ("part", anew_at.isoformat())
    assert await wired.panel(visit) == ("none", heard_until.isoformat())


async def test_the_check_tries_every_prerequisite_of_teams(wired: Wired) -> None:
    ground = Ground(Settings({}), wired.clinic.database, wired.clinic.desk, wired.clinic.org_id)

    well = await run_check(get_check("teams"), ground)
    wired.tenant.switches.policy = "none"
    broken = await run_check(get_check("teams"), ground)

    assert well.level is Level.ok, well.findings
    assert broken.level is Level.fail
    assert "Grant-CsApplicationAccessPolicy" in str([finding.mend for finding in broken.findings])
