"""The demo's visits held in the sandbox's Microsoft Teams: the app registered, the service chosen."""

from typing import Any

import httpx

from housecall.audit.model import Actor, By
from housecall.compose import Place, build_house, close_house
from housecall.kit.settings import Settings
from housecall.meetings.base import OWN_ROOMS
from housecall.meetings.teams.certificate import make_certificate
from housecall.tenancy.meetings import TeamsChoice, choose_own_rooms, choose_teams
from housecall.tenancy.store import get_connection_anywhere
from housecall.web.house import House

_OPERATOR = By(Actor.operator, "demo")


async def hold_visits(
    settings: Settings, place: Place, sandbox: httpx.AsyncClient, connection_id: str, *, with_teams: bool
) -> None:
    """The demo's visits are held in Teams, or in rooms of our own again."""
    house = await build_house(settings, place)
    try:
        if with_teams:
            tenant: dict[str, Any] = (await sandbox.get("/sandbox/teams")).json()
            await _use_teams(house, sandbox, connection_id, tenant)
        else:
            await _use_own_rooms(house, connection_id)
    finally:
        await close_house(house)


async def _use_teams(
    house: House, sandbox: httpx.AsyncClient, connection_id: str, tenant: dict[str, Any]
) -> None:
    certificate = make_certificate(house.clock.now())
    await sandbox.post("/sandbox/teams/certificates", json={"certificate": certificate.public_pem})
    choice = TeamsChoice(
        tenant=tenant["tenant"],
        client_id=tenant["client"],
        pem=certificate.pem,
    )
    async with house.database.work() as work:
        connection = await get_connection_anywhere(work, connection_id)
        await choose_teams(work, connection, choice, sealer=house.sealer, clock=house.clock, by=_OPERATOR)


async def _use_own_rooms(house: House, connection_id: str) -> None:
    async with house.database.work() as work:
        connection = await get_connection_anywhere(work, connection_id)
        if connection.meeting_service != OWN_ROOMS:
            await choose_own_rooms(work, connection, clock=house.clock, by=_OPERATOR)
