"""Connections: declared once or again, allowed to text or not, and kept apart by organisation."""

from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.ehr.addresses import NetworkRules
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy import store
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.errors import ConnectionUnknown, IllegalConnectionMove, OrganisationUnknown
from housecall.tenancy.model import MOVES, ConnectionState, Environment, move
from housecall.tenancy.service import (
    Declaration,
    declare_connection,
    ensure_organisation,
    is_working,
    may_text,
    may_text_number,
    number_hash,
)
from housecall.tenancy.tables import Connection

OPERATOR = By(Actor.operator, "tests")
DECLARED = Declaration(
    base_url="https://ehr.example/r4/t1",
    environment=Environment.test,
    vendor="millennium",
    client_kind="symmetric",
    client_id="client-1",
    client_secret="launch-secret",
    system_client_id="system-1",
    system_client_secret="system-secret",
    texts_from="+18335550100",
    texts_to=("+1 (312) 555-0110",),
    consent_send=True,
    consent_attendees=True,
)


class Office:
    """The acts of an operator, each in a transaction of its own."""

    def __init__(self, database: Database, clock: FakeClock, sealer: Sealer) -> None:
        self.database = database
        self.clock = clock
        self.sealer = sealer

    async def organisation(self, name: str = "lakeside") -> OrgId:
        async with self.database.work() as work:
            made = await ensure_organisation(work, name, region="americas", now=self.clock.now(), by=OPERATOR)
            return OrgId(made.id)

    async def declare(self, org_id: OrgId, **change: Any) -> Connection:
        async with self.database.work() as work:
            return await declare_connection(
                work,
                org_id,
                replace(DECLARED, **change),
                sealer=self.sealer,
                now=self.clock.now(),
                by=OPERATOR,
            )

    async def acts(self) -> list[str]:
        async with self.database.work() as work:
            return list(await work.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, clock: FakeClock, sealer: Sealer) -> Office:
    return Office(database, clock, sealer)


async def test_an_organisation_is_made_once(office: Office) -> None:
    first = await office.organisation()
    again = await office.organisation()

    async with office.database.work() as work:
        names = [one.name for one in await store.list_organisations(work)]
    assert first == again
    assert names == ["lakeside"]
    assert await office.acts() == ["tenancy:organisation:created"]


async def test_declared_again_a_connection_is_changed_and_keeps_its_id(office: Office) -> None:
    org_id = await office.organisation()
    first = await office.declare(org_id)

    again = await office.declare(
        org_id, base_url=DECLARED.base_url + "/", client_id="client-2", client_secret=None, vendor="generic"
    )

    async with office.database.work() as work:
        [connection] = await store.list_connections(work, org_id)
    assert again.id == first.id
    assert (connection.client_id, connection.vendor) == ("client-2", "generic")
    assert connection.client_secret_sealed is None
    assert connection.base_url == "https://ehr.example/r4/t1"
    assert (await office.acts())[1:] == [
        "tenancy:connection:declared",
        "tenancy:consent:given",
        "tenancy:connection:changed",
        "tenancy:consent:given",
    ]


async def test_declared_again_a_live_connection_stays_live(office: Office) -> None:
    org_id = await office.organisation()
    first = await office.declare(org_id)
    async with office.database.work() as work:
        connection = await store.get_connection(work, org_id, first.id)
        connection.state, connection.first_polled_at = ConnectionState.live.value, office.clock.now()

    again = await office.declare(org_id)

    assert again.state == "live"
    assert again.first_polled_at == office.clock.now()
    assert again.next_poll_at is None


async def test_consent_taken_back_by_a_declaration_is_on_record(office: Office) -> None:
    org_id = await office.organisation()
    await office.declare(org_id)

    connection = await office.declare(org_id, consent_attendees=False)

    assert may_text(connection) == "no_consent"
    assert (await office.acts())[-1] == "tenancy:consent:withdrawn"


async def test_secrets_and_numbers_are_not_stored_in_clear(office: Office) -> None:
    connection = await office.declare(await office.organisation())

    stored = " ".join(str(value) for value in vars(connection).values())
    for secret in ("launch-secret", "system-secret", "3125550110"):
        assert secret not in stored
    purpose = f"connection:{connection.id}"
    assert office.sealer.open(connection.client_secret_sealed or b"", purpose=purpose) == "launch-secret"


async def test_test_and_production_on_one_address_are_two_connections(office: Office) -> None:
    org_id = await office.organisation()
    test = await office.declare(org_id)

    production = await office.declare(org_id, environment=Environment.production)

    assert production.id != test.id
    assert (is_working(test), is_working(production)) == (True, False)


async def test_two_organisations_on_one_address_do_not_see_each_other(office: Office) -> None:
    lakeside, hillside = await office.organisation("lakeside"), await office.organisation("hillside")
    ours = await office.declare(lakeside)
    theirs = await office.declare(hillside, client_id="client-2")

    async with office.database.work() as work:
        both = await store.list_connections_by_base_url(work, DECLARED.base_url + "/")
        listed = [[one.id for one in await store.list_connections(work, org)] for org in (lakeside, hillside)]
        crossed = await store.find_connection(work, lakeside, theirs.id)
        with pytest.raises(ConnectionUnknown):
            await store.get_connection(work, hillside, ours.id)
    assert ours.id != theirs.id
    assert {one.id for one in both} == {ours.id, theirs.id}
    assert listed == [[ours.id], [theirs.id]]
    assert crossed is None
    assert ours.client_id == "client-1"


async def test_an_organisation_that_is_not_there_is_named_unknown(office: Office) -> None:
    other = await office.organisation()
    async with office.database.work() as work:
        await work.session.delete(await store.get_organisation(work, other))

    async with office.database.work() as work:
        with pytest.raises(OrganisationUnknown):
            await store.get_organisation(work, other)


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({}, None),
        ({"consent_send": False}, "no_consent"),
        ({"consent_attendees": False}, "no_consent"),
        ({"texts_from": None}, "no_number"),
        ({"texts_from": ""}, "no_number"),
        ({"environment": Environment.production}, "connection_not_working"),
        ({"environment": Environment.production, "consent_send": False}, "connection_not_working"),
    ],
)
async def test_no_text_leaves_without_a_working_connection_both_consents_and_a_number(
    office: Office, change: dict[str, Any], obstacle: str | None
) -> None:
    connection = await office.declare(await office.organisation(), **change)

    assert may_text(connection) == obstacle


@pytest.mark.parametrize(
    ("listed", "number", "may"),
    [
        (("+1 (312) 555-0110",), "+13125550110", True),
        (("+13125550110", "+13125550111"), "+13125550111", True),
        (("+13125550110",), "+13125550112", False),
        ((), "+13125550110", False),
        (("any",), "+13125550112", True),
    ],
)
async def test_a_test_connection_texts_listed_numbers_only(
    office: Office, listed: tuple[str, ...], number: str, may: bool
) -> None:
    connection = await office.declare(await office.organisation(), texts_to=listed)

    assert may_text_number(connection, number, office.sealer) is may


async def test_a_production_connection_texts_every_number(office: Office) -> None:
    connection = await office.declare(
        await office.organisation(), environment=Environment.production, texts_to=()
    )

    assert may_text_number(connection, "+13125550199", office.sealer)


async def test_a_listed_number_stays_listed_after_a_rotation_of_the_master_key(office: Office) -> None:
    connection = await office.declare(await office.organisation())
    key = bytes(range(32))
    before = Sealer(key)
    connection.texts_to = [number_hash(before, "+13125550110")]

    assert may_text_number(connection, "+13125550110", Sealer(bytes(32), key))
    assert not may_text_number(connection, "+13125550110", Sealer(bytes(32)))


def test_a_numbers_hash_needs_the_key_and_the_digits_only(sealer: Sealer) -> None:
    usual = number_hash(sealer, "+13125550110")

    assert number_hash(sealer, "+1 (312) 555-0110") == usual
    assert number_hash(sealer, "+13125550111") != usual
    assert number_hash(Sealer(bytes(32)), "+13125550110") != usual
    assert "3125550110" not in usual


@pytest.mark.parametrize(
    ("environment", "works_from"),
    [(Environment.test, {"validated", "tested", "live"}), (Environment.production, {"live"})],
)
async def test_a_connection_works_from_its_state_on(
    office: Office, environment: Environment, works_from: set[str]
) -> None:
    org_id = await office.organisation()
    declared = await office.declare(org_id, environment=environment)
    for state in ConnectionState:
        async with office.database.work() as work:
            connection = await store.get_connection(work, org_id, declared.id)
            connection.state = state.value
        async with office.database.work() as work:
            listed = [one.id for one in await store.list_working_connections(work)]

        assert is_working(connection) == (state in works_from)
        assert (declared.id in listed) == (state in works_from)


async def test_a_feed_is_due_at_once_and_then_at_its_time(office: Office) -> None:
    org_id = await office.organisation()
    declared = await office.declare(org_id)
    now = office.clock.now()

    async def due() -> list[str]:
        async with office.database.work() as work:
            return list(await store.list_connections_due(work, now))

    async def poll_at(seconds: int) -> None:
        async with office.database.work() as work:
            connection = await store.get_connection(work, org_id, declared.id)
            connection.next_poll_at = now.replace(second=seconds)

    at_once = await due()
    await poll_at(30)
    not_yet = await due()
    await poll_at(0)

    assert (at_once, not_yet, await due()) == ([declared.id], [], [declared.id])


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        ("draft", "validate", "validated"),
        ("validated", "validate", "validated"),
        ("validated", "test", "tested"),
        ("tested", "test", "tested"),
        ("tested", "go_live", "live"),
        ("validated", "override", "live"),
        ("validated", "pause", "paused"),
        ("tested", "pause", "paused"),
        ("live", "pause", "paused"),
        ("paused", "resume", "live"),
    ],
)
def test_a_connection_moves_as_the_design_draws_it(state: str, verb: str, after: str) -> None:
    assert move(ConnectionState(state), verb) is ConnectionState(after)


def test_a_connection_has_no_other_moves() -> None:
    assert len(MOVES) == 10
    with pytest.raises(IllegalConnectionMove, match="draft cannot go live"):
        move(ConnectionState.draft, "go_live")


async def test_the_directory_keeps_one_client_until_the_connection_changes(office: Office) -> None:
    org_id = await office.organisation()
    directory = EhrDirectory(office.clock, office.sealer, NetworkRules.from_setting(("true",), ""))
    connection = await office.declare(org_id)
    first = directory.client(connection)
    same = directory.client(await office.declare(org_id))

    changed = directory.client(await office.declare(org_id, client_secret="another-secret"))

    assert same is first
    assert changed is not first
    await directory.close()
