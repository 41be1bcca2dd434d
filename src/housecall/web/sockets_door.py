"""How a live connection is run: accepted, guarded, from hello to the end, closed with a code for the page."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from housecall.kit.errors import HousecallError, Kind
from housecall.realtime.errors import HelloMissing, MessageInvalid, SocketFailed, SocketUnauthenticated
from housecall.realtime.messages import Hello
from housecall.realtime.socket import Socket, WireGone
from housecall.web.house import House, house_of
from housecall.web.server import CARE

log = logging.getLogger(__name__)

PROTOCOL: Final = "housecall.v1"


class Page(Protocol):
    """What stands behind a socket: a patient's page or a clinician's."""

    async def begin(self, hello: Hello) -> None:
        """Send the whole state and listen to what changes it."""
        ...

    async def take(self, message: Any) -> None:
        """Do what the page asks."""
        ...

    async def end(self) -> None:
        """The socket is gone: hear no more, and let the others know."""
        ...


class AsgiWire:
    """A wire on a WebSocket as the server hands it over; holds nothing of the request."""

    __slots__ = ("_abort", "_receive", "_send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._abort: Callable[[], None] | None = scope["extensions"].get(CARE, {}).get("abort")

    async def receive(self) -> str | None:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return None
        text = event.get("text")
        if not isinstance(text, str):
            raise MessageInvalid
        return text

    async def send(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except OSError:
            raise WireGone from None

    async def close(self, code: int, reason: str) -> None:
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except OSError:
            raise WireGone from None

    def abort(self) -> None:
        if self._abort is not None:
            self._abort()


Guard = Callable[[House, HTTPConnection, Socket], Awaitable[Page]]


class Door:
    """One audience's entrance; closed by default: nothing is heard or said before its guard let the page in.

    It accepts first and closes then, since a page cannot read why a handshake was refused.
    """

    def __init__(self, guard: Guard, parse: Callable[[str], Any]) -> None:
        self.guard = guard
        self._parse = parse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        offered = PROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if offered else None})
        socket = Socket(AsgiWire(scope, receive, send))
        house = house_of(HTTPConnection(scope))
        house.hub.enter(socket)
        try:
            await self._run(house, scope, socket)
        except HousecallError as error:
            socket.refuse(error)
            socket.close(SocketFailed())
        except asyncio.CancelledError:
            # The server stops and waits no longer; whoever starts next marks everybody absent.
            log.debug("A socket's end was cut short.")
        except Exception:
            log.exception("A socket failed in an unforeseen way.")
            socket.close(SocketFailed())
        finally:
            await socket.closed()
            house.hub.leave(socket)

    async def _run(self, house: House, scope: Scope, socket: Socket) -> None:
        page = await self._admit(house, HTTPConnection(scope), socket)
        _forget_request(scope)
        text = await socket.first_text()
        if text is None:
            return
        hello = self._parse(text)
        if not isinstance(hello, Hello):
            raise HelloMissing
        try:
            await page.begin(hello)
            await socket.listen(lambda text: page.take(self._parse(text)))
        finally:
            await page.end()

    async def _admit(self, house: House, connection: HTTPConnection, socket: Socket) -> Page:
        # A page on another site could open a socket with the person's cookie; it cannot forge its origin.
        if connection.headers.get("origin") != house.public_url:
            raise SocketUnauthenticated
        try:
            return await self.guard(house, connection, socket)
        except HousecallError as error:
            if error.kind in (Kind.not_found, Kind.forbidden, Kind.unauthenticated):
                raise SocketUnauthenticated from None
            raise


def _forget_request(scope: Scope) -> None:
    scope["headers"] = []
    if CARE in scope["extensions"]:
        scope["extensions"][CARE]["forget"]()
