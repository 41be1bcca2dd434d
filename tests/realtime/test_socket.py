"""A socket never blocks who publishes, keeps order, and closes whoever is slow, silent, old or loud."""

import asyncio
import json
from typing import Any

import pytest

from housecall.kit.errors import HousecallError, Kind
from housecall.realtime import socket as room
from housecall.realtime.errors import (
    HelloMissing,
    MessageInvalid,
    RealtimeError,
    SocketReplaced,
    SocketSlow,
    TooManyMessages,
    close_code,
)
from housecall.realtime.socket import MOST_WAITING, SILENT_AFTER_S, Socket, WireGone


class Pipe:
    """A wire that can be stopped up, as a reader who does not read."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.aborted = False
        self.inbound: asyncio.Queue[str | None] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()
        self.gone = False

    async def receive(self) -> str | None:
        return await self.inbound.get()

    async def send(self, text: str) -> None:
        await self.open.wait()
        if self.gone:
            raise WireGone
        self.sent.append(json.loads(text))

    async def close(self, code: int, reason: str) -> None:
        await self.open.wait()
        self.closed = (code, reason)
        self.inbound.put_nowait(None)

    def abort(self) -> None:
        self.aborted = True
        self.inbound.put_nowait(None)


class Watch:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def nothing(_text: str) -> None: ...


async def test_a_message_leaves_at_once_where_the_wire_takes_it() -> None:
    """Nobody else gets a turn between what happened and its frame on the way."""
    pipe = Pipe()
    socket = Socket(pipe)

    socket.push({"n": 1})

    assert pipe.sent == [{"n": 1}]


async def test_a_fault_of_the_wire_is_not_the_publishers(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Pipe):
        async def send(self, text: str) -> None:
            raise RuntimeError("already closed")

    socket = Socket(Broken())

    socket.push({"n": 1})

    assert "unforeseen" in caplog.text


async def test_messages_leave_in_order_and_nothing_is_kept_when_idle() -> None:
    pipe = Pipe()
    socket = Socket(pipe)

    for n in range(50):
        socket.push({"n": n})
    await settle()

    assert [message["n"] for message in pipe.sent] == list(range(50))
    assert socket._waiting is None
    assert socket._pump is None


async def test_a_slow_reader_is_closed_and_the_publisher_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is bounded; the one message in flight does not count."""
    monkeypatch.setattr(room, "CLOSE_WITHIN_S", 0.01)
    pipe = Pipe()
    pipe.open.clear()
    socket = Socket(pipe)

    for n in range(MOST_WAITING + 1):
        socket.push({"n": n})
    assert socket.is_closing
    await socket.closed()

    assert pipe.aborted
    assert pipe.sent == []


async def test_a_slow_reader_who_wakes_up_reads_4408() -> None:
    pipe = Pipe()
    pipe.open.clear()
    socket = Socket(pipe)
    for n in range(MOST_WAITING + 1):
        socket.push({"n": n})

    pipe.open.set()
    await socket.closed()

    assert pipe.closed == (4408, "realtime.socket_slow")
    assert not pipe.aborted


async def test_a_few_huge_messages_count_as_slow_too() -> None:
    pipe = Pipe()
    pipe.open.clear()
    socket = Socket(pipe)

    for _ in range(40):
        socket.push({"sdp": "x" * 48 * 1024})

    assert socket.is_closing
    pipe.open.set()
    await socket.closed()


async def test_what_waits_is_sent_before_an_ordinary_close() -> None:
    pipe = Pipe()
    socket = Socket(pipe)

    socket.push({"type": "replaced"})
    socket.close(SocketReplaced())
    socket.push({"type": "too late"})
    await socket.closed()

    assert pipe.sent == [{"type": "replaced"}]
    assert pipe.closed == (4409, "realtime.replaced")


async def test_a_wire_that_is_gone_ends_quietly() -> None:
    pipe = Pipe()
    pipe.gone = True
    socket = Socket(pipe)

    socket.push({"n": 1})
    await settle()

    assert socket._pump is None


async def test_a_socket_that_missed_two_slow_heartbeats_is_closed() -> None:
    pipe, watch = Pipe(), Watch()
    socket = Socket(pipe, monotonic=watch)

    watch.now += SILENT_AFTER_S
    socket.check()
    assert not socket.is_closing
    watch.now += 1
    socket.check()
    await socket.closed()

    assert pipe.closed == (1001, "realtime.socket_silent")


async def test_anything_heard_is_a_sign_of_life() -> None:
    pipe, watch = Pipe(), Watch()
    socket = Socket(pipe, monotonic=watch)
    listening = asyncio.create_task(socket.listen(nothing))

    for _ in range(5):
        watch.now += 50
        pipe.inbound.put_nowait("{}")
        await settle()
        socket.check()

    assert not socket.is_closing
    pipe.inbound.put_nowait(None)
    await listening


async def test_an_old_socket_is_asked_to_move_and_closed_if_it_stays() -> None:
    pipe, watch = Pipe(), Watch()
    socket = Socket(pipe, monotonic=watch)

    watch.now += room.LONGEST_LIFE_S + 1
    socket._heard_at = watch.now
    socket.check()
    await settle()
    assert pipe.sent[0]["type"] == "moving"
    watch.now += 20
    socket.check()
    await socket.closed()

    assert pipe.closed == (1012, "realtime.moving")


async def test_who_says_too_much_is_closed_and_who_keeps_the_pace_is_not() -> None:
    pipe, watch = Pipe(), Watch()
    socket = Socket(pipe, monotonic=watch)
    listening = asyncio.create_task(socket.listen(nothing))

    for _ in range(1000):
        watch.now += 1 / room.REFILL_PER_S
        pipe.inbound.put_nowait("{}")
        await settle()
    assert not socket.is_closing
    for _ in range(room.BURST + 5):
        pipe.inbound.put_nowait("{}")
    await listening

    assert pipe.closed == (4429, TooManyMessages.code)


async def test_an_error_of_the_house_is_told_and_the_socket_stays() -> None:
    class Wrong(HousecallError):
        """Not now."""

        kind, code = Kind.conflict, "test.wrong"

    async def take(_text: str) -> None:
        raise Wrong

    pipe = Pipe()
    socket = Socket(pipe)
    listening = asyncio.create_task(socket.listen(take))
    pipe.inbound.put_nowait("{}")
    await settle()

    assert pipe.sent == [{"type": "error", "code": "test.wrong", "sentence": "Not now."}]
    assert not socket.is_closing
    pipe.inbound.put_nowait(None)
    await listening


async def test_a_bad_message_is_told_and_closes() -> None:
    async def take(_text: str) -> None:
        raise MessageInvalid

    pipe = Pipe()
    socket = Socket(pipe)
    pipe.inbound.put_nowait("rubbish")
    await socket.listen(take)

    assert pipe.closed == (4400, "realtime.message_invalid")
    assert pipe.sent[0]["code"] == "realtime.message_invalid"


async def test_a_page_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "HELLO_WITHIN_S", 0.01)

    with pytest.raises(HelloMissing):
        await Socket(Pipe()).first_text()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MessageInvalid, 4400),
        (HelloMissing, 4400),
        (SocketSlow, 4408),
        (SocketReplaced, 4409),
        (TooManyMessages, 4429),
    ],
)
def test_errors_close_with_their_code(error: type[RealtimeError], code: int) -> None:
    assert close_code(error()) == code
