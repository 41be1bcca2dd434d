"""``housecall teams``: Microsoft Teams as a connection's meeting service, set up and tried without the portal."""

import argparse
import os
from pathlib import Path
from typing import Final

from housecall.audit.model import Actor, By
from housecall.compose import opened_house
from housecall.kit.clock import SystemClock
from housecall.kit.findings import Finding, Level
from housecall.kit.settings import Settings
from housecall.meetings.base import Chat
from housecall.meetings.teams.certificate import make_certificate
from housecall.meetings.teams.checks import check_teams
from housecall.meetings.teams.clouds import CLOUDS
from housecall.tenancy.meetings import TeamsChoice, TeamsDirectory, choose_own_rooms, choose_teams
from housecall.tenancy.store import get_connection_anywhere
from housecall.tenancy.tables import Connection
from housecall.visits.organisers import map_person
from housecall.web.house import House

_OPERATOR: Final = By(Actor.operator, "command line")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and what it does."""
    parser = commands.add_parser("teams", help="hold a connection's visits in Microsoft Teams")
    acts = parser.add_subparsers(required=True, metavar="act")
    make = acts.add_parser("certificate", help="make the app's key and certificate")
    make.add_argument("--out", required=True, type=Path, metavar="FILE", help="both, in PEM; keep it safe")
    make.set_defaults(run=make_one)
    use = acts.add_parser("use", help="hold visits found from now on in Teams")
    _name_connection(use)
    use.add_argument("--tenant", required=True, metavar="ID")
    use.add_argument("--client-id", required=True, metavar="ID")
    use.add_argument(
        "--certificate", type=Path, metavar="FILE", help="what certificate wrote; kept if left out"
    )
    use.add_argument("--cloud", choices=sorted(CLOUDS), default="global")
    use.add_argument(
        "--organiser", metavar="OBJECT-ID", help="one account for all; else each visit's clinician"
    )
    use.add_argument("--chat", choices=[one.value for one in Chat], default=Chat.limited.value)
    use.add_argument("--recording", action="store_true", help="staff may record and transcribe")
    use.add_argument(
        "--for-departments",
        action="store_true",
        help="set up only: visits stay where they are, save those of departments that choose Teams",
    )
    use.set_defaults(run=use_teams)
    off = acts.add_parser("off", help="hold visits found from now on in rooms of Housecall's own")
    _name_connection(off)
    off.set_defaults(run=use_own_rooms)
    person = acts.add_parser("person", help="say who a clinician is in the directory")
    _name_connection(person)
    person.add_argument("--user", required=True, metavar="ID", help="the clinician's id in the EHR")
    person.add_argument("--object-id", required=True, metavar="OBJECT-ID", help="theirs in the directory")
    person.set_defaults(run=name_person)
    check = acts.add_parser("check", help="try every prerequisite, and say how to mend what is missing")
    _name_connection(check)
    check.add_argument(
        "--organiser", metavar="OBJECT-ID", help="for whom to try; else the connection's account"
    )
    check.set_defaults(run=check_all)


def _name_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connection", required=True, metavar="ID")


def make_one(settings: Settings, arguments: argparse.Namespace) -> int:
    """A new key and certificate are in the file; the public half is printed, to upload to Entra."""
    made = make_certificate(SystemClock().now())
    # Never readable by others, not even for a moment; a file that is there is not written over.
    handle = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(made.pem)
    print(made.public_pem)  # noqa: T201
    print(f"Upload the certificate above to the app registration. Thumbprint: {made.thumbprint}")  # noqa: T201
    return 0


async def use_teams(settings: Settings, arguments: argparse.Namespace) -> int:
    """Visits found from now on are held in Teams, all of them or those of departments that choose it."""
    choice = TeamsChoice(
        tenant=arguments.tenant,
        client_id=arguments.client_id,
        pem=arguments.certificate.read_text() if arguments.certificate else None,
        cloud=arguments.cloud,
        organiser=arguments.organiser,
        chat=arguments.chat,
        may_record=arguments.recording,
    )
    async with opened_house(settings) as house, house.database.work() as work:
        connection = await get_connection_anywhere(work, arguments.connection)
        await choose_teams(
            work,
            connection,
            choice,
            sealer=house.sealer,
            clock=house.clock,
            by=_OPERATOR,
            for_all=not arguments.for_departments,
        )
    return 0


async def use_own_rooms(settings: Settings, arguments: argparse.Namespace) -> int:
    """Visits found from now on are held in rooms of our own."""
    async with opened_house(settings) as house, house.database.work() as work:
        connection = await get_connection_anywhere(work, arguments.connection)
        await choose_own_rooms(work, connection, clock=house.clock, by=_OPERATOR)
    return 0


async def name_person(settings: Settings, arguments: argparse.Namespace) -> int:
    """The directory knows the clinician under that object id."""
    async with opened_house(settings) as house, house.database.work() as work:
        connection = await get_connection_anywhere(work, arguments.connection)
        await map_person(
            house.desk, work, connection, arguments.user, arguments.object_id, is_by_hand=True, by=_OPERATOR
        )
    return 0


async def check_all(settings: Settings, arguments: argparse.Namespace) -> int:
    """Every prerequisite was tried, one line each; exit code 1 if one is missing."""
    async with opened_house(settings) as house:
        async with house.database.work() as work:
            connection = await get_connection_anywhere(work, arguments.connection)
        found = await _try(house, connection, arguments.organiser)
    for finding in found:
        print(f"{finding.level.value:4}  {finding.sentence}")  # noqa: T201
        for line in finding.mend.splitlines():
            print(f"      {line}")  # noqa: T201
    return int(any(finding.level is Level.fail for finding in found))


async def _try(house: House, connection: Connection, organiser: str | None) -> list[Finding]:
    services = house.desk.services
    assert isinstance(services, TeamsDirectory)
    whom = organiser or connection.meeting_options.get("organiser") or ""
    hook = f"{house.public_url}/hooks/meetings"
    return await check_teams(services.teams_of(connection), organiser=whom, now=house.clock.now(), hook=hook)
