"""Letting administrators into a hospital that was declared by the command."""

import asyncio

from housecall.compose import build_house, close_house, open_place
from housecall.kit.settings import Settings
from housecall.tenancy.store import list_organisations
from tests.stories.hospital import Parts


async def let_administrators_in(parts: Parts) -> None:
    """The organisation's sign-in is the sandbox's."""
    settings = Settings(parts.environment())
    place = await asyncio.to_thread(open_place, settings)
    house = await build_house(settings, place)
    async with house.database.work() as work:
        (organisation,) = await list_organisations(work)
        organisation.sign_in_issuer = f"{parts.sandbox}/idp"
        organisation.sign_in_client_id = "housecall-portal"
        organisation.sign_in_secret_sealed = house.sealer.seal(
            "sandbox-portal-secret", purpose=f"sign-in:{organisation.id}"
        )
    await close_house(house)
    await asyncio.to_thread(place.leave)
