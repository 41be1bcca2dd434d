"""The people of the arrival benchmark: patients' and clinicians' pages, as far as the house can tell them."""

import asyncio
import json
from typing import Any

from benchmarks.arrival_house import VISITS_A_PANEL, launch_secret, seat_secret
from benchmarks.plain_socket import PlainSocket, connect

# As client/src/protocol/socket.ts does.
PING_EVERY_S = 20.0

# What a browser sends besides, so that a socket costs here what it costs there.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}


class Heart:
    """Every page says that it is there as often as the browsers' pages do: who is silent is taken for gone."""

    def __init__(self) -> None:
        self._sockets: list[PlainSocket] = []
        self._beating: asyncio.Task[None] | None = None

    def keep(self, page: PlainSocket) -> None:
        """This page is kept alive from now on."""
        self._sockets.append(page)
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        # One after the other, as pages that were opened at different times do.
        number = 0
        while True:
            number = (number + 1) % len(self._sockets)
            self._sockets[number].send({"type": "ping", "n": 1})
            await asyncio.sleep(PING_EVERY_S / len(self._sockets))


class Patient:
    """One patient's page: goes as far as told and notes when."""

    def __init__(self, number: int, heart: Heart) -> None:
        self.number = number
        self._heart = heart
        self.entered_ns = 0
        self.socket: PlainSocket
        self._lobby: str | None = None
        self._state = ""
        self._changed = asyncio.Event()

    async def open(self, port: int) -> None:
        """Connect, say hello and have the first state."""
        headers = {
            **BROWSER,
            "Origin": f"http://localhost:{port}",
            "Cookie": f"__Host-hc_seat_s_{self.number}={seat_secret(self.number)}",
            "Sec-WebSocket-Protocol": "housecall.v1",
        }
        self.socket = await connect(port, f"/seat/s_{self.number}/socket", headers, self._hear)
        self.socket.send({"type": "hello", "v": 1, "tab": f"tab{self.number}", "resume": False})
        await self._until(lambda: self._state != "")
        self._heart.keep(self.socket)

    async def test_devices(self) -> None:
        """The tests and their results."""
        self.socket.send({"type": "checking"})
        self.socket.send(
            {"type": "check", "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok"}
        )
        await self._until(lambda: self._state == "checking")

    def enter(self) -> None:
        """Enter the lobby now."""
        self.entered_ns = self.socket.send({"type": "enter-lobby"})

    async def is_waiting(self) -> None:
        """Wait until the page shows the lobby."""
        await self._until(lambda: self._lobby == "waiting")

    async def _until(self, condition: Any) -> None:
        try:
            async with asyncio.timeout(60):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            stays = f"{self._state or 'nowhere'}, closed: {self.socket.closed}, began: {self.entered_ns > 0}"
            raise TimeoutError(f"patient {self.number} stays {stays}") from None

    def _hear(self, frame: bytes, _at: int) -> None:
        message = json.loads(frame)
        if message["type"] == "state":
            self._state, self._lobby = message["state"], message["lobby"]
        elif message["type"] == "error":
            raise RuntimeError(message["code"])
        self._changed.set()


class Panels:
    """The clinicians' pages: every snapshot that says waiting, and when it came."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self.seen: dict[str, tuple[int, int]] = {}

    async def open(self, port: int, visits: int) -> None:
        """Connect as many as there are for so many visits."""
        for number in range(visits // VISITS_A_PANEL):
            headers = {
                **BROWSER,
                "Origin": f"http://localhost:{port}",
                "Cookie": f"__Host-hc_l_{number}={launch_secret(number)}",
                "Sec-WebSocket-Protocol": "housecall.v1",
            }
            page = await connect(port, f"/panel/l_{number}/socket", headers, self._hear)
            page.send({"type": "hello", "v": 1, "tab": f"panel{number}", "resume": False})
            self._heart.keep(page)

    def _hear(self, frame: bytes, at: int) -> None:
        message = json.loads(frame)
        if message["type"] == "visit" and message["visit"]["patient"]["state"] == "waiting":
            visit = message["visit"]
            self.seen.setdefault(visit["visit"], (visit["rev"], at))
