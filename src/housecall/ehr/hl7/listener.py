"""Listens for HL7 messages over MLLP, and answers each only when the handler has done with it.

A line is one sender's; its messages are handled one after the other. Whatever goes wrong on a line ends that
line alone, and what was not acknowledged on it is the sender's to send again.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from housecall.ehr.errors import MessageRefused, PeerDropped, PeerSilent, PeerSlow, TooManyPeers
from housecall.ehr.hl7.framing import Framer
from housecall.ehr.hl7.message import Header, parse
from housecall.ehr.hl7.reply import Ack, Answer, reply
from housecall.ehr.hl7.siu import Reading, ScheduleMessage, read_siu
from housecall.kit.clock import Clock

log = logging.getLogger(__name__)

Handler = Callable[[ScheduleMessage], Awaitable[Answer]]

_AT_ONCE: Final = 65_536


@dataclass(frozen=True)
class Limits:
    """What one sender may cost us."""

    # A schedule message is a few kilobytes; some carry a long note.
    frame_bytes: int = 1_048_576
    lines: int = 64
    frame_time: timedelta = timedelta(seconds=30)
    """From a frame's first byte to its last, and from our answer's first to its last."""
    # Senders keep a line open through the night. One whose peer is gone is found here, if not by TCP before.
    silence: timedelta = timedelta(minutes=30)


class Listener:
    """An MLLP server for SIU; ``handle`` is asked for each message that could be read."""

    def __init__(
        self, handle: Handler, reading: Reading, *, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._handle = handle
        self._reading = reading
        self._clock = clock
        self._limits = limits or Limits()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Lines are taken on this socket from now on."""
        handshake = 10.0 if tls else None
        self._server = await asyncio.start_server(
            self._accept, sock=listening, ssl=tls, ssl_handshake_timeout=handshake, limit=_AT_ONCE
        )

    async def stop(self) -> None:
        """No line is left; what was being handled was committed without an answer, or not at all."""
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._lines) >= self._limits.lines:
            log.warning("An HL7 line was closed.", extra={"code": TooManyPeers.code})
            writer.transport.abort()
            return
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        line = asyncio.create_task(self._run_line(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _run_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except PeerDropped as dropped:
            log.warning("An HL7 line was closed.", extra={"code": dropped.code})
        except OSError:
            # Reset, or TLS broken off: the sender's business.
            log.info("An HL7 line was lost.")
        except Exception:
            log.exception("An HL7 line failed.")
        finally:
            # Not closed tidily: a peer that is gone would never say that it has heard.
            await self._last_words(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer, loop = Framer(self._limits.frame_bytes), asyncio.get_running_loop()
        begun = loop.time()
        while arrived := await self._read(reader, begun if framer.is_inside else None):
            was_inside = framer.is_inside
            for message in framer.feed(arrived):
                was_inside = False
                await self._send(writer, await self._answer(message))
            if framer.is_inside and not was_inside:
                begun = loop.time()

    async def _read(self, reader: asyncio.StreamReader, begun: float | None) -> bytes:
        """What comes next, empty at the end of the line; raises PeerSlow or PeerSilent."""
        now = asyncio.get_running_loop().time()
        slow = begun is not None
        until = (
            (begun + self._limits.frame_time.total_seconds())
            if begun is not None
            else (now + self._limits.silence.total_seconds())
        )
        try:
            async with asyncio.timeout_at(until):
                return await reader.read(_AT_ONCE)
        except TimeoutError:
            raise (PeerSlow if slow else PeerSilent) from None

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(answer)
        try:
            async with asyncio.timeout(self._limits.frame_time.total_seconds()):
                await writer.drain()
        except TimeoutError:
            raise PeerSlow from None

    async def _answer(self, message: bytes) -> bytes:
        header, now = Header(), self._clock.now()
        try:
            parsed = parse(message)
            header = parsed.header
            answer = await self._handle(read_siu(parsed, self._reading, now=now))
        except MessageRefused as refused:
            log.warning("An HL7 message was refused.", extra={"code": refused.code})
            answer = Answer(Ack.refused, refused.code)
        except Exception:
            # Whatever it was, the message is not stored: the sender has to send it again.
            log.exception("An HL7 message could not be handled.")
            answer = Answer(Ack.fault, "internal")
        return reply(header, answer, now=now)

    async def _last_words(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        try:
            async with asyncio.timeout(1.0):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            writer.transport.abort()
