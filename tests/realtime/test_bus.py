"""One contract for every bus: Redis and its twin in memory."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from housecall.realtime.bus import Bus, Exchange, MemoryBus, RedisBus, bus_for


class Redis:
    """A real Redis on a free port, which a test may kill and start again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hc-r-redis-", dir="/tmp"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self._folder),
        ]
        self._process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def remove(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = Redis()
    server.start()
    yield server
    server.remove()


async def until(condition: Callable[[], bool], within_s: float = 8.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


class Node:
    """One end of a bus and what it heard."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.gaps = 0

    async def start(self) -> None:
        await self.bus.start(lambda topic, message: self.heard.append((topic, message)), self._note_gap)

    def _note_gap(self) -> None:
        self.gaps += 1


@pytest.fixture(params=["memory", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Node, Node]]:
    if request.param == "redis":
        server: Redis = request.getfixturevalue("redis")
        made: tuple[Node, Node] = Node(RedisBus(server.url)), Node(RedisBus(server.url))
    else:
        exchange = Exchange()
        made = Node(MemoryBus(exchange)), Node(MemoryBus(exchange))
    for node in made:
        await node.start()
    yield made
    for node in made:
        await node.bus.stop()


async def test_what_one_node_publishes_the_other_hears_and_itself_does_not(pair: tuple[Node, Node]) -> None:
    one, other = pair

    await one.bus.publish("staff.v", {"type": "visit", "rev": 3})
    await other.bus.publish("staff.w", {"n": [1, None, "é"]})
    await until(lambda: bool(one.heard) and bool(other.heard))

    assert other.heard == [("staff.v", {"type": "visit", "rev": 3})]
    assert one.heard == [("staff.w", {"n": [1, None, "é"]})]
    assert (one.gaps, other.gaps) == (0, 0)


async def test_order_is_kept(pair: tuple[Node, Node]) -> None:
    one, other = pair

    for n in range(200):
        await one.bus.publish("t", {"n": n})
    await until(lambda: len(other.heard) == 200)

    assert [message["n"] for _, message in other.heard] == list(range(200))


async def test_after_redis_was_killed_a_gap_is_told_and_messages_flow_again() -> None:
    """What was published meanwhile is lost; whoever listens is told to read the truth."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = Redis()
    server.start()
    one, other = Node(RedisBus(server.url)), Node(RedisBus(server.url))
    await one.start()
    await other.start()

    server.kill()
    await one.bus.publish("t", {"lost": True})
    server.start()
    await until(lambda: one.gaps >= 1 and other.gaps >= 1)
    await one.bus.publish("t", {"n": 2})
    await until(lambda: bool(other.heard))

    assert other.heard == [("t", {"n": 2})]
    await one.bus.stop()
    await other.bus.stop()
    server.remove()


async def test_without_an_address_there_is_no_redis() -> None:
    assert isinstance(bus_for(""), MemoryBus)
