"""People of the organisation and their sessions."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.tenancy.administrators import (
    INVITE_LIFE,
    SESSION_IDLE,
    SESSION_LIFE,
    SignedIn,
    accept_invite,
    end_other_sessions,
    find_session,
    invite,
    list_own_sessions,
    sign_in,
    sign_out,
)
from housecall.tenancy.errors import InviteDead
from housecall.tenancy.model import Right, Role
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


async def test_a_session_that_is_used_lives_eight_hours(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))

    seen = []
    for _ in range(24):
        door.clock.advance(timedelta(minutes=20))
        seen.append(await door.find(secret) is not None)

    assert timedelta(hours=8) == SESSION_LIFE
    assert seen == [True] * 23 + [False]


async def test_a_session_that_nobody_uses_for_half_an_hour_is_over(door: Door) -> None:
    secret = await door.sign_in(await door.organisation("lakeside"))

    door.clock.advance(SESSION_IDLE - timedelta(seconds=1))
    in_time = await door.find(secret)
    door.clock.advance(SESSION_IDLE)

    assert timedelta(minutes=30) == SESSION_IDLE
    assert in_time is not None
    assert await door.find(secret) is None


async def test_somebody_may_end_their_sessions_elsewhere(door: Door) -> None:
    org_id = await door.organisation("lakeside")
    here, there = await door.sign_in(org_id), await door.sign_in(org_id)
    somebody_else = await door.sign_in(org_id, subject="sub-2")
    person = await door.get(here)

    async with door.database.work() as work:
        before = await list_own_sessions(work, person, now=door.clock.now())
        ended = await end_other_sessions(work, person, now=door.clock.now())

    assert (len(before), ended) == (2, 1)
    assert await door.find(here) is not None
    assert await door.find(there) is None
    assert await door.find(somebody_else) is not None


async def test_two_roles_open_what_either_opens(door: Door) -> None:
    org_id = await door.organisation("lakeside")
    async with door.database.work() as work:
        secret = await sign_in(
            work,
            org_id,
            issuer="https://id.example",
            subject="sub-1",
            role=Role.reader,
            other_roles=[Role.auditor],
            now=door.clock.now(),
        )

    person = await door.get(secret)

    assert person.roles == (Role.reader, Role.auditor)
    assert [person.may(right) for right in (Right.read_reports, Right.read_audit, Right.administer)] == [
        True,
        True,
        False,
    ]


async def test_an_invitation_opens_once_and_within_a_day(door: Door) -> None:
    org_id, by = await door.organisation("lakeside"), By(Actor.operator, "tests")
    async with door.database.work() as work:
        used, late = [await invite(work, org_id, now=door.clock.now(), by=by) for _ in range(2)]
        secret = await accept_invite(work, used, now=door.clock.now())

    person = await door.get(secret)
    door.clock.advance(INVITE_LIFE)

    assert (person.role, person.org_id, person.is_invited) == (Role.administrator, org_id, True)
    for token in (used, late, "never-given"):
        with pytest.raises(InviteDead):
            async with door.database.work() as work:
                await accept_invite(work, token, now=door.clock.now())
    async with door.database.work() as work:
        stored = " ".join((await work.session.execute(text("SELECT i::text FROM invite i"))).scalars())
    assert used not in stored
    assert late not in stored


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
