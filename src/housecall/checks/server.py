"""Checks of what is on our own side: database, worker, key, clock, and what browsers ask of our address."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from housecall.checks.model import Finding, Ground, fail, ok, warn
from housecall.db.migrate import newest_revision
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.sealing import SealBroken
from housecall.tenancy.store import list_connections, list_organisations

_OLDEST: Final = 150_000
# Procrastinate's workers give a sign of life every ten seconds.
_GONE_AFTER: Final = timedelta(seconds=60)
_CLOCKS_APART_S: Final = 2.0
_ON_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


async def database(ground: Ground) -> Sequence[Finding]:
    """It answers, is new enough, stands at this version's tables, and is not the one for trying."""
    try:
        async with ground.database.work() as work:
            version = int(str(await _value(work, "SHOW server_version_num")))
            revision = str(await _value(work, "SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError):
        return [fail("The database does not answer.", "Start it, or mend HOUSECALL_DATABASE_URL.")]
    findings = [ok(f"PostgreSQL {version // 10_000} answers.")]
    if version < _OLDEST:
        findings = [fail(f"PostgreSQL {version // 10_000} is too old.", "Use PostgreSQL 15 or later.")]
    if revision != newest_revision():
        findings.append(
            fail(
                f"Its tables are those of revision {revision}.",
                "Run housecall migrate, or start Housecall anew.",
            )
        )
    if not ground.settings.text("HOUSECALL_DATABASE_URL"):
        findings.append(
            warn(
                "It is the embedded one, which is for trying and for small places.",
                "In production set HOUSECALL_DATABASE_URL to a PostgreSQL that is backed up.",
            )
        )
    return findings


async def worker(ground: Ground) -> Sequence[Finding]:
    """Some worker gave a sign of life within the last minute."""
    async with ground.database.work() as work:
        seen = await _value(work, "SELECT max(last_heartbeat) FROM procrastinate_workers")
        now = await _value(work, "SELECT now()")
    if isinstance(seen, datetime) and isinstance(now, datetime) and now - seen < _GONE_AFTER:
        return [ok("A worker is running.")]
    return [
        fail(
            "No worker is running: no message leaves, and no appointment is read.",
            "Start housecall serve, or housecall work beside housecall serve --web-only.",
        )
    ]


async def master_key(ground: Ground) -> Sequence[Finding]:
    """It is set, and opens what was sealed before."""
    if not await _opens_all(ground):
        return [
            fail(
                "The master key does not open what is stored.",
                "Set HOUSECALL_MASTER_KEY to the key that sealed it; several, newest first, while rotating.",
            )
        ]
    if not ground.settings.text("HOUSECALL_MASTER_KEY"):
        return [
            warn(
                "A key was made in the data directory, and opens what is stored.",
                "Keep a copy of master.key apart from the database's backup, or set HOUSECALL_MASTER_KEY.",
            )
        ]
    return [ok("The master key is set, and opens what is stored.")]


async def _opens_all(ground: Ground) -> bool:
    async with ground.database.work() as work:
        sealed = [
            (one.sign_in_secret_sealed, f"sign-in:{one.id}")
            for one in await list_organisations(work)
            if one.sign_in_secret_sealed
        ]
        for one in await list_organisations(work):
            for connection in await list_connections(work, OrgId(one.id)):
                secrets = (connection.client_secret_sealed, connection.system_client_secret_sealed)
                sealed += [(secret, f"connection:{connection.id}") for secret in secrets if secret]
    try:
        for secret, purpose in sealed:
            ground.desk.sealer.open(secret, purpose=purpose)
    except SealBroken:
        return False
    return True


async def browsers(ground: Ground) -> Sequence[Finding]:
    """The public address is one at which browsers give camera and microphone."""
    where = urlsplit(ground.desk.public_url)
    if where.scheme == "https":
        return [ok("The address is https: browsers give camera, microphone and our cookies there.")]
    if where.hostname in _ON_THIS_MACHINE:
        return [
            warn(
                "The address is this machine's own: it works here, and for nobody else.",
                "Set HOUSECALL_PUBLIC_URL to an https address for others.",
            )
        ]
    return [
        fail(
            "Browsers give neither camera nor microphone to a page that is not https.",
            "Put a proxy with a certificate before Housecall, and set HOUSECALL_PUBLIC_URL to its https address.",
        )
    ]


async def clock(ground: Ground) -> Sequence[Finding]:
    """Ours and the database's agree; an EHR's is looked at with its connection."""
    async with ground.database.work() as work:
        theirs = await _value(work, "SELECT clock_timestamp()")
    apart = abs((ground.desk.clock.now() - theirs).total_seconds()) if isinstance(theirs, datetime) else 0.0
    if apart > _CLOCKS_APART_S:
        return [
            fail(
                f"This server's clock and the database's are {apart:.0f} seconds apart.",
                "Set both by a time service (NTP).",
            )
        ]
    return [ok("This server's clock and the database's agree.")]


async def _value(work: Work, question: str) -> object:
    return (await work.session.execute(text(question))).scalar()
