"""The real application under the real server on a free port, and browsers that speak its socket protocol."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from housecall.app import make_app
from housecall.kit.ids import hash_token, new_token, short_id
from housecall.kit.settings import Settings
from housecall.meetings.base import MeetingBackend
from housecall.visits.seats import take_seat
from housecall.visits.tables import Launch, Seat, Visit
from housecall.web.cookies import launch_cookie, seat_cookie
from housecall.web.house import House
from housecall.web.server import DrainingServer, uvicorn_config
from tests.visits.clinic import Clinic

Message = dict[str, Any]
PATIENCE_S = 10


class Page:
    """A browser's end of one socket: hears everything, and remembers it."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self.heard: list[Message] = []
        self._read = 0
        self._changed = asyncio.Event()
        self._ears = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async for text in self._wire:
                self.heard.append(json.loads(text))
                self._changed.set()
        except ConnectionClosed:
            pass
        self._changed.set()

    async def say(self, kind: str, **fields: Any) -> None:
        await self._wire.send(json.dumps({"type": kind, **fields}))

    async def say_raw(self, text: str | bytes) -> None:
        await self._wire.send(text)

    async def until(self, kind: str, fits: Callable[[Message], bool] = lambda _: True) -> Message:
        """The next message of this type that fits; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self._read < len(self.heard):
                    message = self.heard[self._read]
                    self._read += 1
                    if message["type"] == kind and fits(message):
                        return message
                assert not self._ears.done(), f"closed while waiting for {kind}: {self.heard}"
                self._changed.clear()
                await self._changed.wait()

    async def state(self, name: str) -> Message:
        return await self.until("state", lambda message: message["state"] == name)

    async def visit(self, fits: Callable[[Message], bool]) -> Message:
        """The snapshot of the next ``visit`` that fits."""
        found: Message = (await self.until("visit", lambda message: fits(message["visit"])))["visit"]
        return found

    async def settle(self, n: int = 1) -> None:
        """Returns when the server has dealt with all that was said so far."""
        await self.say("ping", n=n)
        await self.until("pong", lambda message: message["n"] == n)

    async def closed(self) -> tuple[int, str]:
        """The code and reason the socket was closed with."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait([self._ears])
            await self._wire.wait_closed()
        assert self._wire.close_code is not None
        return self._wire.close_code, self._wire.close_reason or ""

    def types(self) -> list[str]:
        return [message["type"] for message in self.heard]

    async def close(self) -> None:
        await self._wire.close()
        await asyncio.wait([self._ears])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@dataclass
class Live:
    """A clinic whose house is served; opens pages with the cookies that people would have."""

    clinic: Clinic
    house: House
    port: int
    pages: list[Page] = field(default_factory=list)

    async def open(self, path: str, cookie: str = "", origin: str | None = None) -> Page:
        """A page's socket, before hello."""
        wire = await connect(
            f"ws://127.0.0.1:{self.port}{path}",
            origin=origin or self.house.public_url,  # type: ignore[arg-type]
            subprotocols=["housecall.v1"],  # type: ignore[list-item]
            additional_headers={"Cookie": cookie} if cookie else {},
            proxy=None,
        )
        self.pages.append(Page(wire))
        return self.pages[-1]

    async def take(self, visit: Visit) -> tuple[Seat, str]:
        """The patient presses start: their seat, and the cookie the browser got."""
        seat = await self.clinic.seat(visit)
        async with self.house.database.work() as work:
            secret = await take_seat(self.clinic.desk, work, seat)
        return seat, f"{seat_cookie(seat.id)}={secret}"

    async def patient(self, held: tuple[Seat, str], tab: str = "tab-1", *, resume: bool = False) -> Page:
        """The page of the browser that holds the seat, after hello and its first state."""
        seat, cookie = held
        page = await self.open(f"/seat/{seat.id}/socket", cookie)
        await page.say("hello", v=1, tab=tab, resume=resume)
        await page.until("state")
        return page

    async def launch(self, *visit_ids: str, user: str = "user-1", **values: Any) -> tuple[str, str]:
        """A clinician's launch about these visits: its id, and the cookie."""
        secret, launch_id = new_token(), short_id("l")
        given = {
            "persona": "practitioner",
            "state": "active",
            "user_ref": user,
            "expires_at": self.clinic.now + timedelta(hours=12),
            **values,
        }
        async with self.house.database.work() as work:
            work.session.add(
                Launch(
                    id=launch_id,
                    org_id=self.clinic.org_id,
                    connection_id=self.clinic.connection.id,
                    secret_hash=hash_token(secret),
                    visit_ids=list(visit_ids),
                    created_at=self.clinic.now,
                    **given,
                )
            )
        return launch_id, f"{launch_cookie(launch_id)}={secret}"

    async def staff(self, launch: tuple[str, str], tab: str = "staff-1", *, resume: bool = False) -> Page:
        """A page of the launch, after hello and its welcome."""
        launch_id, cookie = launch
        page = await self.open(f"/panel/{launch_id}/socket", cookie)
        await page.say("hello", v=1, tab=tab, resume=resume)
        await page.until("welcome")
        return page

    async def until_pages_are(self, number: int) -> None:
        """Returns when the server holds only so many sockets, with all that the others' ends do done."""
        async with asyncio.timeout(PATIENCE_S):
            while self.house.hub.residents > number:  # noqa: ASYNC110 - the hub has no event for a number
                await asyncio.sleep(0.005)

    async def waiting(self, visit: Visit) -> Page:
        """A patient's page in the lobby."""
        page = await self.patient(await self.take(visit))
        await page.say("enter-lobby")
        await page.state("waiting")
        return page


@asynccontextmanager
async def serve(
    clinic: Clinic, *, meetings: MeetingBackend | None = None, **given: str
) -> AsyncIterator[Live]:
    """The clinic's house on a free port, as long as the block lasts."""
    if meetings is not None:
        clinic.desk = replace(clinic.desk, meetings=meetings)
    desk = clinic.desk
    settings = Settings({"HOUSECALL_PUBLIC_URL": desk.public_url, **given})
    house = House(settings, clinic.database, desk.sealer, clinic.clock, desk.hub, desk, desk.public_url)
    listener = socket.create_server(("127.0.0.1", 0))
    server = DrainingServer(uvicorn_config(make_app(house), settings), house.hub)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    live = Live(clinic, house, listener.getsockname()[1])
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        yield live
    finally:
        for page in live.pages:
            await page.close()
        server.should_exit = True
        await running
        await house.hub.stop()
