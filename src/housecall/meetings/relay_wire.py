"""How a request reaches a relay and its answer comes back: over UDP, where it is repeated, or TCP and TLS."""

import asyncio
import ssl
from contextlib import suppress
from typing import Final, Protocol, Self

from housecall.meetings.stun import HEADER_BYTES, Answer, NotStun, length_of, read_answer

# A datagram may be lost: asked again after these (RFC 8489 §6.2.1, its first waits).
_PATIENCE_S: Final = (0.5, 1.0, 2.0)


class WireSilent(Exception):
    """Nothing came back."""


class RelayWire(Protocol):
    """One connection to a relay."""

    async def ask(self, message: bytes, transaction: bytes) -> Answer:
        """The answer to this request; raises WireSilent or NotStun."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class UdpWire(asyncio.DatagramProtocol):
    """Datagrams to one address."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """A socket bound to that address; nothing is sent yet."""
        loop = asyncio.get_running_loop()
        transport, wire = await loop.create_datagram_endpoint(cls, remote_addr=(host, port))
        wire._transport = transport
        return wire

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._came.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        # "Port unreachable" comes back this way; it is repeated and then counts as silence, since it may be forged.
        return

    async def ask(self, message: bytes, transaction: bytes) -> Answer:
        """The answer, asked for again while nothing comes."""
        assert self._transport is not None
        for patience_s in _PATIENCE_S:
            self._transport.sendto(message)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    return await self._answer_to(transaction)
        raise WireSilent

    async def _answer_to(self, transaction: bytes) -> Answer:
        while True:
            answer = read_answer(await self._came.get())
            if answer.transaction == transaction:
                return answer

    async def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


class TcpWire:
    """A stream to one address, with TLS where asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None) -> Self:
        """A connection that stands."""
        return cls(*await asyncio.open_connection(host, port, ssl=tls))

    async def ask(self, message: bytes, transaction: bytes) -> Answer:
        """The answer; others that come before it are passed over."""
        self._writer.write(message)
        try:
            await self._writer.drain()
            while True:
                head = await self._reader.readexactly(HEADER_BYTES)
                answer = read_answer(head + await self._reader.readexactly(length_of(head)))
                if answer.transaction == transaction:
                    return answer
        except asyncio.IncompleteReadError as error:
            # Who hangs up without a word did not understand us; who says something else does not speak TURN.
            raise NotStun if error.partial else WireSilent from None
        except OSError:
            raise WireSilent from None

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
