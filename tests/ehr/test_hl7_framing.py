"""Frames come out of the stream however it is cut, and never more is kept than was allowed."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.ehr.errors import FrameTooLarge
from housecall.ehr.hl7.framing import Framer, frame

CONTENT = st.binary(max_size=60).filter(lambda one: b"\x0b" not in one and b"\x1c\r" not in one + b"\x1c")
BETWEEN = st.binary(max_size=10).map(lambda one: one.replace(b"\x0b", b""))


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(BETWEEN, CONTENT), max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_every_frame_comes_out_whole_and_in_order(
    parts: list[tuple[bytes, bytes]], places: list[int]
) -> None:
    parts = [(between, content) for between, content in parts if not content.endswith(b"\x1c")]
    stream = b"".join(between + frame(content) for between, content in parts)
    framer = Framer(1000)

    found = [message for arrived in cut(stream, places) for message in framer.feed(arrived)]

    assert found == [content for _, content in parts]
    assert not framer.is_inside


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_are_borne_and_little_of_them_is_kept(arriving: list[bytes]) -> None:
    framer = Framer(50)
    try:
        for arrived in arriving:
            for message in framer.feed(arrived):
                assert len(message) <= 50
            assert len(framer._kept) <= 50
    except FrameTooLarge:
        pass


def test_a_frame_cut_off_by_the_next_one_is_dropped() -> None:
    framer = Framer(100)

    found = list(framer.feed(b"\x0bMSH|cut off" + frame(b"whole")))

    assert found == [b"whole"]


@pytest.mark.parametrize("step", [1, 7, 64])
def test_a_frame_without_an_end_is_refused_once_it_is_too_large(step: int) -> None:
    framer = Framer(100)
    list(framer.feed(b"\x0b"))

    assert 100 < poured_until_refused(framer, step) <= 100 + step


def poured_until_refused(framer: Framer, step: int) -> int:
    for poured in range(step, 1000, step):
        try:
            list(framer.feed(b"x" * step))
        except FrameTooLarge:
            return poured
    return 1000


def test_a_stream_without_frames_is_refused_after_as_many_bytes() -> None:
    framer = Framer(100)
    list(framer.feed(b"x" * 100))

    with pytest.raises(FrameTooLarge):
        list(framer.feed(b"GET / HTTP/1.1\r\n"))


def test_whole_frames_before_a_large_one_are_given_out() -> None:
    found = Framer(10).feed(frame(b"first") + frame(b"x" * 11))

    assert next(found) == b"first"
    with pytest.raises(FrameTooLarge):
        next(found)
