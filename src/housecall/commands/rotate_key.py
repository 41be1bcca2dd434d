"""``housecall rotate-key``: a new key for signing in at EHRs, while the old one is still known."""

import argparse
import asyncio
import json

from housecall.compose import Place, build_house, close_house, open_place
from housecall.kit.settings import Settings
from housecall.tenancy.keys import rotate_signing_key


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rotate-key", help="make a new key for signing in at EHRs")
    parser.add_argument(
        "--algorithm", choices=["ES384", "RS384"], help="the new key's; the same as before when not given"
    )
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Rotate, and print what was done."""
    place = open_place(settings)
    try:
        answer = asyncio.run(_rotate(settings, place, arguments))
    finally:
        place.leave()
    print(json.dumps(answer))  # noqa: T201
    return 0


async def _rotate(settings: Settings, place: Place, arguments: argparse.Namespace) -> dict[str, object]:
    house = await build_house(settings, place)
    try:
        async with house.database.work() as work:
            done = await rotate_signing_key(
                work, house.sealer, now=house.clock.now(), algorithm=arguments.algorithm
            )
    finally:
        await close_house(house)
    return {
        "kid": done.kid,
        "algorithm": done.algorithm,
        "signs_from": done.signs_from.isoformat(timespec="seconds"),
        "published": done.published,
        "retired": done.retired,
    }
