"""``housecall demo``: Housecall and the make-believe hospital beside it, with nothing to configure."""

import argparse
import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import ClassVar, Final

import httpx

from housecall.commands.connect import addresses_of, declare
from housecall.commands.demo_teams import hold_visits
from housecall.commands.serve import bind, serve
from housecall.compose import Place, build_house, close_house, data_dir, open_place
from housecall.ehr.base import Vendor, Writing
from housecall.ehr.registry import PROFILES
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import OrgId
from housecall.kit.settings import Settings
from housecall.sandbox.options import ADDRESSES
from housecall.tenancy.model import Channels, Environment
from housecall.tenancy.service import Declaration
from housecall.tenancy.store import get_organisation

_TEXTS_FROM: Final = "+15550100100"
_WAIT_S: Final = 20.0


class SandboxSilent(HousecallError):
    """The sandbox did not start."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "commands.sandbox_silent"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("demo", help="run Housecall with a make-believe hospital")
    parser.add_argument("--vendor", choices=list(ADDRESSES), default="millennium")
    parser.add_argument("--teams", action="store_true", help="hold visits in the sandbox's Microsoft Teams")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run the demo until told to stop."""
    port = settings.port
    listener = bind("127.0.0.1", port)
    vendor = Vendor(arguments.vendor)
    needs_messages = not PROFILES[vendor].lists_appointments
    # Taken and given back at once: the others are processes of their own, but a busy port is said here.
    for further in (port + 1, port + 2) if needs_messages else (port + 1,):
        bind("127.0.0.1", further).close()
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="housecall-mail-") as post:
        # A folder of its own: the path of a socket may be 100 characters long, and that of the data longer.
        socket_path = Path(post, "smtp")
        settings = _demo_settings(settings, secret, socket_path)
        command = _sandbox_command(port, data_dir(settings), socket_path, vendor)
        command += ["--siu-port", str(port + 2)] if needs_messages else []
        place = open_place(settings)
        processes = [_start_sandbox(command, secret)]
        try:
            asyncio.run(_run(settings, place, listener, processes, vendor, with_teams=arguments.teams))
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)
            place.leave()
    return 0


def _demo_settings(settings: Settings, secret: str, mail_socket: Path) -> Settings:
    port = settings.port
    given = {name: value for name, value in os.environ.items() if name.startswith("HOUSECALL_")}
    sandbox = f"http://127.0.0.1:{port + 1}"
    return Settings(
        {
            "HOUSECALL_FEED_EVERY_S": "2",
            "HOUSECALL_ALLOW_PRIVATE_ADDRESSES": "127.0.0.0/8",
            "HOUSECALL_LOG_LEVEL": "WARNING",
            **given,
            "HOUSECALL_SMS_GATEWAY_URL": f"{sandbox}/gateway",
            "HOUSECALL_SMS_GATEWAY_SECRET": secret,
            "HOUSECALL_SMTP_HOST": str(mail_socket),
            "HOUSECALL_SMTP_SECURITY": "none",
            "HOUSECALL_SMTP_FROM": "visits@prairieview.example",
            "HOUSECALL_RETURNS_TO": "returns@prairieview.example",
            "HOUSECALL_RETURNS_SECRET": secret,
            "HOUSECALL_SANDBOX_URL": sandbox,
            "HOUSECALL_TEAMS_STAND_IN": sandbox,
            "HOUSECALL_DEMO": "true",
        }
    )


def _sandbox_command(port: int, folder: Path, mail_socket: Path, vendor: Vendor) -> list[str]:
    command = [sys.executable, "-m", "housecall.sandbox", "--port", str(port + 1), "--vendor", vendor]
    command += ["--housecall", f"http://localhost:{port}", "--data", str(folder / "sandbox")]
    return [*command, "--mail-socket", str(mail_socket)]


def _start_sandbox(command: list[str], secret: str) -> subprocess.Popen[bytes]:
    # The secret goes by the environment: a command line is everybody's to read.
    return subprocess.Popen(command, env={**os.environ, "SANDBOX_GATEWAY_SECRET": secret}, close_fds=True)


async def _run(
    settings: Settings,
    place: Place,
    listener: socket.socket,
    processes: list[subprocess.Popen[bytes]],
    vendor: Vendor,
    *,
    with_teams: bool,
) -> None:
    sandbox = settings.text("HOUSECALL_SANDBOX_URL")
    async with httpx.AsyncClient(base_url=sandbox, timeout=5.0) as client:
        await _wait_for(client, processes[0])
        addresses = await _connect(settings, place, client, vendor)
        where = {name: addresses[name] for name in ("launch_url", "patient_launch_url")}
        await client.post("/sandbox/settings", json=where)
        await hold_visits(settings, place, client, addresses["id"], with_teams=with_teams)
    if not PROFILES[vendor].lists_appointments:
        processes.append(_start_messages(settings, addresses["id"]))
    print(_welcome(settings), flush=True)  # noqa: T201
    await serve(settings, place, listener, with_worker=True)


async def _wait_for(client: httpx.AsyncClient, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if (await client.get("/sandbox/settings")).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise SandboxSilent


def _start_messages(settings: Settings, connection_id: str) -> subprocess.Popen[bytes]:
    """``housecall siu`` beside us, for an EHR whose appointments come by messages."""
    command = [sys.executable, "-m", "housecall.commands", "siu", "--connection", connection_id]
    command += ["--port", str(settings.port + 2)]
    ours = {
        name: settings.text(name)
        for name in ("HOUSECALL_ALLOW_PRIVATE_ADDRESSES", "HOUSECALL_LOG_LEVEL", "HOUSECALL_SMS_GATEWAY_URL")
    }
    return subprocess.Popen(command, env=os.environ | ours, close_fds=True)


async def _connect(
    settings: Settings, place: Place, client: httpx.AsyncClient, vendor: Vendor
) -> dict[str, str]:
    profile, sandbox = PROFILES[vendor], settings.text("HOUSECALL_SANDBOX_URL")
    locations = (await client.get("/sandbox/locations")).json() if profile.needs_actor else []
    by_key = profile.signs_with is not None
    declared = Declaration(
        base_url=sandbox + ADDRESSES[vendor].fhir,
        environment=Environment.test,
        vendor=vendor,
        client_kind="symmetric",
        client_id="housecall-clinician",
        client_secret="sandbox-clinician-secret",  # noqa: S106
        system_client_id="housecall-asymmetric" if by_key else "housecall-system",
        system_client_secret=None if by_key else "sandbox-system-secret",
        patient_client_id="housecall-patient",
        locations=tuple(location["id"] for location in locations if profile.lists_appointments),
        write_back=(Writing.presence.value,) if Writing.presence in profile.writes else (),
        texts_from=_TEXTS_FROM,
        texts_to=("any",),
        channels=Channels.both,
        consent_send=True,
        consent_attendees=True,
        confirm_existing=True,
        frame_ancestors=(sandbox,),
    )
    house = await build_house(settings, place)
    try:
        connection = await declare(house, declared, organisation="default")
        async with house.database.work() as work:
            organisation = await get_organisation(work, OrgId(connection.org_id))
            organisation.display_name, organisation.clinic_phone = "Prairie View Clinic", "+1 312 555 0100"
            organisation.sign_in_issuer, organisation.sign_in_client_id = f"{sandbox}/idp", "housecall-portal"
            organisation.sign_in_secret_sealed = house.sealer.seal(
                "sandbox-portal-secret", purpose=f"sign-in:{organisation.id}"
            )
    finally:
        await close_house(house)
    return addresses_of(connection, settings.public_url)


def _welcome(settings: Settings) -> str:
    sandbox = settings.text("HOUSECALL_SANDBOX_URL")
    return f"""
Housecall is running, with a make-believe hospital beside it.

  1. The clinician:      {sandbox}/          open a chart of today's schedule, then the Housecall tab
  2. The patient:        {sandbox}/phone     tap the link in the newest text
     or from the portal: {sandbox}/patient   sign in as somebody, then begin the visit
     the e-mails:        {sandbox}/mail
  3. The administrator:  {settings.public_url}/portal    reports, signed in by one press

Open {sandbox}/ to begin. Stop with Ctrl-C; what happened stays in {data_dir(settings)}.
"""
