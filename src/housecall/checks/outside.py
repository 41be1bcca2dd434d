"""Checks of what is outside: our own public address, relay, EHRs, messages, sign-in, Redis."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from housecall.checks.model import Finding, Ground, Level, fail, ok, skipped, warn
from housecall.ehr.base import ClientKind, Vendor
from housecall.ehr.validation import Level as Found
from housecall.kit.ids import OrgId, short_id
from housecall.kit.settings import SettingInvalid
from housecall.meetings.relay import probe_meetings
from housecall.messaging.model import Channel
from housecall.messaging.providers.base import ProviderError
from housecall.messaging.providers.registry import providers_for
from housecall.tenancy.errors import SignInError
from housecall.tenancy.examining import Question, examine
from housecall.tenancy.model import Environment
from housecall.tenancy.openid import OpenId
from housecall.tenancy.store import list_connections, list_organisations
from housecall.tenancy.tables import Connection, Organisation

_SOCKET_NOT_SIGNED_IN: Final = 4401
_LEVELS: Final = {Found.warn: Level.warn, Found.fail: Level.fail}


async def public_url(ground: Ground) -> Sequence[Finding]:
    """Housecall itself answers there, with a certificate that is trusted."""
    address = ground.desk.public_url
    try:
        async with httpx.AsyncClient(timeout=10.0, verify=_trust(ground)) as client:
            answer = await client.get(f"{address}/healthz")
    except httpx.ConnectError as fault:
        if "CERTIFICATE" in str(fault):
            return [
                fail(
                    "Its certificate is not trusted.",
                    "Install one of a known authority, with its whole chain.",
                )
            ]
        return [_not_there(address)]
    except httpx.HTTPError:
        return [_not_there(address)]
    if answer.status_code == 200 and _says_ok(answer):
        return [ok(f"Housecall answers at {address}.")]
    return [
        fail(
            f"Something answers at {address}, but it is not Housecall.",
            "Have the proxy pass every path on to Housecall's port, or mend HOUSECALL_PUBLIC_URL.",
        )
    ]


def _not_there(address: str) -> Finding:
    return fail(
        f"Nothing answers at {address}, as seen from this server.",
        "Start housecall serve, have the proxy pass to its port, and check the name's address.",
    )


def _says_ok(answer: httpx.Response) -> bool:
    try:
        return bool(answer.json() == {"status": "ok"})
    except json.JSONDecodeError:
        return False


async def sockets(ground: Ground) -> Sequence[Finding]:
    """A WebSocket gets through to Housecall, which refuses this stranger by its own code."""
    where = urlsplit(ground.desk.public_url)
    address = f"{'wss' if where.scheme == 'https' else 'ws'}://{where.netloc}/seat/nobody/socket"
    mend = "Have the proxy pass Upgrade and Connection on, and leave the Origin header as it is."
    try:
        trust = _trust(ground) if where.scheme == "https" else None
        async with connect(
            address,
            origin=ground.desk.public_url,  # type: ignore[arg-type]
            subprotocols=["housecall.v1"],  # type: ignore[list-item]
            ssl=trust,
            open_timeout=10,
        ) as wire:
            await wire.send('{"type":"hello","v":1,"tab":"check","resume":false}')
            # It is told why before it is closed; anything else that talks on is not Housecall.
            for _ in range(3):
                await wire.recv()
    except ConnectionClosed as closed:
        if closed.rcvd is not None and closed.rcvd.code == _SOCKET_NOT_SIGNED_IN:
            return [ok("Live connections reach Housecall.")]
        return [fail("A live connection was broken off on the way.", mend)]
    except (InvalidHandshake, OSError, TimeoutError):
        return [fail("Live connections do not reach Housecall.", mend)]
    return [fail("Something else than Housecall takes live connections.", mend)]


async def relay(ground: Ground) -> Sequence[Finding]:
    """Every address of the relay takes our credentials and passes traffic."""
    if not ground.desk.meetings.capabilities.connects_browsers:
        return [skipped("Calls go through the meeting service, which brings its own.")]
    if not ground.settings.words("HOUSECALL_TURN_URLS"):
        return [
            warn(
                "No relay is set: calls fail where networks block direct ones, and addresses are not hidden.",
                "Run coturn, and set HOUSECALL_TURN_URLS and HOUSECALL_TURN_SECRET.",
            )
        ]
    found = await probe_meetings(ground.desk.meetings, ca_file=ground.settings.text("HOUSECALL_CA_FILE"))
    mend = "Try it again with the relay's own log open."
    return [
        ok(f"{one.url}: {one.sentence}") if one.works else fail(f"{one.url}: {one.sentence}", mend)
        for one in found
    ]


async def ehr(ground: Ground) -> Sequence[Finding]:
    """Every connection's address passes the checks that it was declared by."""
    connections = [
        connection
        for owner in await _organisations(ground)
        for connection in await _connections(ground, OrgId(owner.id))
    ]
    if not connections:
        return [skipped("No EHR is connected yet.", "Connect one in the setup, or by housecall connect.")]
    found = await asyncio.gather(*(_ehr(ground, connection) for connection in connections))
    return [finding for findings in found for finding in findings]


async def _ehr(ground: Ground, connection: Connection) -> list[Finding]:
    question = Question(
        base_url=connection.base_url,
        environment=Environment(connection.environment),
        client_kind=ClientKind(connection.client_kind),
        vendor=Vendor(connection.vendor),
    )
    result = await examine(
        ground.database,
        OrgId(connection.org_id),
        question,
        network=ground.desk.ehr.network,
        clock=ground.desk.clock,
    )
    where = f"{connection.base_url} ({connection.environment}, {connection.state})"
    faults = [
        Finding(_LEVELS[one.level], f"{where}: {one.sentence}", one.mend)
        for one in result.findings
        if one.level in _LEVELS
    ]
    if connection.feed_fault:
        faults.append(
            fail(
                f"{where}: the last reading of appointments failed with {connection.feed_fault}.",
                "Look it up in the list of error codes.",
            )
        )
    return faults or [ok(f"{where}: passes every check.")]


async def texts(ground: Ground) -> Sequence[Finding]:
    """The provider of texts answers when asked for a text that never was."""
    try:
        providers = providers_for(ground.settings)
    except SettingInvalid as fault:
        return [fail(fault.sentence, "Mend the setting, and start Housecall anew.")]
    try:
        provider = providers.find(Channel.sms)
        if provider is None:
            return [
                skipped("No provider of texts is set up.", "Set HOUSECALL_SMS_GATEWAY_URL to send texts.")
            ]
        if await provider.lookup(short_id("check")) is not None:
            return [
                fail("The provider knows a text that never was.", "Check that its address is the right one.")
            ]
        return [ok("The provider of texts answers.")]
    except ProviderError as fault:
        return [
            fail(
                f"The provider of texts cannot be used: {fault.sentence}",
                "Check its address and credentials.",
            )
        ]
    finally:
        await providers.close()


async def mail(ground: Ground) -> Sequence[Finding]:
    """The mail server greets as one."""
    host = ground.settings.text("HOUSECALL_SMTP_HOST")
    if not host:
        return [
            skipped(
                "E-mail is not set up.", "Set HOUSECALL_SMTP_HOST and HOUSECALL_SMTP_FROM to send e-mail."
            )
        ]
    port = int(ground.settings.number("HOUSECALL_SMTP_PORT"))
    trust = _trust(ground) if ground.settings.text("HOUSECALL_SMTP_SECURITY") == "tls" else None
    mend = "Check HOUSECALL_SMTP_HOST, HOUSECALL_SMTP_PORT and HOUSECALL_SMTP_SECURITY, and the way there."
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(host, port, ssl=trust)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return [fail("The mail server does not answer.", mend)]
    if not greeting.startswith(b"220"):
        return [fail("What answers there is not a mail server.", mend)]
    return [ok("The mail server answers.")]


async def sign_in(ground: Ground) -> Sequence[Finding]:
    """Each organisation has a provider, which can be looked up and whose keys can be read."""
    findings = []
    for owner in await _organisations(ground):
        if not owner.sign_in_issuer:
            findings.append(
                warn(
                    f"{owner.name} has no sign-in yet.",
                    f"Type housecall admin invite --organisation {owner.name}, and open the address.",
                )
            )
            continue
        openid = OpenId(ground.desk.ehr.network)
        try:
            await openid.check_keys(await openid.discover(owner.sign_in_issuer))
        except SignInError as fault:
            findings.append(fail(f"{owner.name}: {fault.sentence}", fault.way_on))
        else:
            findings.append(ok(f"{owner.name}: the provider answers, and its keys can be read."))
    return findings or [skipped("There is no organisation yet.", "Type housecall admin invite.")]


async def redis(ground: Ground) -> Sequence[Finding]:
    """It answers, where it is set."""
    url = ground.settings.text("HOUSECALL_REDIS_URL")
    if not url:
        return [skipped("There is one node, which needs none.")]
    try:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError
    except ImportError:
        return [fail("The package redis is not installed.", "Install Housecall with its extra redis.")]
    client = Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    try:
        await client.execute_command("PING")  # type: ignore[no-untyped-call]
    except (RedisError, OSError):
        return [fail("Redis does not answer.", "Start it, or mend HOUSECALL_REDIS_URL.")]
    finally:
        await client.aclose()
    return [ok("Redis answers.")]


async def _organisations(ground: Ground) -> list[Organisation]:
    async with ground.database.work() as work:
        there = await list_organisations(work)
    return [one for one in there if ground.org_id is None or one.id == ground.org_id]


async def _connections(ground: Ground, org_id: OrgId) -> Sequence[Connection]:
    async with ground.database.work() as work:
        return await list_connections(work, org_id)


def _trust(ground: Ground) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca_file = ground.settings.text("HOUSECALL_CA_FILE")
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
