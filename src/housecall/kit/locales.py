"""How people in a place say times: the locale of a language there, its clock, and its zone's name."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

_AMERICAN: Final = ("America/", "US/", "Pacific/Honolulu")
# Those written in Arabic script.
_OTHER_COMMA: Final = frozenset({"ar", "ckb", "fa", "ps", "ur"})


def locale_of(language: str, zone: str) -> Locale:
    """The language as it is spoken in that time zone; British English for one that nobody described."""
    is_american = zone.startswith(_AMERICAN)
    match language:
        case "en":
            return Locale("en", "US" if is_american else "GB")
        case "es":
            return Locale("es", "US") if is_american else Locale("es")
        case _:
            try:
                return Locale(language)
            except UnknownLocaleError:
                return Locale("en", "GB")


def clock_of(locale: Locale) -> str:
    """The pattern of a time: ``h:mm a`` where people say 2:30 PM, ``HH:mm`` where they say 14:30."""
    return "h:mm a" if "a" in locale.time_formats["short"].pattern else "HH:mm"


def comma_of(locale: Locale) -> str:
    """What parts a day from a time."""
    return "،" if locale.language in _OTHER_COMMA else ","


def zone_name(instant: datetime, zone: str) -> str:
    """``CST``, or ``GMT+4`` for zones without an abbreviation of their own."""
    there = instant.astimezone(ZoneInfo(zone))
    name = there.tzname() or ""
    if name.isalpha():
        return name
    offset = there.strftime("%z")
    minutes = "" if offset[3:5] == "00" else f":{offset[3:5]}"
    return f"GMT{offset[0]}{int(offset[1:3])}{minutes}"
