"""One live socket: what waits to be sent, how long it may be silent, how much it may say."""

import asyncio
import json
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from housecall.kit.errors import HousecallError
from housecall.realtime.eager import start_now
from housecall.realtime.errors import (
    CloseCode,
    HelloMissing,
    RealtimeError,
    SocketMoving,
    SocketSilent,
    SocketSlow,
    SocketUnauthenticated,
    TooManyMessages,
    close_code,
    error_message,
)

log = logging.getLogger(__name__)

# A page that reads at all is never this far behind; the byte bound is for offers, which are large.
MOST_WAITING: Final = 256
MOST_WAITING_BYTES: Final = 1024 * 1024
# A page hidden for long runs its timers once a minute. A dead line shows far sooner, by the server's own pings.
SILENT_AFTER_S: Final = 150.0
HELLO_WITHIN_S: Final = 5.0
# As long as a launch's session; guards are asked again when the page comes back.
LONGEST_LIFE_S: Final = 12 * 3600.0
# How long a closing socket may take to read what is left before it is cut.
CLOSE_WITHIN_S: Final = 5.0
# Joining a room of four sends some thirty candidates to each of three peers at once.
BURST: Final = 240
REFILL_PER_S: Final = 40.0
_MOVE_SPREAD_MS: Final = 10_000


class WireGone(Exception):
    """The other end is not there any more."""


class Wire(Protocol):
    """What a socket stands on: text frames in order, and a close."""

    async def receive(self) -> str | None:
        """The next text; None once the other end is gone or the close is done; MessageInvalid on bytes."""
        ...

    async def send(self, text: str) -> None:
        """Returns when the wire would take more; raises WireGone."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye; ``receive`` gives None afterwards. Raises WireGone."""
        ...

    def abort(self) -> None:
        """Cut without a word."""
        ...


class Socket:
    """Sends without blocking the publisher, and closes whoever is slow, silent, too old or too loud.

    There is a queue and a task only while a send is pending: thousands wait in lobbies, and most sockets say
    nothing for minutes.
    """

    __slots__ = (
        "_allowance",
        "_allowed_at",
        "_born_at",
        "_closing",
        "_heard_at",
        "_move_by",
        "_pump",
        "_time",
        "_waiting",
        "_waiting_bytes",
        "_wire",
        "on_reread",
    )

    def __init__(self, wire: Wire, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._time = monotonic
        self._born_at = self._heard_at = self._allowed_at = monotonic()
        self._allowance = float(BURST)
        self._waiting: deque[str] | None = None
        self._waiting_bytes = 0
        self._pump: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._move_by: float | None = None
        self.on_reread: Callable[[], None] | None = None

    @property
    def is_closing(self) -> bool:
        """Whether the close has begun, from our side."""
        return self._closing is not None

    def push(self, message: dict[str, Any]) -> None:
        """Have ``message`` sent as soon as the wire takes it, now if it can; dropped when the socket closes."""
        if self._closing is not None:
            return
        text = json.dumps(message, separators=(",", ":"))
        if self._waiting is None:
            self._waiting = deque((text,))
            self._waiting_bytes = len(text)
            self._pump = start_now(self._send_waiting())
        elif len(self._waiting) >= MOST_WAITING or self._waiting_bytes + len(text) > MOST_WAITING_BYTES:
            self.close(SocketSlow())
        else:
            self._waiting.append(text)
            self._waiting_bytes += len(text)

    def close(self, error: RealtimeError) -> None:
        """Close with the error's code once what waits is sent, or dropped if slow; only the first counts."""
        if self._closing is not None:
            return
        if isinstance(error, SocketSlow) and self._waiting is not None:
            self._waiting.clear()
        self._closing = asyncio.create_task(self._shut(error))

    async def closed(self) -> None:
        """Wait until a close that has begun is done."""
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)

    async def first_text(self) -> str | None:
        """The browser's first message; raises HelloMissing when it takes too long."""
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                return await self._wire.receive()
        except TimeoutError:
            raise HelloMissing from None

    async def listen(self, take: Callable[[str], Awaitable[None]]) -> None:
        """Hand each text to ``take``, one after the other, until either end closes; errors are told."""
        while True:
            try:
                text = await self._wire.receive()
                if text is None:
                    return
                self._spend()
                if self._closing is None:
                    await take(text)
            except HousecallError as error:
                self.refuse(error)

    def refuse(self, error: HousecallError) -> None:
        """Tell the page of ``error``, and close if it is of that kind."""
        self.push(error_message(error))
        if close_code(error) is not None:
            self.close(error if isinstance(error, RealtimeError) else SocketUnauthenticated(error.sentence))

    def move(self, in_ms: int) -> None:
        """Ask the page to connect again in ``in_ms`` milliseconds."""
        self.push({"type": "moving", "in_ms": in_ms})

    def check(self) -> None:
        """Close if silent for too long; ask to move, and then close, if too old."""
        now = self._time()
        if now - self._heard_at > SILENT_AFTER_S:
            self.close(SocketSilent())
        elif self._move_by is not None and now > self._move_by:
            self.close(SocketMoving())
        elif self._move_by is None and now - self._born_at > LONGEST_LIFE_S:
            in_ms = random.randint(0, _MOVE_SPREAD_MS)  # noqa: S311 - spreads load, guards nothing
            self._move_by = now + in_ms / 1000 + CLOSE_WITHIN_S
            self.move(in_ms)

    def reread(self) -> None:
        """Messages may have been lost: whoever speaks for this socket sends the state afresh."""
        if self.on_reread is not None and self._closing is None:
            self.on_reread()

    def _spend(self) -> None:
        now = self._heard_at = self._time()
        self._allowance = min(BURST, self._allowance + (now - self._allowed_at) * REFILL_PER_S) - 1
        self._allowed_at = now
        if self._allowance < 0:
            raise TooManyMessages

    async def _send_waiting(self) -> None:
        assert self._waiting is not None
        try:
            while self._waiting:
                await self._wire.send(self._waiting[0])
                if self._waiting:
                    self._waiting_bytes -= len(self._waiting.popleft())
        except WireGone:
            pass
        except Exception:
            # Part of this runs in whoever published, and the others who listen are to hear of it all the same.
            log.exception("A frame could not be sent in an unforeseen way.")
        finally:
            self._waiting = None
            self._pump = None

    async def _shut(self, error: RealtimeError) -> None:
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                if self._pump is not None:
                    await self._pump
                await self._wire.close(close_code(error) or CloseCode.failed, error.code)
        except (TimeoutError, WireGone):
            self._wire.abort()
