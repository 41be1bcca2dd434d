"""Fan-out: topics, who listens to them, and what is published on them."""

import asyncio
import logging
import random
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Protocol, Self

from housecall.realtime.bus import Bus, MemoryBus

log = logging.getLogger(__name__)

# How often silent and over-aged sockets are looked for; a socket may outlive its limit by this much.
_ROUND_EVERY_S: Final = 5.0


class Outlet(Protocol):
    """Where a topic's messages go. ``push`` never blocks and never raises."""

    def push(self, message: dict[str, Any]) -> None:
        """Take ``message``; it must not be changed, others get the same one."""
        ...


class Resident(Protocol):
    """A live socket as the hub knows it: it can be moved, checked, and told to read its state again."""

    def move(self, in_ms: int) -> None:
        """Ask the browser to come back in ``in_ms`` milliseconds, to another node."""
        ...

    def check(self) -> None:
        """Close if silent for too long or too old."""
        ...

    def reread(self) -> None:
        """Messages may have been lost: send the state afresh."""
        ...


class Subscription:
    """One outlet's place on one topic; cancelled once, or at the end of a ``with`` block."""

    __slots__ = ("_hub", "_outlet", "_topic")

    def __init__(self, hub: "Hub", topic: str, outlet: Outlet) -> None:
        self._hub, self._topic, self._outlet = hub, topic, outlet

    def cancel(self) -> None:
        """Hear no more of it; a second call does nothing."""
        self._hub._forget(self._topic, self._outlet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()


class Hub:
    """Delivers what is published to every local outlet at once, and through the bus to other nodes.

    Order is kept for one topic and one publisher. Nothing is stored: who comes later reads the state.
    """

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus or MemoryBus()
        self._topics: dict[str, set[Outlet]] = {}
        self._residents: set[Resident] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._rounds: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Hear other nodes and look after the sockets; a second call does nothing."""
        if self._rounds is None:
            await self._bus.start(self._deliver, self._on_gap)
            self._rounds = asyncio.create_task(self._go_round())

    async def stop(self) -> None:
        """Stop both."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
            self._rounds = None
            await self._bus.stop()

    async def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Every outlet of ``topic``, here and on other nodes, gets ``message`` (JSON values only)."""
        self._deliver(topic, message)
        await self._bus.publish(topic, message)

    def subscribe(self, topic: str, outlet: Outlet) -> Subscription:
        """``outlet`` hears ``topic`` from now on; twice is once."""
        self._topics.setdefault(topic, set()).add(outlet)
        return Subscription(self, topic, outlet)

    def is_heard(self, topic: str) -> bool:
        """Whether anybody on this node listens to ``topic``."""
        return topic in self._topics

    def enter(self, resident: Resident) -> None:
        """A socket lives here from now on."""
        self._residents.add(resident)
        self._empty.clear()

    def leave(self, resident: Resident) -> None:
        """It does no more."""
        self._residents.discard(resident)
        if not self._residents:
            self._empty.set()

    @property
    def residents(self) -> int:
        """How many sockets live on this node."""
        return len(self._residents)

    async def drain(self, within: timedelta) -> None:
        """Ask every socket to move; returns when all have left or ``within`` is over."""
        # Spread over three quarters, so that thousands do not knock at the next node in the same millisecond.
        spread_ms = int(within.total_seconds() * 750)
        for resident in list(self._residents):
            resident.move(random.randint(0, spread_ms))  # noqa: S311 - spreads load, guards nothing
        try:
            await asyncio.wait_for(self._empty.wait(), within.total_seconds())
        except TimeoutError:
            log.info(
                "Some sockets did not leave in time and are closed.", extra={"left": len(self._residents)}
            )

    def _deliver(self, topic: str, message: dict[str, Any]) -> None:
        outlets = self._topics.get(topic)
        if outlets:
            # A copy: an outlet may cancel itself or a neighbour while it takes the message.
            for outlet in tuple(outlets):
                outlet.push(message)

    def _forget(self, topic: str, outlet: Outlet) -> None:
        outlets = self._topics.get(topic)
        if outlets is not None:
            outlets.discard(outlet)
            if not outlets:
                del self._topics[topic]

    def _on_gap(self) -> None:
        for resident in list(self._residents):
            resident.reread()

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(_ROUND_EVERY_S)
            for resident in list(self._residents):
                resident.check()
