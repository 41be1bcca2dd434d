"""How many segments a text takes on the air.

Source: 3GPP TS 23.038 (GSM 7-bit default alphabet and its extension table), 3GPP TS 23.040 (concatenation).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")

# 140 octets: 160 septets or 70 UCS-2 units; 6 octets go to the header once a text is in several parts.
_ALONE: Final = {"gsm7": 160, "ucs2": 70}
_TOGETHER: Final = {"gsm7": 153, "ucs2": 67}


class Encoding(StrEnum):
    """How the characters travel."""

    gsm7 = "gsm7"
    ucs2 = "ucs2"


@dataclass(frozen=True)
class Segments:
    """A text's length on the air: ``units`` are septets or UCS-2 units."""

    encoding: Encoding
    units: int
    count: int


def segments(text: str) -> Segments:
    """How the text is encoded and how many segments it takes; an empty one takes 1."""
    encoding = Encoding.gsm7 if _BASIC.union(_EXTENDED).issuperset(text) else Encoding.ucs2
    widths = [_width(sign, encoding) for sign in text]
    units = sum(widths)
    if units <= _ALONE[encoding]:
        return Segments(encoding, units, 1)
    count, room = 1, _TOGETHER[encoding]
    for width in widths:
        # An escaped character or a surrogate pair is never split between two segments.
        if width > room:
            count, room = count + 1, _TOGETHER[encoding]
        room -= width
    return Segments(encoding, units, count)


def _width(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.gsm7:
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1
