"""``housecall siu``: takes in one connection's HL7 v2 schedule messages over MLLP, beside ``serve``."""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from housecall.commands.serve import PortTaken, bind
from housecall.compose import Place, build_house, close_house, open_place
from housecall.ehr.base import Vendor
from housecall.ehr.errors import SystemAccountMissing
from housecall.ehr.hl7.listener import Listener
from housecall.ehr.hl7.siu import IdFrom, Reading
from housecall.ehr.registry import PROFILES
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.tenancy.errors import ConnectionUnknown
from housecall.tenancy.store import find_connection_anywhere
from housecall.tenancy.tables import Connection
from housecall.visits.siu import SiuFeed, forget_old, has_system_account
from housecall.web.house import House

log = logging.getLogger(__name__)

_TIDY_EVERY_S: Final = 3600


class ZoneUnknown(HousecallError):
    """There is no time zone of that name; names are like America/Chicago."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "commands.zone_unknown"


class CertificateUnusable(HousecallError):
    """The certificate, its key or the authority's certificate cannot be used; all are files in PEM."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "commands.certificate_unusable"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("siu", help="take in HL7 v2 schedule messages over MLLP")
    parser.add_argument("--connection", required=True, metavar="ID")
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--host", default="127.0.0.1", help=":: is every IPv4 and IPv6 address")
    parser.add_argument("--tls-cert", metavar="FILE")
    parser.add_argument("--tls-key", metavar="FILE")
    parser.add_argument("--tls-client-ca", metavar="FILE", help="take senders with its certificates only")
    parser.add_argument("--zone", metavar="NAME", help="of times without an offset; else the connection's")
    parser.add_argument("--id-from", choices=[one.value for one in IdFrom], default=IdFrom.filler.value)
    parser.add_argument("--id-strip", default="", metavar="PREFIX", help="what stands before the FHIR id")
    parser.add_argument("--no-confirm", action="store_true", help="remind of what is found, confirm nothing")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Listen until told to stop."""
    tls = _tls(arguments)
    listening = _bind(arguments.host, arguments.port)
    if tls is None and not _is_loopback(arguments.host):
        log.warning("HL7 messages come in without encryption: use TLS, or a VPN.")
    place = open_place(settings)
    try:
        asyncio.run(_listen(settings, place, arguments, listening, tls))
    finally:
        listening.close()
        place.leave()
    return 0


def _bind(host: str, port: int) -> socket.socket:
    try:
        return bind(host, port)
    except (PortTaken, OverflowError):
        raise PortTaken(f"Port {port} cannot be listened on there: choose another with --port.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    if not (arguments.tls_cert or arguments.tls_key or arguments.tls_client_ca):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password of its own, OpenSSL would ask the terminal for a sealed key's.
        context.load_cert_chain(arguments.tls_cert or "", arguments.tls_key, password="")
        if arguments.tls_client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(arguments.tls_client_ca)
    except (OSError, ValueError):
        raise CertificateUnusable from None
    return context


async def _listen(
    settings: Settings,
    place: Place,
    arguments: argparse.Namespace,
    listening: socket.socket,
    tls: ssl.SSLContext | None,
) -> None:
    house = await build_house(settings, place)
    try:
        async with house.database.queue.open_async(), _told_to_stop() as stop:
            await house.hub.start()
            connection = await _connection(house, arguments.connection)
            feed = SiuFeed(house.desk, house.database, connection.id, confirm=not arguments.no_confirm)
            listener = Listener(feed, _reading(arguments, connection), clock=house.clock)
            await listener.start(listening, tls=tls)
            log.info(
                "Listening for HL7 messages.", extra={"port": arguments.port, "connection": connection.id}
            )
            try:
                await _tidy_until(stop, house, connection)
            finally:
                await listener.stop()
    finally:
        await close_house(house)


@asynccontextmanager
async def _told_to_stop() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    yield stop


async def _connection(house: House, connection_id: str) -> Connection:
    async with house.database.work() as work:
        connection = await find_connection_anywhere(work, connection_id)
    if connection is None:
        raise ConnectionUnknown("There is no such connection; `housecall connect` prints the id of one.")
    if PROFILES[Vendor(connection.vendor)].told_by_identifier and not has_system_account(connection):
        raise SystemAccountMissing(
            "Messages of this vendor name appointments by a number that FHIR does not: give the connection a"
            " system account, so that they can be looked up."
        )
    return connection


def _reading(arguments: argparse.Namespace, connection: Connection) -> Reading:
    try:
        zone = ZoneInfo(arguments.zone or connection.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknown from None
    return Reading(zone=zone, id_from=IdFrom(arguments.id_from), strip=arguments.id_strip)


async def _tidy_until(stop: asyncio.Event, house: House, connection: Connection) -> None:
    """Once an hour what is old is forgotten."""
    while not stop.is_set():
        try:
            async with house.database.work() as work:
                await forget_old(house.desk, work, OrgId(connection.org_id), connection.id)
        except Exception:
            # A database that is away is the senders' wait, not the listener's end.
            log.exception("Old HL7 messages could not be forgotten.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TIDY_EVERY_S):
                await stop.wait()
