"""A production connection goes live with a working relay, or with an override on record."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock, SystemClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.meetings.builtin import BuiltinRooms
from housecall.meetings.memory import MemoryRooms
from housecall.meetings.relay import RelayFault
from housecall.tenancy.errors import RelayMissing
from housecall.tenancy.model import ConnectionState, Environment, Protection
from housecall.tenancy.protection import stand_of
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation, go_live
from housecall.tenancy.tables import Connection
from tests.meetings.coturn import Coturn, needs_coturn

OPERATOR = By(Actor.operator, "tests")


@needs_coturn
async def test_a_relay_that_works_at_one_of_its_addresses_protects() -> None:
    with Coturn() as relay:
        rooms = BuiltinRooms(SystemClock(), ("turn:127.0.0.1:1?transport=tcp", relay.udp), relay.secret)
        standing = await stand_of(rooms)

    assert standing.protection is Protection.relay
    assert [one.fault for one in standing.findings] == [RelayFault.unreachable, None]
    assert standing.sentences == [f"turn:127.0.0.1:1?transport=tcp {standing.findings[0].sentence}"]


async def test_without_a_relay_protection_is_off_unless_that_is_overridden() -> None:
    rooms = BuiltinRooms(SystemClock())

    assert (await stand_of(rooms)).protection is Protection.off
    assert (await stand_of(rooms, override=True)).protection is Protection.overridden
    assert "HOUSECALL_TURN_URLS" in (await stand_of(rooms)).refusal


async def test_a_service_that_carries_the_media_itself_needs_no_relay() -> None:
    rooms = MemoryRooms()
    rooms.capabilities = replace(rooms.capabilities, connects_browsers=False)

    assert (await stand_of(rooms)).protection is Protection.service


@pytest.mark.parametrize(
    ("environment", "protection", "after"),
    [
        (Environment.production, Protection.off, None),
        (Environment.production, Protection.relay, "relay"),
        (Environment.production, Protection.overridden, "overridden"),
        (Environment.test, Protection.off, "off"),
    ],
)
async def test_only_production_needs_protection_and_the_log_says_what_it_was(
    database: Database,
    clock: FakeClock,
    sealer: Sealer,
    environment: Environment,
    protection: Protection,
    after: str | None,
) -> None:
    connection = await declared(database, clock, sealer, environment)

    try:
        async with database.work() as work:
            found = await work.session.get_one(Connection, connection.id)
            await go_live(work, found, protection=protection, now=clock.now(), by=OPERATOR)
    except RelayMissing:
        assert after is None

    async with database.work() as work:
        found = await work.session.get_one(Connection, connection.id)
        details = list(await work.session.scalars(select(AuditEntry.detail).order_by(AuditEntry.id)))
    live = [one["protection"] for one in details if one.get("state_after") == "live"]
    assert live == ([after] if after else [])
    assert (found.state == ConnectionState.live) == (after is not None)


async def declared(
    database: Database, clock: FakeClock, sealer: Sealer, environment: Environment
) -> Connection:
    async with database.work() as work:
        owner = await ensure_organisation(work, "lakeside", region="americas", now=clock.now(), by=OPERATOR)
        declaration = Declaration(
            base_url="https://ehr.example/r4/t1",
            environment=environment,
            vendor="generic",
            client_kind="public",
            client_id="client-1",
        )
        return await declare_connection(
            work, OrgId(owner.id), declaration, sealer=sealer, now=clock.now(), by=OPERATOR
        )
