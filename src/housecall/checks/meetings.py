"""Checks of the meeting services that connections have chosen: licences, policy and permissions, tried live."""

from collections.abc import Sequence

from housecall.checks.model import Finding, Ground, Level, fail, skipped
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.meetings.teams.backend import TEAMS
from housecall.meetings.teams.checks import check_teams
from housecall.tenancy.meetings import TeamsDirectory
from housecall.tenancy.store import list_connections, list_organisations
from housecall.tenancy.store_departments import list_departments
from housecall.tenancy.store_people import find_any_object_id
from housecall.tenancy.tables import Connection


async def teams(ground: Ground) -> Sequence[Finding]:
    """Every connection that holds its visits, or a department's, in Teams can, for its organiser."""
    chosen = await _chosen(ground)
    if not chosen:
        return [skipped("No connection holds its visits in Teams.")]
    return [
        finding for connection, organiser in chosen for finding in await _try(ground, connection, organiser)
    ]


async def _chosen(ground: Ground) -> list[tuple[Connection, str | None]]:
    found: list[tuple[Connection, str | None]] = []
    async with ground.database.work() as work:
        organisations = [ground.org_id] if ground.org_id is not None else []
        organisations = organisations or [OrgId(one.id) for one in await list_organisations(work)]
        for org_id in organisations:
            besides = {
                one.connection_id
                for one in await list_departments(work, org_id)
                if one.meeting_service == TEAMS
            }
            for connection in await list_connections(work, org_id):
                if connection.meeting_service == TEAMS or connection.id in besides:
                    known = await find_any_object_id(work, org_id, connection.id)
                    found.append((connection, connection.meeting_options.get("organiser") or known))
    return found


async def _try(ground: Ground, connection: Connection, organiser: str | None) -> list[Finding]:
    services = ground.desk.services
    assert isinstance(services, TeamsDirectory)
    if organiser is None:
        return [
            skipped(
                "No organiser is known yet to make a meeting for.",
                f"Type housecall teams check --connection {connection.id} --organiser with somebody's object id.",
            )
        ]
    hook = f"{ground.desk.public_url}/hooks/meetings"
    try:
        found = await check_teams(
            services.teams_of(connection), organiser=organiser, now=ground.desk.clock.now(), hook=hook
        )
    except HousecallError as error:
        return [fail(error.sentence, f"Look up {error.code} in the list of error codes.")]
    return [Finding(Level(one.level), one.sentence, one.mend) for one in found]
