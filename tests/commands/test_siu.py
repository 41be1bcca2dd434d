"""``housecall siu`` as a process of its own, and a sender on a real line: killed, encrypted, told to stop."""

import argparse
import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from housecall.commands import siu as command
from housecall.commands.serve import PortTaken
from housecall.db.database import Database
from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate
from housecall.db.queue import make_queue
from housecall.ehr.hl7.framing import frame
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.tenancy.tables import Connection
from tests.db.processes import Child, ask, eventually, import_path
from tests.ehr.hl7_messages import Sender, siu
from tests.visits.clinic import open_clinic

TOMORROW = datetime.now(UTC) + timedelta(days=1)
BOOKING = siu(at=f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000", start=f"{TOMORROW:%Y%m%d%H%M}+0000", end="")


@dataclass
class Place:
    """A migrated database with one connection, and what to start a listener with."""

    dsn: str
    connection_id: str
    org_id: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOUSECALL_DATABASE_URL": self.dsn,
            "HOUSECALL_DATA_DIR": str(self.folder),
            "HOUSECALL_LOG_LEVEL": "CRITICAL",
        }

    def visits(self) -> object:
        return ask(self.dsn, "SELECT count(*) FROM visit")


Start = Callable[..., tuple[Child, int]]


@pytest.fixture(scope="module")
def dsn(postgres: EmbeddedPostgres) -> str:
    made = postgres.create_database("siu_command")
    migrate(url_of(made))
    return made


def url_of(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://")


@pytest_asyncio.fixture(loop_scope="session")
async def place(dsn: str, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Place]:
    with psycopg.connect(dsn, autocommit=True) as raw:
        raw.execute("TRUNCATE organisation, signing_key CASCADE")
    database = Database({"americas": url_of(dsn)}, make_queue(dsn))
    clinic = await open_clinic(database, clock, sealer)
    await database.close()
    folder = Path(tempfile.mkdtemp(prefix="hc-tests-", dir="/tmp"))
    os.chmod(folder, 0o755)
    yield Place(dsn, clinic.connection.id, str(clinic.org_id), folder)
    shutil.rmtree(folder)


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    """Starts a listener and waits until it takes lines."""
    started: list[Child] = []

    def begin(*options: str, host: str = "127.0.0.1") -> tuple[Child, int]:
        with socket.create_server((host, 0), family=family_of(host)) as free:
            port = free.getsockname()[1]
        said = ["siu", "--connection", place.connection_id, "--port", str(port), "--host", host, *options]
        started.append(Child("housecall.commands", *said, env=place.env))
        assert eventually(lambda: is_listening(host, port), 40)
        return started[-1], port

    yield begin
    for child in started:
        child.kill()


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_listening(host: str, port: int) -> bool:
    """Whether it answers or hangs up: the port alone is taken before the house stands."""
    try:
        with socket.create_connection((host, port), timeout=1) as line:
            line.sendall(frame(b"hello"))
            line.settimeout(0.5)
            line.recv(1)
    except ConnectionResetError:
        return True
    except (ConnectionError, TimeoutError):
        return False
    return True


async def test_a_message_that_a_kill_took_is_sent_again_and_is_one_visit(place: Place, start: Start) -> None:
    process, port = start()
    name = f"{place.org_id}/{place.connection_id}/app-1"
    with psycopg.connect(place.dsn) as holder:
        # Somebody else has the appointment, so the message stands still between its coming and its commit.
        holder.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", (name,))
        sender = await Sender.connect("127.0.0.1", port)
        await sender.send(frame(BOOKING))
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        assert await asyncio.to_thread(eventually, lambda: ask(place.dsn, waits) == 1)

        process.kill()

    assert await sender.hears_the_end()
    assert place.visits() == 0
    _, port = start(host="::1")
    sender = await Sender.connect("::1", port)
    assert await sender.say(BOOKING) == ("AA", "1001", "")
    assert await sender.say(BOOKING) == ("AA", "1001", "")
    assert place.visits() == 1


async def test_kills_at_any_instant_lose_nothing_that_was_acknowledged(place: Place, start: Start) -> None:
    acknowledged = set()
    for round_ in range(2):
        process, port = start()
        sender = await Sender.connect("127.0.0.1", port)
        refs = [f"app-{round_}-{number}" for number in range(12)]
        for number, ref in enumerate(refs):
            await sender.send(frame(BOOKING.replace(b"app-1", ref.encode()).replace(b"1001", ref.encode())))
            if number >= 4 * round_:
                continue
            acknowledged.add((await sender.answer())[1])
        process.kill()
        while answer := await an_answer(sender):
            acknowledged.add(answer)

    with psycopg.connect(place.dsn) as raw:
        stored = {ref for (ref,) in raw.execute("SELECT appointment_ref FROM visit")}
    assert acknowledged
    assert acknowledged <= stored


async def an_answer(sender: Sender) -> str | None:
    try:
        return (await sender.answer())[1]
    except (OSError, asyncio.IncompleteReadError):
        return None


async def test_over_tls_only_senders_with_our_certificate_are_taken_until_told_to_stop(
    place: Place, start: Start
) -> None:
    key, certificate = make_certificate(place)
    files = ("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", certificate)
    process, port = start(*files)
    stranger = ssl.create_default_context(cafile=certificate)
    known = ssl.create_default_context(cafile=certificate)
    known.load_cert_chain(certificate, key)

    sender = await Sender.connect("127.0.0.1", port, known)
    assert (await sender.say(BOOKING))[0] == "AA"
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await (await Sender.connect("127.0.0.1", port, stranger)).say(BOOKING)
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await (await Sender.connect("127.0.0.1", port)).say(BOOKING)
    assert await asyncio.to_thread(process.terminate) == 0
    assert await sender.hears_the_end()


def make_certificate(place: Place) -> tuple[str, str]:
    """A key and a certificate for localhost that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_file, file = place.folder / "key.pem", place.folder / "certificate.pem"
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    file.write_bytes(made.public_bytes(pem))
    return str(key_file), str(file)


async def test_what_cannot_work_is_one_sentence(place: Place) -> None:
    said = ["siu", "--connection", "c_unknown", "--port", "1", "--host", "127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        said[4] = str(free.getsockname()[1])

    ended = await asyncio.to_thread(run_command, place, said)

    assert ended.returncode == 1
    assert "[tenancy.connection_unknown]" in ended.stderr


def run_command(place: Place, said: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "housecall.commands", *said],
        env={**os.environ, "PYTHONPATH": import_path(), **place.env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--tls-cert", "/nowhere"], command.CertificateUnusable),
        (["--tls-key", "/nowhere"], command.CertificateUnusable),
        (["--host", "192.0.2.1"], PortTaken),
    ],
)
def test_what_cannot_be_listened_with_is_said_before_anything_begins(
    options: list[str], fault: type[Exception]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    arguments = parser.parse_args(["siu", "--connection", "c_1", "--port", "9", *options])

    with pytest.raises(fault):
        command.run(Settings({}), arguments)


def test_a_zone_that_is_none_is_said() -> None:
    arguments = argparse.Namespace(zone="Middle/Earth", id_from="filler", id_strip="")

    with pytest.raises(command.ZoneUnknown):
        command._reading(arguments, Connection(time_zone="UTC"))
