"""Microsoft's clouds: each has addresses of its own, and lacks what it lacks; the wrong one is said to be wrong."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from housecall.kit.clock import SystemClock
from housecall.kit.findings import Level
from housecall.meetings.errors import CloudUnfit, MeetingRefused, SignInRefused
from housecall.meetings.teams.checks import check_teams, permissions_for
from housecall.meetings.teams.clouds import CLOUDS, check_address, refuse_unfit
from tests.meetings.served import ServedTenant, a_plan, serve_tenant
from tests.sandbox.tenant import CLINICIAN

GOVERNMENT = ["usgov-high", "usgov-dod"]
JOIN = "/l/meetup-join/19%3ameeting_x%40thread.v2/0"
# Typed in apart from the code: Microsoft's page on national clouds, and join links as each of them writes them.
ADDRESSES = {
    "global": ("login.microsoftonline.com", "graph.microsoft.com", "teams.microsoft.com"),
    "usgov-high": ("login.microsoftonline.us", "graph.microsoft.us", "gov.teams.microsoft.us"),
    "usgov-dod": ("login.microsoftonline.us", "dod-graph.microsoft.us", "dod.teams.microsoft.us"),
    "china": ("login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "teams.microsoftonline.cn"),
}


@pytest_asyncio.fixture(loop_scope="session")
async def tenant() -> AsyncIterator[ServedTenant]:
    async with serve_tenant(SystemClock()) as served:
        yield served


@pytest.mark.parametrize("name", sorted(CLOUDS))
def test_each_cloud_signs_in_asks_and_joins_at_its_own_addresses(name: str) -> None:
    cloud, (login, graph, teams) = CLOUDS[name], ADDRESSES[name]

    assert (cloud.login, cloud.graph, cloud.scope) == (
        f"https://{login}", f"https://{graph}", f"https://{graph}/.default",
    )  # fmt: skip
    assert check_address(cloud, f"https://{teams}{JOIN}")


@pytest.mark.parametrize("name", sorted(CLOUDS))
def test_nobody_is_sent_to_another_clouds_teams(name: str) -> None:
    others = {teams for other, (_, _, teams) in ADDRESSES.items() if other != name}
    wrong = [f"https://{teams}{JOIN}" for teams in others] + [f"http://{ADDRESSES[name][2]}{JOIN}"]

    for address in wrong:
        with pytest.raises(MeetingRefused, match="does not lead to Teams"):
            check_address(CLOUDS[name], address)


@pytest.mark.parametrize("cloud", GOVERNMENT)
async def test_a_government_cloud_makes_meetings_and_is_not_asked_for_what_it_lacks(
    tenant: ServedTenant, cloud: str
) -> None:
    tenant.switches.cloud = cloud
    teams = tenant.backend(SystemClock(), cloud=cloud)

    made = await teams.ensure(a_plan(SystemClock().now()))
    found = await check_teams(teams, organiser=CLINICIAN, now=SystemClock().now())
    await teams.close()

    assert (made.guest_url, made.is_browser_only) == (made.staff_url, False)
    assert {one.level for one in found} == {Level.ok}
    assert not [path for _, path, _ in tenant.house.graph_asked if path.endswith("JoinWebUrl")]
    assert "VirtualAppointment.Read.All" not in dict(permissions_for(CLOUDS[cloud]))
    assert "VirtualAppointment.Read.All" in dict(permissions_for(CLOUDS["global"]))


@pytest.mark.parametrize(
    ("chosen", "real"),
    [
        ("global", "usgov-high"),
        ("usgov-high", "global"),
        ("usgov-high", "usgov-dod"),
        ("usgov-dod", "usgov-high"),
    ],
)
async def test_a_directory_of_another_cloud_is_said_to_be_one(
    tenant: ServedTenant, chosen: str, real: str
) -> None:
    tenant.switches.cloud = real
    teams = tenant.backend(SystemClock(), cloud=chosen)

    with pytest.raises(SignInRefused, match="which of Microsoft's clouds it is in"):
        await teams.ensure(a_plan(SystemClock().now()))
    await teams.close()


async def test_in_china_no_visit_is_held_in_teams(tenant: ServedTenant) -> None:
    teams = tenant.backend(SystemClock(), cloud="china")

    with pytest.raises(CloudUnfit, match="China") as refusal:
        await teams.ensure(a_plan(SystemClock().now()))
    await teams.close()

    assert refusal.value.sentence.count(".") == 1
    for name in CLOUDS.keys() - {"china"}:
        refuse_unfit(name)
    assert tenant.house.graph_asked == type(tenant.house.graph_asked)()
