"""Colours and whether text on them can be read: contrast, and the shades that one colour is turned into."""

import re
from dataclasses import dataclass
from typing import Final

Rgb = tuple[int, int, int]
WHITE: Final[Rgb] = (255, 255, 255)
BLACK: Final[Rgb] = (0, 0, 0)
_STEPS: Final = 100


@dataclass(frozen=True)
class Shades:
    """One colour for one scheme: as text and surface, pressed, as a soft ground, and the text upon it."""

    accent: str
    strong: str
    soft: str
    on_accent: str


def parse_hex(text: str) -> Rgb:
    """``#0b5563`` as red, green and blue; raises ValueError for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("a colour is written like #0b5563")
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def to_hex(colour: Rgb) -> str:
    """As it is written in a style sheet."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """``one`` with a ``share`` (0-1) of the other in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 (the same) to 21 (black on white).

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def reach(colour: Rgb, towards: Rgb, grounds: tuple[Rgb, ...], at_least: float) -> Rgb:
    """The nearest colour on the way to ``towards`` whose contrast is enough on each of the grounds."""
    for step in range(_STEPS + 1):
        tried = mix(colour, towards, step / _STEPS)
        if all(contrast(tried, ground) >= at_least for ground in grounds):
            return tried
    return towards


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
