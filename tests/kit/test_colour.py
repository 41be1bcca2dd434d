"""Contrast as WCAG counts it, and shades that can be read."""

import pytest

from housecall.kit.colour import BLACK, WHITE, contrast, mix, parse_hex, reach, to_hex


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
        ("#ffffff", "#ffffff", 1.0),
    ],
)
def test_contrast_is_that_of_the_guidelines_whichever_comes_first(one: str, other: str, ratio: float) -> None:
    assert contrast(parse_hex(one), parse_hex(other)) == pytest.approx(ratio, abs=0.02)
    assert contrast(parse_hex(other), parse_hex(one)) == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize("text", ["0b5563", "#0b556", "#0b55633", "red", "#0b556g", "#fff;}", ""])
def test_what_is_not_six_digits_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match="written like"):
        parse_hex(text)


def test_a_colour_is_brought_to_a_contrast_and_no_further() -> None:
    pale = parse_hex("#66aadd")

    dark = reach(pale, BLACK, (WHITE,), 7.0)

    assert 7.0 <= contrast(dark, WHITE) < 7.4
    assert reach(BLACK, BLACK, (WHITE,), 7.0) == BLACK
    assert to_hex(mix(BLACK, WHITE, 0.5)) == "#808080"
