"""The relay's test, against a real coturn and against servers that go wrong in each way."""

import asyncio
import base64
import hashlib
import hmac
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from housecall.kit.clock import SystemClock
from housecall.meetings.builtin import BuiltinRooms
from housecall.meetings.memory import MemoryRooms
from housecall.meetings.relay import SENTENCES, RelayFault, RelayFinding, probe_meetings, probe_relay
from tests.meetings.coturn import RELAYED_FROM, SECRET, Coturn, needs_coturn

QUICK = timedelta(seconds=0.4)


def credentials(*, secret: str = SECRET, lives: timedelta = timedelta(hours=1)) -> tuple[str, str]:
    """As the TURN REST scheme makes them, written a second time so that the first is checked."""
    user = f"{int((datetime.now(UTC) + lives).timestamp())}:p_1"
    return user, base64.b64encode(hmac.digest(secret.encode(), user.encode(), hashlib.sha1)).decode()


@pytest.fixture(scope="module")
def coturn() -> Iterator[Coturn]:
    with Coturn() as running:
        yield running


async def try_it(url: str, **given: object) -> RelayFinding:
    return await probe_relay(url, *credentials(), **given)  # type: ignore[arg-type]


@asynccontextmanager
async def datagrams(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """A server that answers each datagram as it is told to."""

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if (said := answer(data)) is not None:
                self.transport.sendto(said, addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    yield f"turn:127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    transport.close()


def refusal(code: int) -> Callable[[bytes], bytes]:
    """Says no with this number to whatever is asked."""

    def answer(request: bytes) -> bytes:
        kind, _, cookie, transaction = struct.unpack("!HHI12s", request[:20])
        body = struct.pack("!HHHBB", 0x0009, 4, 0, code // 100, code % 100)
        if code == 401:
            body += struct.pack("!HH4sHH4s", 0x0014, 4, b"here", 0x0015, 4, b"once")
        return struct.pack("!HHI12s", kind | 0x0110, len(body), cookie, transaction) + body

    return answer


@needs_coturn
async def test_a_relay_with_our_secret_works_over_datagrams_and_streams(coturn: Coturn) -> None:
    rooms = BuiltinRooms(SystemClock(), (coturn.udp, coturn.tcp), SECRET)

    findings = await probe_meetings(rooms)

    assert [one.fault for one in findings] == [None, None]
    assert all(one.works and "works" in one.sentence for one in findings)


@needs_coturn
async def test_the_allocation_is_given_back(coturn: Coturn) -> None:
    await try_it(coturn.udp)
    await try_it(coturn.tcp)

    given_back = "refreshed, realm=<housecall.test>"
    assert await asyncio.to_thread(coturn.wait_for_line, given_back, "lifetime=0")


@needs_coturn
async def test_another_secret_is_refused(coturn: Coturn) -> None:
    finding = await probe_relay(coturn.udp, *credentials(secret="not the relay's secret"))

    assert finding.fault is RelayFault.credentials_refused


@needs_coturn
async def test_credentials_that_have_run_out_are_refused(coturn: Coturn) -> None:
    finding = await probe_relay(coturn.udp, *credentials(lives=timedelta(hours=-1)))

    assert finding.fault is RelayFault.credentials_refused


@needs_coturn
async def test_a_relay_that_is_open_to_anybody_does_not_pass() -> None:
    with Coturn(is_open=True) as relay:
        finding = await try_it(relay.udp)

    assert finding.fault is RelayFault.open_to_anybody


@needs_coturn
async def test_a_relay_that_lets_no_two_of_its_addresses_meet_does_not_pass() -> None:
    with Coturn(f"--denied-peer-ip={RELAYED_FROM}") as relay:
        finding = await try_it(relay.udp)

    assert (finding.fault, finding.code) == (RelayFault.between_forbidden, 403)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (401, RelayFault.credentials_refused),
        (403, RelayFault.forbidden),
        (441, RelayFault.credentials_refused),
        (486, RelayFault.full),
        (508, RelayFault.full),
        (500, RelayFault.failed),
    ],
)
async def test_a_relays_numbers_are_told_apart(code: int, fault: RelayFault) -> None:
    async with datagrams(refusal(code)) as url:
        finding = await try_it(url)

    assert (finding.fault, finding.code) == (fault, code)
    assert str(code) in finding.sentence


async def test_a_relay_that_says_nothing_is_silent() -> None:
    async with datagrams(lambda _: None) as url:
        finding = await try_it(url, within=QUICK)

    assert finding.fault is RelayFault.silent


async def test_something_else_at_the_address_is_no_relay() -> None:
    async with datagrams(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        finding = await try_it(url)

    assert finding.fault is RelayFault.not_a_relay


async def test_a_web_server_at_the_address_is_no_relay() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(20)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    finding = await try_it(f"turn:127.0.0.1:{server.sockets[0].getsockname()[1]}?transport=tcp")
    server.close()

    assert finding.fault is RelayFault.not_a_relay


async def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        finding = await try_it(f"turn:127.0.0.1:{taken.getsockname()[1]}?transport=tcp")

    assert finding.fault is RelayFault.unreachable


async def test_a_name_that_nobody_knows_is_told_apart() -> None:
    finding = await try_it("turn:no-such-relay.invalid:3478?transport=tcp")

    assert finding.fault is RelayFault.name_unknown


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=own_certificate(tmp_path))
    finding = await try_it(f"turns:localhost:{server.sockets[0].getsockname()[1]}")
    server.close()

    assert finding.fault is RelayFault.certificate_refused


@pytest.mark.parametrize(
    "url",
    ["relay.example.org", "stun:relay.example.org", "turn:", "turn:a:99999", "turns:a?transport=udp",
     "turn:relay.example.org:3478?transport=quic", "turn:user@relay.example.org extra"],
)  # fmt: skip
async def test_an_address_that_no_browser_takes_is_said_to_be_unreadable(url: str) -> None:
    assert (await try_it(url)).fault is RelayFault.address_unreadable


async def test_without_a_relay_the_finding_says_so() -> None:
    assert [one.fault for one in await probe_meetings(MemoryRooms())] == [RelayFault.not_set]


def test_every_fault_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(RelayFault)
    assert len(set(SENTENCES.values())) == len(RelayFault)


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime.now(UTC)
    certificate = x509.CertificateBuilder(
        name, name, key.public_key(), 1, at - timedelta(days=1), at + timedelta(days=1)
    ).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
