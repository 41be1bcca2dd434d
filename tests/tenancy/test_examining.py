"""An address examined for an organisation: what it has declared before counts, and who confirmed the release."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from housecall.audit.model import Act
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.outward import Outward
from housecall.kit.clock import FakeClock
from housecall.kit.findings import Finding, Level
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.tenancy.connections import confirm_release, set_virtual_rules
from housecall.tenancy.errors import ConnectionUnknown, RuleUnknown
from housecall.tenancy.examining import Question, examine
from housecall.tenancy.model import Environment
from housecall.tenancy.store import get_connection
from tests.tenancy.test_connections import DECLARED, OPERATOR, Office

BASE = DECLARED.base_url
TEST, PRODUCTION = Environment.test, Environment.production


def _statement(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})


@pytest.fixture
def office(database: Database, clock: FakeClock, sealer: Sealer) -> Office:
    return Office(database, clock, sealer)


@pytest.fixture
def look(office: Office) -> Callable[..., object]:
    async def ask(org_id: OrgId | None, environment: Environment, base_url: str = BASE) -> dict[str, Finding]:
        result = await examine(
            office.database,
            org_id,
            Question(base_url, environment),
            network=NetworkRules(),
            clock=office.clock,
            outward=Outward(NetworkRules(), transport=httpx.MockTransport(_statement)),
        )
        return {finding.code: finding for finding in result.findings}

    return ask


async def test_a_test_address_for_production_is_named_with_both(look):
    found = await look(None, PRODUCTION, "https://fhir-ehr-code.cerner.com/r4/t1")
    reverse = await look(None, TEST, "https://fhir-ehr.cerner.com/r4/t1")

    assert found["environment"].level is Level.warn
    for word in ("fhir-ehr-code.cerner.com", "test", "production"):
        assert word in found["environment"].sentence
    assert "fhir-ehr.cerner.com" in reverse["environment"].sentence
    assert reverse["environment"].level is Level.warn


async def test_an_address_declared_for_the_other_environment_before_is_named_with_its_connection(
    office, look
):
    org_id = await office.organisation()
    declared = await office.declare(org_id)

    same = await look(org_id, TEST)
    other = await look(org_id, PRODUCTION, BASE + "/")
    strangers = await look(await office.organisation("another"), PRODUCTION)

    assert same["environment"].level is Level.ok
    assert declared.id in other["environment"].sentence
    assert strangers["environment"].level is Level.ok


async def test_a_release_confirmed_on_record_is_asked_for_no_more(office, look):
    org_id = await office.organisation()
    connection = await office.declare(org_id)
    before = await look(org_id, TEST)

    for _ in range(2):
        async with office.database.work() as work:
            await confirm_release(work, org_id, connection.id, now=office.clock.now(), by=OPERATOR)

    after = await look(org_id, TEST)
    async with office.database.work() as work:
        kept = await get_connection(work, org_id, connection.id)
    assert (before["release"].level, after["release"].level) == (Level.warn, Level.ok)
    assert kept.release_confirmed_by == OPERATOR.ref
    assert (await office.acts()).count(Act.release_confirmed.value) == 1


async def test_new_rules_are_on_record_and_have_everything_read_anew(office):
    org_id = await office.organisation()
    connection = await office.declare(org_id)
    async with office.database.work() as work:
        kept = await get_connection(work, org_id, connection.id)
        kept.first_polled_at = office.clock.now()

    for _ in range(2):
        async with office.database.work() as work:
            await set_virtual_rules(
                work,
                org_id,
                connection.id,
                ["service: 257 ", "rooms", "rooms"],
                now=office.clock.now(),
                by=OPERATOR,
            )

    async with office.database.work() as work:
        kept = await get_connection(work, org_id, connection.id)
        details = await work.session.scalars(
            select(AuditEntry.detail).where(AuditEntry.act == Act.connection_rules.value)
        )
        assert list(details) == [{"rules_before": "", "rules_after": "service: 257 | rooms"}]
    assert (kept.virtual_rules, kept.first_polled_at) == (["service: 257", "rooms"], None)


async def test_what_is_no_rule_and_whose_connection_it_is_not_change_nothing(office):
    org_id, another = await office.organisation(), await office.organisation("another")
    connection = await office.declare(org_id)

    async with office.database.work() as work:
        with pytest.raises(RuleUnknown, match="vidoe"):
            await set_virtual_rules(
                work, org_id, connection.id, ["vidoe"], now=office.clock.now(), by=OPERATOR
            )
        with pytest.raises(ConnectionUnknown):
            await set_virtual_rules(
                work, another, connection.id, ["rooms"], now=office.clock.now(), by=OPERATOR
            )
