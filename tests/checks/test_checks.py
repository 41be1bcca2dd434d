"""Each check against the real thing, working and broken; and none takes longer than its time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from housecall.checks import outside, server
from housecall.checks.model import Check, Finding, Ground, Level, ok
from housecall.checks.registry import CHECKS, CheckUnknown, get_check, run_all, run_check
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.meetings.builtin import BuiltinRooms
from housecall.messaging.number_store import get_number
from housecall.messaging.numbers import bring_number
from housecall.tenancy.sign_in import SignInSettings, apply_sign_in
from housecall.tenancy.store import get_connection
from tests.telecom.imap_server import PASSWORD, USER, imap_served
from tests.tenancy.small_provider import CLIENT, SECRET, provide
from tests.visits.clinic import OPERATOR, Clinic, open_clinic
from tests.web.live import serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


def ground(clinic: Clinic, *, public_url: str = "", **settings: str) -> Ground:
    desk = replace(clinic.desk, public_url=public_url or clinic.desk.public_url)
    if "HOUSECALL_TURN_URLS" in settings:
        desk = replace(
            desk, meetings=BuiltinRooms(clinic.clock, (settings["HOUSECALL_TURN_URLS"],), "secret")
        )
    return Ground(Settings(settings), clinic.database, desk, clinic.org_id)


async def level_of(name: str, here: Ground) -> Level:
    return (await run_check(get_check(name), here)).level


@asynccontextmanager
async def answering(answer: Callable[[Request], Response]) -> AsyncIterator[str]:
    """A server that answers everything the same; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/{path:path}", answer)])
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        await task


async def test_a_database_that_is_away_is_said_to_be(clinic: Clinic) -> None:
    away = Database({"americas": "postgresql+psycopg://nobody@127.0.0.1:9/none"}, clinic.database.queue)

    (finding,) = await server.database(replace(ground(clinic), database=away))
    await away.close()

    assert (finding.level, finding.mend) == (Level.fail, "Start it, or mend HOUSECALL_DATABASE_URL.")


async def test_a_worker_is_running_when_it_gave_a_sign_of_life(clinic: Clinic) -> None:
    without = await level_of("worker", ground(clinic))
    async with clinic.database.work() as work:
        await work.session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    there = await level_of("worker", ground(clinic))
    async with clinic.database.work() as work:
        await work.session.execute(
            text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
        )
    gone = await level_of("worker", ground(clinic))
    async with clinic.database.work() as work:
        await work.session.execute(text("DELETE FROM procrastinate_workers"))

    assert (without, there, gone) == (Level.fail, Level.ok, Level.fail)


async def test_the_master_key_must_open_what_is_stored(clinic: Clinic, sealer: Sealer) -> None:
    settings = SignInSettings("https://id.example", CLIENT, SECRET)
    async with clinic.database.work() as work:
        await apply_sign_in(work, clinic.org_id, settings, sealer=sealer, now=clinic.now, by=OPERATOR)
    another = replace(clinic.desk, sealer=Sealer(b"x" * 32))

    made, given = ground(clinic), ground(clinic, HOUSECALL_MASTER_KEY="set")
    foreign = replace(ground(clinic), desk=another)

    assert [await level_of("master-key", one) for one in (made, given, foreign)] == [
        Level.warn,
        Level.ok,
        Level.fail,
    ]


@pytest.mark.parametrize(
    ("address", "level"),
    [
        ("https://video.clinic.example", Level.ok),
        ("http://localhost:8000", Level.warn),
        ("http://video.clinic.example", Level.fail),
    ],
)
async def test_browsers_need_a_secure_address(clinic: Clinic, address: str, level: Level) -> None:
    assert await level_of("browsers", ground(clinic, public_url=address)) is level


async def test_a_clock_that_is_off_the_databases_is_found(clinic: Clinic) -> None:
    (finding,) = await server.clock(ground(clinic))

    assert finding.level is Level.fail
    assert "seconds apart" in finding.sentence


async def test_housecall_is_told_from_nothing_and_from_somebody_else_at_its_address(clinic: Clinic) -> None:
    # The house compares a socket's origin with its own address, which here has the port of the test.
    async with serve(clinic) as live:
        own = f"http://127.0.0.1:{live.port}"
        itself = await level_of("public-url", ground(clinic, public_url=own))
    nobody = await level_of("public-url", ground(clinic, public_url=own))
    async with answering(lambda _: PlainTextResponse("Welcome to the proxy")) as other:
        somebody_else = await outside.public_url(ground(clinic, public_url=other))
        no_socket = await level_of("sockets", ground(clinic, public_url=other))

    assert (itself, nobody, no_socket) == (Level.ok, Level.fail, Level.fail)
    assert "not Housecall" in somebody_else[0].sentence


async def test_without_a_relay_one_is_warned_and_a_dead_one_fails(clinic: Clinic) -> None:
    builtin = replace(clinic.desk, meetings=BuiltinRooms(clinic.clock))
    without = await run_check(get_check("relay"), replace(ground(clinic), desk=builtin))
    dead = await run_check(
        get_check("relay"), ground(clinic, HOUSECALL_TURN_URLS="turn:127.0.0.1:9?transport=tcp")
    )

    assert (without.level, dead.level) == (Level.warn, Level.fail)
    assert "turn:127.0.0.1:9" in dead.findings[0].sentence


async def test_each_connection_is_looked_at_and_its_faults_are_named(clinic: Clinic) -> None:
    result = await run_check(get_check("ehr"), ground(clinic))

    assert result.level is Level.fail
    assert all(one.sentence.startswith("http://127.0.0.1:9/fhir (test, ") for one in result.findings)


async def test_texts_are_asked_for_one_that_never_was(clinic: Clinic) -> None:
    settings = {"HOUSECALL_SMS_GATEWAY_SECRET": "x" * 16}
    async with answering(lambda _: PlainTextResponse("unknown", 404)) as gateway:
        works = await level_of("texts", ground(clinic, HOUSECALL_SMS_GATEWAY_URL=gateway, **settings))
    down = await level_of("texts", ground(clinic, HOUSECALL_SMS_GATEWAY_URL=gateway, **settings))
    short = await level_of("texts", ground(clinic, HOUSECALL_SMS_GATEWAY_URL=gateway))

    assert (works, down, short) == (Level.ok, Level.fail, Level.fail)
    assert await level_of("texts", ground(clinic)) is Level.skipped


async def test_a_mail_server_is_known_by_its_greeting(clinic: Clinic) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greetings.pop())
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0)
    here = {
        "HOUSECALL_SMTP_HOST": "127.0.0.1",
        "HOUSECALL_SMTP_PORT": str(listening.sockets[0].getsockname()[1]),
    }
    greetings = [b"HTTP/1.1 400\r\n", b"220 mail.example ESMTP\r\n"]
    levels = [await level_of("mail", ground(clinic, **here)) for _ in range(2)]
    listening.close()
    await listening.wait_closed()
    levels.append(await level_of("mail", ground(clinic, **here)))

    assert levels == [Level.ok, Level.fail, Level.fail]


async def test_the_sign_in_is_looked_up(clinic: Clinic, sealer: Sealer) -> None:
    before = await level_of("sign-in", ground(clinic))
    async with provide(clinic.clock) as small:
        settings = SignInSettings(small.issuer, CLIENT, SECRET)
        async with clinic.database.work() as work:
            await apply_sign_in(work, clinic.org_id, settings, sealer=sealer, now=clinic.now, by=OPERATOR)
        there = await level_of("sign-in", ground(clinic))
    gone = await level_of("sign-in", ground(clinic))

    assert (before, there, gone) == (Level.warn, Level.ok, Level.fail)


async def test_no_check_takes_longer_than_its_time_and_a_fault_of_ours_is_one_finding(clinic: Clinic) -> None:
    async def hang(_: Ground) -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def fault(_: Ground) -> list[Finding]:
        raise RuntimeError("ours")

    slow = await run_check(Check("slow", "Slow", "", hang), ground(clinic), within=timedelta(milliseconds=20))
    broken = await run_check(Check("broken", "Broken", "", fault), ground(clinic))

    assert (slow.level, broken.level) == (Level.fail, Level.fail)
    assert broken.findings[0].mend == "The log says why."


async def test_all_are_run_in_the_lists_order(clinic: Clinic) -> None:
    results = await run_all(ground(clinic), within=timedelta(seconds=5))

    assert [result.check for result in results] == list(CHECKS)
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    with pytest.raises(CheckUnknown):
        get_check("no-such")
    assert ok("x").level is Level.ok


async def test_a_number_that_carriers_hold_back_is_found_with_what_to_do(clinic: Clinic) -> None:
    async with clinic.database.queue.open_async(), clinic.database.work() as work:
        number, _ = await bring_number(
            work, clinic.org_id, provider="twilio", typed="+18335550100", country="US", provider_ref="PN1",
            by=OPERATOR, now=clinic.now,
        )  # fmt: skip
        number.verification, number.verification_faults = "rejected", ["website_unfit"]
    unlinked = await level_of("carriers", ground(clinic))
    async with clinic.database.work() as work:
        connection = await get_connection(work, clinic.org_id, clinic.connection.id)
        connection.texts_from = "+18335550100"

    result = await run_check(get_check("carriers"), ground(clinic))

    assert (unlinked, result.level) == (Level.skipped, Level.fail)
    assert "website" in result.findings[0].mend
    for state, level in (("pending", Level.warn), ("unknown", Level.warn), ("approved", Level.ok)):
        async with clinic.database.work() as work:
            (await get_number(work, clinic.org_id, number.id)).verification = state
        assert await level_of("carriers", ground(clinic)) is level


async def test_returned_mail_is_noticed_where_its_mailbox_lets_us_in_or_it_is_posted(clinic: Clinic) -> None:
    smtp = {"HOUSECALL_SMTP_HOST": "127.0.0.1"}
    returns = smtp | {"HOUSECALL_RETURNS_TO": "returns@clinic.example"}
    async with imap_served() as imap:
        mailbox = returns | {
            "HOUSECALL_IMAP_HOST": "127.0.0.1", "HOUSECALL_IMAP_PORT": str(imap.port),
            "HOUSECALL_IMAP_SECURITY": "none", "HOUSECALL_IMAP_USER": USER,
        }  # fmt: skip
        found = [
            await level_of("returned-mail", ground(clinic, **given))
            for given in (
                {}, smtp, returns | {"HOUSECALL_RETURNS_SECRET": "a-secret-of-sixteen-or-more"},
                mailbox | {"HOUSECALL_IMAP_PASSWORD": PASSWORD}, mailbox | {"HOUSECALL_IMAP_PASSWORD": "other"},
                mailbox | {"HOUSECALL_RETURNS_TO": ""},
            )
        ]  # fmt: skip

    assert found == [Level.skipped, Level.warn, Level.ok, Level.ok, Level.fail, Level.fail]
