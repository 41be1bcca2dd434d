"""The listener on real sockets: what it answers, what it closes, and that it bears everything."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.ehr.hl7.framing import frame
from housecall.ehr.hl7.listener import Limits, Listener
from housecall.ehr.hl7.reply import Ack, Answer
from housecall.ehr.hl7.siu import ScheduleMessage
from housecall.kit.clock import SystemClock
from tests.ehr.hl7_messages import READING, Sender, siu


class Ward:
    """A handler that stores in a list, or fails when told to."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.fault: Exception | None = None
        self.answer = Answer(Ack.accepted)
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.port = 0

    async def __call__(self, message: ScheduleMessage) -> Answer:
        await self.may_go.wait()
        if self.fault:
            raise self.fault
        self.stored.append(f"{message.event} {message.ref}")
        return self.answer

    async def sender(self, host: str = "127.0.0.1") -> Sender:
        return await Sender.connect(host, self.port)


@asynccontextmanager
async def a_ward(host: str = "127.0.0.1", **limits: Any) -> AsyncIterator[Ward]:
    ward = Ward()
    listening = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    ward.port = listening.getsockname()[1]
    listener = Listener(ward, READING, clock=SystemClock(), limits=Limits(**limits))
    await listener.start(listening)
    try:
        yield ward
    finally:
        await listener.stop()


async def test_a_message_is_answered_when_it_is_stored() -> None:
    async with a_ward() as ward:
        sender = await ward.sender()
        ward.may_go.clear()
        await sender.send(frame(siu()))
        with pytest.raises(TimeoutError):
            await sender.answer(0.1)

        ward.may_go.set()

        assert await sender.answer() == ("AA", "1001", "")
        assert ward.stored == ["S12 app-1"]


async def test_several_frames_in_one_packet_are_answered_in_order() -> None:
    async with a_ward() as ward:
        sender = await ward.sender()

        await sender.send(b"".join(frame(siu(control=str(n), ref=f"app-{n}")) for n in range(5)))

        assert [(await sender.answer())[1] for _ in range(5)] == list("01234")
        assert ward.stored == [f"S12 app-{n}" for n in range(5)]


async def test_one_frame_in_many_packets_is_one_message() -> None:
    async with a_ward() as ward:
        sender = await ward.sender()

        for byte in frame(siu()):
            await sender.send(bytes([byte]))
            await asyncio.sleep(0)

        assert (await sender.answer())[0] == "AA"
        assert ward.stored == ["S12 app-1"]


async def test_a_fault_is_answered_so_that_it_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    async with a_ward() as ward:
        sender = await ward.sender()
        ward.fault = OSError("the database is away")
        assert await sender.say(siu()) == ("AE", "1001", "internal")

        ward.fault = None

        assert (await sender.say(siu()))[0] == "AA"
    assert "Quillfeather" not in caplog.text


async def test_the_handlers_refusal_reaches_the_sender() -> None:
    async with a_ward() as ward:
        ward.answer = Answer(Ack.refused, "tenancy.connection_unknown")

        assert await (await ward.sender()).say(siu()) == ("AR", "1001", "tenancy.connection_unknown")


@pytest.mark.parametrize(
    ("message", "control", "code"),
    [
        (siu(kind="ADT"), "1001", "ehr.hl7_not_siu"),
        (siu(ref=""), "1001", "ehr.hl7_no_appointment"),
        (b"nonsense", "", "ehr.hl7_unreadable"),
        (b"", "", "ehr.hl7_unreadable"),
        (siu().replace(b"^~\\&", b"^^^^", 1), "", "ehr.hl7_unreadable"),
    ],
)
async def test_what_will_never_be_taken_is_refused_and_the_line_goes_on(
    message: bytes, control: str, code: str
) -> None:
    async with a_ward() as ward:
        sender = await ward.sender()

        assert await sender.say(message) == ("AR", control, code)
        assert (await sender.say(siu()))[0] == "AA"
        assert len(ward.stored) == 1


async def test_an_oversized_frame_closes_its_line_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with a_ward(frame_bytes=2000) as ward:
        other, sender = await ward.sender(), await ward.sender()

        await sender.send(b"\x0b" + siu() + b"x" * 2000)

        assert await sender.hears_the_end()
        assert (await other.say(siu()))[0] == "AA"
    assert codes(caplog) == ["ehr.hl7_frame_too_large"]


async def test_a_peer_that_says_nothing_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    """As a half-open one, whose end never comes."""
    async with a_ward(silence=timedelta(milliseconds=100)) as ward:
        sender = await ward.sender()
        assert (await sender.say(siu()))[0] == "AA"

        assert await sender.hears_the_end()
    assert codes(caplog) == ["ehr.hl7_peer_silent"]


async def test_a_peer_that_dribbles_is_let_go_however_busy_it_seems(caplog: pytest.LogCaptureFixture) -> None:
    async with a_ward(frame_time=timedelta(milliseconds=200)) as ward:
        sender = await ward.sender()

        async def dribble() -> None:
            for byte in frame(siu()):
                await sender.send(bytes([byte]))
                await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        assert await sender.hears_the_end(5)
        dribbling.cancel()
        await asyncio.gather(dribbling, return_exceptions=True)
        assert ward.stored == []
    assert codes(caplog) == ["ehr.hl7_peer_slow"]


async def test_a_peer_that_fetches_no_answer_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    async with a_ward(frame_time=timedelta(milliseconds=200)) as ward:
        sender = await ward.sender()
        many = frame(siu(kind="ADT", control="9" * 199)) * 200

        with pytest.raises(OSError):
            await asyncio.wait_for(send_for_ever(sender, many), 30)

    assert codes(caplog)[-1] == "ehr.hl7_peer_slow"


async def send_for_ever(sender: Sender, raw: bytes) -> None:
    while True:
        await sender.send(raw)


async def test_lines_are_counted_and_a_line_that_ends_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    async with a_ward(lines=2) as ward:
        first, second = await ward.sender(), await ward.sender()
        assert (await first.say(siu()))[0] == (await second.say(siu()))[0] == "AA"

        assert await (await ward.sender()).hears_the_end()
        await first.close()
        assert await a_line_is_taken(ward)
    assert set(codes(caplog)) == {"ehr.hl7_too_many_peers"}


async def a_line_is_taken(ward: Ward) -> bool:
    for _ in range(100):
        sender = await ward.sender()
        try:
            return (await sender.say(siu()))[0] == "AA"
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)
    return False


async def test_it_listens_on_ipv6() -> None:
    async with a_ward("::1") as ward:
        assert (await (await ward.sender("::1")).say(siu()))[0] == "AA"


async def test_a_stop_leaves_no_line() -> None:
    async with a_ward() as ward:
        sender = await ward.sender()
        ward.may_go.clear()
        await sender.send(frame(siu()))

    assert await sender.hears_the_end()
    assert ward.stored == []


PIECE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\x0b", b"\x1c\r", b"\x1c", b"\r", frame(b"MSH|^~\\&|"), frame(siu())[:200]]),
    st.sampled_from(["S12", "S15", "S25"]).map(lambda event: frame(siu(event, control="77"))),
)


def test_whatever_comes_over_a_line_only_what_is_stored_is_accepted() -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(PIECE, max_size=12))
    def play(pieces: list[bytes]) -> None:
        accepted, stored = asyncio.run(a_line_of(pieces))
        assert accepted <= stored

    play()


async def a_line_of(pieces: list[bytes]) -> tuple[int, int]:
    """How many messages were accepted on the line, and how many were stored; another line still works."""
    async with a_ward(frame_bytes=5000) as ward:
        sender = await ward.sender()
        try:
            for piece in pieces:
                await sender.send(piece)
            sender.writer.write_eof()
            said = await sender.reader.read()
        except OSError:
            said = b""
        accepted, stored = said.count(b"\rMSA|AA|"), len(ward.stored)
        assert (await (await ward.sender()).say(siu()))[0] == "AA"
        return accepted, stored


def codes(caplog: pytest.LogCaptureFixture) -> list[str]:
    closed = [one for one in caplog.records if one.message == "An HL7 line was closed."]
    return [vars(one)["code"] for one in closed]
