"""The bus between nodes: what one node publishes, the others deliver. One process needs none."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final, Protocol

log = logging.getLogger(__name__)

Message = dict[str, Any]
Deliver = Callable[[str, Message], None]
OnGap = Callable[[], None]

_CHANNEL: Final = "housecall.realtime"
# Short enough that a restarted Redis is back within a blink, long enough not to hammer one that is down.
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 2.0
# Redis is asked for a sign of life this often, so that a connection that died without a word is noticed.
_PING_EVERY_S: Final = 5.0


class Bus(Protocol):
    """Carries messages to the other nodes, never back to the one that published.

    Delivery is at most once: what is published while a node is cut off is lost for it, and ``on_gap`` is
    called when it is back, so that whoever listens reads the truth again.
    """

    async def start(self, deliver: Deliver, on_gap: OnGap) -> None:
        """Begin to hear the other nodes."""
        ...

    async def publish(self, topic: str, message: Message) -> None:
        """Hand ``message`` to the other nodes; a broken bus loses it silently, it never raises."""
        ...

    async def stop(self) -> None:
        """Stop hearing and give everything back."""
        ...


class Exchange:
    """What memory buses of several hubs in one process meet on."""

    def __init__(self) -> None:
        self.members: list[MemoryBus] = []


class MemoryBus:
    """The bus of a single process: alone it carries nothing; on a shared exchange it reaches its fellows."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange or Exchange()
        self._deliver: Deliver | None = None
        self._on_gap: OnGap | None = None
        self._is_cut = False

    async def start(self, deliver: Deliver, on_gap: OnGap) -> None:
        self._deliver, self._on_gap = deliver, on_gap
        self._exchange.members.append(self)

    async def publish(self, topic: str, message: Message) -> None:
        for member in self._exchange.members:
            if member is not self and not member._is_cut and not self._is_cut and member._deliver:
                member._deliver(topic, json.loads(json.dumps(message)))

    async def stop(self) -> None:
        if self in self._exchange.members:
            self._exchange.members.remove(self)

    def cut(self) -> None:
        """Lose the other nodes, as when a network fails."""
        self._is_cut = True

    def mend(self) -> None:
        """Have them back; what was published meanwhile is lost."""
        self._is_cut = False
        if self._on_gap:
            self._on_gap()


class RedisBus:
    """Redis or Valkey pub/sub on one channel; every node hears everything and keeps what it has outlets for.

    One channel, not one for each topic: a subscription made on the fly takes effect a little later than the
    state is read, and what falls between would be lost.
    """

    def __init__(self, url: str) -> None:
        # Imported here: a house without Redis neither needs nor pays for it.
        from redis.asyncio import Redis

        self._redis = Redis.from_url(
            url, socket_timeout=2.0, socket_connect_timeout=2.0, socket_keepalive=True, decode_responses=True
        )
        self._node = secrets.token_hex(8)
        self._task: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        self._was_lost = False
        self._is_publishing_well = True

    async def start(self, deliver: Deliver, on_gap: OnGap) -> None:
        self._task = asyncio.create_task(self._listen(deliver, on_gap))
        # A house begins even while Redis is away: one process alone still works.
        try:
            await asyncio.wait_for(self._heard.wait(), _LONGEST_WAIT_S)
        except TimeoutError:
            log.warning("Redis does not answer; other nodes are not heard until it does.")

    async def publish(self, topic: str, message: Message) -> None:
        from redis.exceptions import RedisError

        envelope = json.dumps({"node": self._node, "topic": topic, "message": message})
        try:
            await self._redis.publish(_CHANNEL, envelope)
            self._is_publishing_well = True
        except (RedisError, OSError):
            if self._is_publishing_well:
                log.warning("Redis could not be reached; other nodes miss messages until it is back.")
            self._is_publishing_well = False

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    async def _listen(self, deliver: Deliver, on_gap: OnGap) -> None:
        from redis.exceptions import RedisError

        wait_s = _FIRST_WAIT_S
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    await self._hear(channel, deliver, on_gap)
            except (RedisError, OSError):
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S) if not self._heard.is_set() else _FIRST_WAIT_S
                self._was_lost = self._was_lost or self._heard.is_set()
                self._heard.clear()
                await asyncio.sleep(wait_s)

    async def _hear(self, channel: Any, deliver: Deliver, on_gap: OnGap) -> None:
        while True:
            event = await channel.get_message(timeout=_PING_EVERY_S)
            if event is None:
                await self._check(channel)
            elif event["type"] == "subscribe":
                # Also seen when the library reconnected and subscribed again by itself.
                if self._heard.is_set() or self._was_lost:
                    log.info("Redis is back; sockets read their state again.")
                    on_gap()
                self._was_lost = False
                self._heard.set()
            elif event["type"] == "message":
                self._open(event["data"], deliver)

    @staticmethod
    async def _check(channel: Any) -> None:
        """Raises when the connection is dead: the answer to a ping must come."""
        await channel.ping()
        if await channel.get_message(timeout=_PING_EVERY_S) is None:
            raise ConnectionError("no answer to a ping")

    def _open(self, data: str, deliver: Deliver) -> None:
        envelope = json.loads(data)
        if envelope["node"] != self._node:
            deliver(envelope["topic"], envelope["message"])


def bus_for(redis_url: str) -> Bus:
    """The bus these settings ask for: Redis when its address is set, else none between nodes."""
    return RedisBus(redis_url) if redis_url else MemoryBus()
