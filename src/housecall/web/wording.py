"""Times and languages as the reader of a patient's page says them."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_skeleton

from housecall.kit.languages import LANGUAGES

# Babel's own patterns shorten the weekday where nobody would on a page.
_LONG_DAY: Final = {
    "en_US": "EEEE, MMMM d",
    "en_GB": "EEEE d MMMM",
    "da": "EEEE d. MMMM",
    "es": "EEEE d 'de' MMMM",
    "es_US": "EEEE d 'de' MMMM",
    "ar": "EEEE d MMMM",
}
_TWELVE_HOURS: Final = {"en_US", "es_US", "ar"}
_AMERICAN: Final = ("America/", "US/", "Pacific/Honolulu")


def pick_language(*wishes: str | None, accepted: str = "", fallback: str = "en") -> str:
    """The first of ``wishes`` that we speak, else the browser's best, else ``fallback``, else English.

    ``accepted`` is an Accept-Language header; ``da-DK`` counts as ``da``.
    """
    for wish in (*wishes, *_by_weight(accepted), fallback):
        code = (wish or "").replace("_", "-").split("-")[0].strip().lower()
        if code in LANGUAGES:
            return code
    return "en"


def _by_weight(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        code, _, weight = part.partition(";q=")
        try:
            weighed.append((float(weight or 1), code))
        except ValueError:
            continue
    return [code for _, code in sorted(weighed, key=lambda pair: -pair[0])]


def long_time(instant: datetime, zone: str, language: str) -> str:
    """Weekday, day, time and zone: ``Tuesday, November 24, 2:30 PM CST``."""
    locale = _locale(language, zone)
    day = format_datetime(instant, _LONG_DAY[str(locale)], tzinfo=ZoneInfo(zone), locale=locale)
    return f"{day}{_comma(locale)} {time_of_day(instant, zone, language)}\u00a0{_zone_name(instant, zone)}"


def short_time(instant: datetime, zone: str, language: str) -> str:
    """Day and time, for where the rest is said elsewhere: ``Tue, Nov 24, 2:30 PM``."""
    there, locale = instant.astimezone(ZoneInfo(zone)), _locale(language, zone)
    day = format_skeleton("MMMEd", there, locale=locale)
    return f"{day}{_comma(locale)} {time_of_day(instant, zone, language)}"


def time_of_day(instant: datetime, zone: str, language: str) -> str:
    """The time as people there and our texts say it, never broken over lines: ``2:30 PM`` or ``14:30``."""
    locale = _locale(language, zone)
    pattern = "h:mm a" if str(locale) in _TWELVE_HOURS else "HH:mm"
    time = format_datetime(instant, pattern, tzinfo=ZoneInfo(zone), locale=locale)
    return "\u00a0".join(time.split())


def dial(phone: str) -> str:
    """The address that dials a number; empty when there is none."""
    digits = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
    return f"tel:{digits}" if digits else ""


def isolate(foreign: str) -> str:
    """A number or name kept in its own direction inside a text of the other."""
    return f"\u2068{foreign}\u2069"


def _zone_name(instant: datetime, zone: str) -> str:
    # Named always: the reader may be elsewhere, and in autumn one hour comes twice.
    there = instant.astimezone(ZoneInfo(zone))
    name = there.tzname() or ""
    if name.isalpha():
        return name
    offset = there.strftime("%z")
    minutes = "" if offset[3:5] == "00" else f":{offset[3:5]}"
    return f"GMT{offset[0]}{int(offset[1:3])}{minutes}"


def _comma(locale: Locale) -> str:
    return "،" if locale.language == "ar" else ","


def _locale(language: str, zone: str) -> Locale:
    is_american = zone.startswith(_AMERICAN)
    match language:
        case "en":
            return Locale("en", "US" if is_american else "GB")
        case "es":
            return Locale("es", "US") if is_american else Locale("es")
        case _:
            return Locale(language)
