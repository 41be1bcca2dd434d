"""A small HTTP/1.1 server on plain sockets: a stand-in for others that costs them next to nothing."""

import asyncio
import json
from typing import Any

Answer = tuple[int, dict[str, Any], dict[str, str]]


class PlainServer:
    """Keeps connections open and answers JSON; a subclass says what."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def answer(self, method: str, target: str, body: bytes) -> Answer | None:
        """Status, body and further headers; None drops the connection."""
        raise NotImplementedError

    async def start(self) -> str:
        """Listen; returns the server's origin."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Nobody is served any more."""
        if self._server is not None:
            self._server.close()
            for task in list(self._serving):
                task.cancel()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while True:
                method, target, length = _head(await reader.readuntil(b"\r\n\r\n"))
                answer = await self.answer(method, target, await reader.readexactly(length))
                if answer is None:
                    return
                writer.write(_written(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()


async def serve_for_ever(server: PlainServer) -> None:
    """Print the origin and serve until killed."""
    print(await server.start(), flush=True)
    await asyncio.Event().wait()


def _head(head: bytes) -> tuple[str, str, int]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return method, target, int(value)
    return method, target, 0


def _written(answer: Answer) -> bytes:
    status, body, headers = answer
    content = json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return (head + more + "\r\n").encode() + content
