"""A WebSocket client small enough that thousands of them do not disturb what is measured."""

import asyncio
import base64
import json
import os
import struct
import time
from collections.abc import Callable
from typing import Any

Heard = Callable[[bytes, int], None]


class PlainSocket(asyncio.Protocol):
    """One connection: text frames out (masked), text frames in with the instant each came (monotonic, ns)."""

    __slots__ = ("_buffer", "_heard", "_is_up", "_request", "closed", "ready", "transport")

    def __init__(self, host: str, path: str, headers: dict[str, str], heard: Heard) -> None:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._heard = heard
        self._buffer = b""
        self._is_up = False
        self.closed: int | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        at = time.monotonic_ns()
        self._buffer += data
        if not self._is_up and not self._open():
            return
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == 1:
                self._heard(payload, at)
            elif opcode == 9:
                # As a browser does: the server lets go of whoever leaves its pings without an answer.
                self._write(0x8A, payload)
            elif opcode == 8:
                self.closed = struct.unpack("!H", payload[:2])[0] if payload else 1005
                self.transport.close()

    def _open(self) -> bool:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self.ready.set_exception(ConnectionError(head.splitlines()[0].decode()))
            self.transport.close()
            return False
        self._buffer, self._is_up = rest, True
        self.ready.set_result(None)
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = struct.unpack("!H", buffer[2:4])[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = struct.unpack("!Q", buffer[2:10])[0], 10
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[0] & 0x0F, buffer[start : start + length]

    def send(self, message: dict[str, Any]) -> int:
        """Send one message; the instant it left (monotonic, ns)."""
        return self._write(0x81, json.dumps(message).encode())

    def _write(self, first: int, payload: bytes) -> int:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        size = len(payload)
        head = (
            bytes([first, 0x80 | size])
            if size < 126
            else bytes([first, 0x80 | 126]) + struct.pack("!H", size)
        )
        at = time.monotonic_ns()
        self.transport.write(head + mask + masked)
        return at

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("closed before the handshake"))


async def connect(port: int, path: str, headers: dict[str, str], heard: Heard) -> PlainSocket:
    """An open socket to this machine."""
    loop = asyncio.get_running_loop()
    host = f"localhost:{port}"
    _, made = await loop.create_connection(lambda: PlainSocket(host, path, headers, heard), "127.0.0.1", port)
    await made.ready
    return made
