"""How many segments a text takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.messaging.segments import Encoding, Segments, segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", Encoding.gsm7, 0, 1),
        ("a" * 160, Encoding.gsm7, 160, 1),
        ("a" * 161, Encoding.gsm7, 161, 2),
        ("a" * 306, Encoding.gsm7, 306, 2),
        ("a" * 307, Encoding.gsm7, 307, 3),
        ("€" * 80, Encoding.gsm7, 160, 1),
        ("a" + "€" * 80, Encoding.gsm7, 161, 2),
        ("æøåÆØÅñü¿¡", Encoding.gsm7, 10, 1),
        ("é" * 160, Encoding.gsm7, 160, 1),
        ("á" + "a" * 69, Encoding.ucs2, 70, 1),
        ("á" + "a" * 70, Encoding.ucs2, 71, 2),
        ("ع" * 134, Encoding.ucs2, 134, 2),
        ("ع" * 135, Encoding.ucs2, 135, 3),
        ("👍" * 35, Encoding.ucs2, 70, 1),
        ("👍" * 36, Encoding.ucs2, 72, 2),
        ("\u202f", Encoding.ucs2, 1, 1),
    ],
)
def test_segments_are_counted_as_the_networks_do(
    text: str, encoding: Encoding, units: int, count: int
) -> None:
    assert segments(text) == Segments(encoding, units, count)


def test_an_escaped_sign_is_not_split_between_two_segments() -> None:
    """152 signs and a euro would be 153 + 1 septets: the euro moves to the second whole."""
    text = "a" * 152 + "€" + "b" * 152

    assert segments(text).units == 306
    assert segments(text).count == 3


def test_a_pair_is_not_split_between_two_segments() -> None:
    text = "ع" * 66 + "👍" + "ع" * 66

    assert segments(text).units == 134
    assert segments(text).count == 3


@given(st.text(max_size=700), st.text(max_size=5))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert segments(text + more).count >= segments(text).count


@given(st.text(max_size=700))
def test_the_units_fit_into_the_segments(text: str) -> None:
    counted = segments(text)
    room = (
        {Encoding.gsm7: 160, Encoding.ucs2: 70}
        if counted.count == 1
        else {Encoding.gsm7: 153, Encoding.ucs2: 67}
    )

    assert counted.units <= counted.count * room[counted.encoding]
