"""``housecall replay``: has links and status of a connection's visits written to the EHR again."""

import argparse
import asyncio
import json

from housecall.audit.model import Actor, By
from housecall.compose import Place, build_house, close_house, open_place
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.tenancy.errors import ConnectionUnknown
from housecall.tenancy.store import find_connection_anywhere
from housecall.visits.errors import VisitUnknown
from housecall.visits.store import get_visit
from housecall.visits.writing import replay, replay_connection

_OPERATOR = By(Actor.operator, "command-line")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("replay", help="write links and status to the EHR again")
    parser.add_argument("--connection", required=True, metavar="ID")
    parser.add_argument("--visit", metavar="ID", help="this visit only, also one that is over")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Enqueue the jobs, and print how many."""
    place = open_place(settings)
    try:
        jobs = asyncio.run(_replay(settings, place, arguments.connection, arguments.visit))
    finally:
        place.leave()
    print(json.dumps({"jobs": jobs}))  # noqa: T201
    return 0


async def _replay(settings: Settings, place: Place, connection_id: str, visit_id: str | None) -> int:
    house = await build_house(settings, place)
    try:
        async with house.database.work() as work:
            connection = await find_connection_anywhere(work, connection_id)
            if connection is None:
                raise ConnectionUnknown("There is no connection with this id.")
            org_id = OrgId(connection.org_id)
            if visit_id is None:
                return await replay_connection(house.desk, work, org_id, connection_id, by=_OPERATOR)
            visit = await get_visit(work, org_id, visit_id)
            if visit.connection_id != connection_id:
                raise VisitUnknown
            return await replay(house.desk, work, org_id, visit_id, by=_OPERATOR)
    finally:
        await close_house(house)
