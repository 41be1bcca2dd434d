"""Requests on a real wire: certificates, proxies, one shared client."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from housecall.ehr.addresses import GuardedTransport, NetworkRules
from housecall.ehr.errors import AddressRefused, CertificateRefused, EhrUnavailable
from housecall.ehr.outward import Answer, Outward

LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture
async def https(tmp_path) -> AsyncIterator[tuple[str, str]]:
    """A server of its own authority: its address and the authority's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), 1, at - timedelta(days=1), at + timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}/r4", str(file)
    server.close()


async def test_a_certificate_of_an_unknown_authority_is_refused(https):
    outward = Outward(NetworkRules.from_setting(LOOPBACK))

    with pytest.raises(CertificateRefused):
        await outward.send("GET", https[0])
    await outward.close()


async def test_the_authority_in_the_file_is_believed_for_the_name_though_the_address_is_pinned(https):
    outward = Outward(NetworkRules.from_setting(LOOPBACK, ca_file=https[1]))

    assert (await outward.send("GET", https[0])).json_object() == {}
    await outward.close()


async def test_a_certificate_for_another_name_is_refused(https):
    outward = Outward(NetworkRules.from_setting(LOOPBACK, ca_file=https[1]))

    with pytest.raises(CertificateRefused):
        await outward.send("GET", https[0].replace("localhost", "127.0.0.1"))
    await outward.close()


async def test_a_port_where_nobody_listens_is_unavailable():
    outward = Outward(NetworkRules.from_setting(LOOPBACK))

    with pytest.raises(EhrUnavailable):
        await outward.send("GET", "http://127.0.0.1:9/r4")
    await outward.close()


async def test_a_proxy_of_the_environment_is_used_but_opens_no_address_inside(monkeypatch):
    seen: list[str] = []

    async def record(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200)

    async def unknown(host: str, port: int) -> list[str]:
        raise EhrUnavailable

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    guarded = GuardedTransport(NetworkRules(), limits=httpx.Limits(), resolve=unknown)
    async with httpx.AsyncClient(transport=guarded) as http:
        await http.get("https://ehr.example/r4")
        with pytest.raises(AddressRefused):
            await http.get("https://10.0.0.1/r4")

    assert seen == ["https://ehr.example/r4"], "the name is left for the proxy to resolve"


async def test_equal_rules_share_one_client_until_the_last_has_gone():
    first, second = Outward(NetworkRules()), Outward(NetworkRules())
    shared = first._client()
    assert second._client() is shared

    await first.close()
    assert not shared.is_closed
    await second.close()
    assert shared.is_closed


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17),
        ("0", 1),
        ("Tue, 01 Dec 2026 12:01:30 GMT", 90),
        ("Tue, 01 Dec 2026 11:00:00 GMT", 1),
        ("99999999", 3600),
        ("soon", 30),
        ("", 30),
    ],
)
def test_how_long_to_wait(header, seconds):
    answer = Answer(429, {"retry-after": header}, b"")

    assert answer.retry_after(datetime(2026, 12, 1, 12, 0, tzinfo=UTC)) == timedelta(seconds=seconds)
