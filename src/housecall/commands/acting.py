"""What commands on an organisation's settings share: one unit of work, and what stands then printed as JSON."""

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from housecall.audit.model import Actor, By
from housecall.compose import opened_house
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.tenancy.errors import OrganisationUnknown
from housecall.tenancy.store import find_organisation_by_name
from housecall.web.house import House

OPERATOR: Final = By(Actor.operator, "command-line")

Deed = Callable[[House, Work, OrgId, argparse.Namespace], Awaitable[Any]]


def add_act(acts: Any, name: str, words: str, deed: Deed, **more: Any) -> argparse.ArgumentParser:
    """An act of a command, on the organisation that is named."""
    parser: argparse.ArgumentParser = acts.add_parser(name, help=words)
    parser.add_argument("--organisation", default="default")
    parser.set_defaults(run=run, deed=deed, **more)
    return parser


async def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """The act is done, and what it answers printed once it stands."""
    async with opened_house(settings) as house:
        async with house.database.work() as work:
            owner = await find_organisation_by_name(work, arguments.organisation)
            if owner is None:
                raise OrganisationUnknown
            answer = await arguments.deed(house, work, OrgId(owner.id), arguments)
        print(json.dumps(answer))  # noqa: T201
    return 0
