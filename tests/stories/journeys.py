"""What happens to a device on the way: it changes its network, or it sleeps."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from playwright.async_api import Browser, BrowserContext, Playwright

from tests.stories.theatre import CHROMIUM, FLAGS

_CHUNK: Final = 65_536


class Road:
    """A device's way to the server, as an HTTP proxy; what it leaves behind is never heard again."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._number = 0
        self._is_there = asyncio.Event()
        self._is_there.set()
        self._travellers: set[asyncio.Task[None]] = set()

    @property
    def proxy(self) -> dict[str, str]:
        """What a browser's context is told."""
        assert self._server is not None
        return {"server": f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"}

    async def change(self, device: BrowserContext) -> None:
        """The old network is gone without a word to anybody, and the device is on another one."""
        self.leave()
        await device.set_offline(True)
        await asyncio.sleep(0.5)
        self.arrive()
        await device.set_offline(False)

    def leave(self) -> None:
        """What is on its way is lost, and nothing new gets through."""
        self._number += 1
        self._is_there.clear()

    def arrive(self) -> None:
        """New connections get through; the old ones never do again."""
        self._is_there.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        travellers = list(self._travellers)
        for one in travellers:
            one.cancel()
        await asyncio.gather(*travellers, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._travellers.add(task)
        task.add_done_callback(self._travellers.discard)
        # Cancelled when the road is taken up; the stream's own callback would call that a fault.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._carry(reader, writer)
        writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await self._is_there.wait()
        verb, where, _ = head.decode("latin-1").split(" ", 2)
        host, _, port = where.removeprefix("http://").split("/")[0].rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        if verb == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            # One request each, as to a server itself.
            first, rest = head.split(b"\r\n", 1)
            path = where.removeprefix(f"http://{host}:{port}").encode("latin-1")
            kept = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            words = [verb.encode(), path, first.rsplit(b" ", 1)[1]]
            far_writer.write(b"\r\n".join([b" ".join(words), b"Connection: close", *kept]))
        number = self._number
        try:
            await asyncio.gather(
                self._pass_on(reader, far_writer, number), self._pass_on(far_reader, writer, number)
            )
        finally:
            far_writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while data := await reader.read(_CHUNK):
            if number != self._number:
                await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        if number != self._number:
            await asyncio.Event().wait()
        writer.write_eof()


class Laptop:
    """A Chromium of its own that can be put to sleep: nothing in it runs, and it answers nobody."""

    def __init__(self, browser: Browser, group: int) -> None:
        self.browser, self._group = browser, group

    def sleep(self) -> None:
        os.killpg(self._group, signal.SIGSTOP)

    def wake(self) -> None:
        os.killpg(self._group, signal.SIGCONT)


@contextlib.asynccontextmanager
async def a_laptop(playwright: Playwright) -> AsyncIterator[Laptop]:
    """Running and awake; closed afterwards, asleep or not."""
    mark = f"--laptop={secrets.token_hex(8)}"
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, mark])
    laptop = Laptop(browser, os.getpgid(_process_with(mark)))
    try:
        yield laptop
    finally:
        laptop.wake()
        await browser.close()


def _process_with(argument: str) -> int:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if argument.encode() in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
    raise AssertionError("no such process")
