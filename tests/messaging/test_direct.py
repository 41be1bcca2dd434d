"""One connection without a pool: whole answers of any form, and httpx's own errors for everything else."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from housecall.messaging.providers.base import OutgoingText, ProviderAnswer, ProviderUnavailable
from housecall.messaging.providers.direct import DirectTransport
from housecall.messaging.providers.gateway import GatewayProvider

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Script:
    """A server that answers each request with the next piece of its script; None closes the connection."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, trusted: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=trusted)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        self.closed.set()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Script]:
    script = Script()
    await script.start()
    yield script
    await script.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=DirectTransport(ssl.create_default_context()), timeout=2) as made:
        yield made


def url(server: Script) -> str:
    return f"http://127.0.0.1:{server.port}/texts"


async def test_one_connection_serves_many_requests(server: Script, client: httpx.AsyncClient) -> None:
    server.answers = [OK, OK, OK]

    answers = [(await client.post(url(server), json={"n": n})).text for n in range(3)]

    assert answers == ["hi"] * 3
    assert server.connections == 1
    assert server.requests[1].startswith(b"POST /texts HTTP/1.1\r\n")
    assert server.requests[1].endswith(b'{"n":1}')


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\nContent-Encoding: gzip\r\n\r\n"
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xc8\x04\x00\xac*\x93\xd8\x02\x00\x00\x00",
    ],
)
async def test_an_answer_of_any_form_is_read_whole(
    server: Script, client: httpx.AsyncClient, answer: bytes
) -> None:
    server.answers = [answer, OK]

    first = await client.get(url(server))
    again = await client.get(url(server))

    assert (first.status_code, first.text) == (200, "hi")
    assert again.text == "hi"


async def test_an_answer_that_ends_with_its_connection_is_read_whole(
    server: Script, client: httpx.AsyncClient
) -> None:
    server.answers = [b"HTTP/1.1 200 OK\r\n\r\nhi"]

    assert (await client.get(url(server))).text == "hi"


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    server: Script, client: httpx.AsyncClient
) -> None:
    server.answers = [OK]
    await client.get(url(server))
    await server.closed.wait()
    await asyncio.sleep(0.01)
    server.answers = [OK]

    again = await client.get(url(server))

    assert again.text == "hi"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, httpx.RemoteProtocolError),
    ],
)
async def test_what_is_no_answer_is_an_error_and_the_next_request_begins_anew(
    server: Script, client: httpx.AsyncClient, answer: bytes | None, error: type[Exception]
) -> None:
    server.answers = [answer, OK]
    with pytest.raises(error):
        await client.get(url(server))
    server.answers = [OK]

    again = await client.get(url(server))

    assert again.text == "hi"
    assert server.connections == 2


async def test_a_request_that_was_given_up_leaves_its_answer_to_nobody(
    server: Script, client: httpx.AsyncClient
) -> None:
    """Its late answer on the same connection would be taken for that of the next text."""
    server.answers = [b"", OK]
    given_up = asyncio.create_task(client.get(url(server)))
    while not server.requests:  # noqa: ASYNC110 - the server is at work by itself
        await asyncio.sleep(0.005)

    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    again = await client.get(url(server))

    assert again.text == "hi"
    assert server.connections == 2


async def test_where_nobody_listens_there_is_no_connection(server: Script, client: httpx.AsyncClient) -> None:
    await server.stop()

    with pytest.raises(httpx.ConnectError):
        await client.get(url(server))


async def test_nobody_who_answers_in_time_is_a_timeout_of_connecting(
    server: Script, client: httpx.AsyncClient
) -> None:
    with pytest.raises(httpx.ConnectTimeout):
        await client.get(url(server), timeout=httpx.Timeout(2, connect=0))


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side of TLS for 127.0.0.1, and a client's side that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "gateway.pem"
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password)
    pem.write_bytes(private + certificate.public_bytes(encoding))
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(pem)
    return ours, ssl.create_default_context(cafile=str(pem))


async def test_a_trusted_gateway_is_talked_to_and_a_stranger_is_not(tmp_path: Path) -> None:
    ours, trusting = certified(tmp_path)
    server = Script()
    await server.start(ours)
    server.answers = [OK]
    address = f"https://127.0.0.1:{server.port}/texts"

    async with httpx.AsyncClient(transport=DirectTransport(ssl.create_default_context())) as stranger:
        with pytest.raises(httpx.ConnectError):
            await stranger.get(address)
    async with httpx.AsyncClient(transport=DirectTransport(trusting)) as friend:
        answer = await friend.get(address)

    assert answer.text == "hi"
    assert len(server.requests) == 1
    await server.stop()


@pytest.mark.parametrize("excepted", [False, True])
async def test_a_proxy_of_the_environment_is_used_unless_the_gateway_is_excepted(
    server: Script, monkeypatch: pytest.MonkeyPatch, excepted: bool
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("no_proxy", "gateway.invalid" if excepted else "")
    taken = b'HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\n\r\n{"id":"t-1"}'
    server.answers = [taken]
    provider = GatewayProvider("http://gateway.invalid/texts")
    text = OutgoingText("r-1", "+18335550100", "+13125550110", "Hello.")

    if excepted:
        with pytest.raises(ProviderUnavailable):
            await provider.send(text)
    else:
        assert await provider.send(text) == ProviderAnswer("t-1")

    assert [one.startswith(b"POST http://gateway.invalid/texts ") for one in server.requests] == (
        [] if excepted else [True]
    )
    await provider.close()
