"""``housecall admin invite``: a one-time address for an administrator; prints one JSON object."""

import argparse
import asyncio
import json

from housecall.audit.model import Actor, By
from housecall.compose import Place, build_house, close_house, open_place
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.tenancy.administrators import INVITE_LIFE, invite
from housecall.tenancy.service import ensure_organisation

_OPERATOR = By(Actor.operator, "command-line")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("admin", help="let an administrator in")
    parser.add_argument("act", choices=["invite"])
    parser.add_argument("--organisation", default="default")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Invite, and print the address; it is stored as a hash and cannot be printed again."""
    place = open_place(settings)
    try:
        answer = asyncio.run(_invite(settings, place, arguments.organisation))
    finally:
        place.leave()
    print(json.dumps(answer))  # noqa: T201
    return 0


async def _invite(settings: Settings, place: Place, organisation: str) -> dict[str, str]:
    house = await build_house(settings, place)
    now = house.clock.now()
    try:
        async with house.database.work() as work:
            owner = await ensure_organisation(
                work, organisation, region=settings.region, now=now, by=_OPERATOR
            )
            token = await invite(work, OrgId(owner.id), now=now, by=_OPERATOR)
    finally:
        await close_house(house)
    return {
        "url": f"{settings.public_url}/portal/invite/{token}",
        "organisation": owner.name,
        "expires_at": (now + INVITE_LIFE).isoformat(timespec="seconds"),
    }
