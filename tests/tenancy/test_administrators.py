"""People of the organisation and their sessions."""

from dataclasses import dataclass
from datetime import timedelta

import pytest_asyncio
from sqlalchemy import select, text

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.tenancy.administrators import SESSION_LIFE, SignedIn, find_session, sign_in, sign_out
from housecall.tenancy.model import Role
from housecall.tenancy.service import ensure_organisation
from housecall.tenancy.tables import Administrator


@dataclass
class Door:
    """Signing in and out, each in a transaction of its own."""

    database: Database
    clock: FakeClock

    async def organisation(self, name: str) -> OrgId:
        async with self.database.work() as work:
            by = By(Actor.operator, "tests")
            made = await ensure_organisation(work, name, region="americas", now=self.clock.now(), by=by)
            return OrgId(made.id)

    async def sign_in(self, org_id: OrgId, subject: str = "sub-1", role: Role = Role.administrator) -> str:
        async with self.database.work() as work:
            return await sign_in(
                work, org_id, issuer="https://id.example", subject=subject, role=role, now=self.clock.now()
            )

    async def find(self, secret: str) -> SignedIn | None:
        async with self.database.work() as work:
            return await find_session(work, secret, now=self.clock.now())

    async def get(self, secret: str) -> SignedIn:
        person = await self.find(secret)
        assert person is not None
        return person


@pytest_asyncio.fixture(loop_scope="session")
async def door(database: Database, clock: FakeClock) -> Door:
    return Door(database, clock)


async def test_a_cookie_leads_to_the_person_their_role_and_organisation(door: Door) -> None:
    org_id = await door.organisation("lakeside")

    person = await door.get(await door.sign_in(org_id, role=Role.reader))

    assert (person.org_id, person.role) == (org_id, Role.reader)
    assert person.by == By(Actor.administrator, person.administrator_id)


async def test_a_session_lives_eight_hours(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))

    door.clock.advance(SESSION_LIFE - timedelta(seconds=1))
    at_the_end = await door.find(secret)
    door.clock.advance(timedelta(seconds=1))

    assert timedelta(hours=8) == SESSION_LIFE
    assert at_the_end is not None
    assert await door.find(secret) is None


async def test_after_signing_out_the_cookie_leads_nowhere(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))
    other_browser = await door.sign_in(await door.organisation("lakeside"))
    person = await door.get(secret)

    async with door.database.work() as work:
        await sign_out(work, person, now=door.clock.now())

    assert await door.find(secret) is None
    assert await door.find(other_browser) is not None


async def test_a_cookie_that_was_never_given_leads_nowhere(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))

    assert await door.find("") is None
    assert await door.find(secret + "x") is None


async def test_the_cookie_is_stored_as_a_hash_only(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))

    async with door.database.work() as work:
        rows = await work.session.execute(text("SELECT s::text FROM portal_session s"))
        stored = " ".join(rows.scalars())
    assert secret not in stored
    assert (await door.get(secret)).session.secret_hash in stored


async def test_the_role_is_the_one_given_at_the_last_sign_in(door: Door) -> None:
    """Taken out of the administrators' group, somebody keeps no old session's rights."""
    org_id = await door.organisation("lakeside")
    old = await door.sign_in(org_id, role=Role.administrator)

    await door.sign_in(org_id, role=Role.reader)

    assert (await door.get(old)).role is Role.reader
    async with door.database.work() as work:
        people = (await work.session.scalars(select(Administrator))).all()
    assert len(people) == 1


async def test_the_same_subject_in_two_organisations_is_two_people(door: Door) -> None:
    lakeside, hillside = await door.organisation("lakeside"), await door.organisation("hillside")

    ours = await door.get(await door.sign_in(lakeside, role=Role.administrator))
    theirs = await door.get(await door.sign_in(hillside, role=Role.auditor))

    assert ours.administrator_id != theirs.administrator_id
    assert (ours.org_id, ours.role) == (lakeside, Role.administrator)
    assert (theirs.org_id, theirs.role) == (hillside, Role.auditor)


async def test_signing_in_and_out_is_in_the_audit_log_without_a_name(door: Door) -> None:
    org_id = await door.organisation("lakeside")
    person = await door.get(await door.sign_in(org_id))
    async with door.database.work() as work:
        await sign_out(work, person, now=door.clock.now())

    async with door.database.work() as work:
        entries = list(await work.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))[1:]
    assert [entry.act for entry in entries] == [
        "tenancy:administrator:signed_in",
        "tenancy:administrator:signed_out",
    ]
    assert {entry.actor_ref for entry in entries} == {person.administrator_id}
    assert {entry.org_id for entry in entries} == {org_id}
