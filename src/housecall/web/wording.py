"""Times and languages as the reader of a patient's page says them."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton

from housecall.kit.languages import LANGUAGES
from housecall.kit.locales import clock_of, comma_of, locale_of, zone_name

# Babel's own patterns shorten the weekday where nobody would on a page.
_LONG_DAY: Final = {
    "en_US": "EEEE, MMMM d",
    "en_GB": "EEEE d MMMM",
    "da": "EEEE d. MMMM",
    "es": "EEEE d 'de' MMMM",
    "es_US": "EEEE d 'de' MMMM",
}


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
    locale = locale_of(language, zone)
    pattern = _LONG_DAY.get(str(locale), "EEEE d MMMM")
    day = format_datetime(instant, pattern, tzinfo=ZoneInfo(zone), locale=locale)
    # Named always: the reader may be elsewhere, and in autumn one hour comes twice.
    return f"{day}{comma_of(locale)} {time_of_day(instant, zone, language)}\u00a0{zone_name(instant, zone)}"


def short_time(instant: datetime, zone: str, language: str) -> str:
    """Day and time, for where the rest is said elsewhere: ``Tue, Nov 24, 2:30 PM``."""
    there, locale = instant.astimezone(ZoneInfo(zone)), locale_of(language, zone)
    day = format_skeleton("MMMEd", there, locale=locale)
    return f"{day}{comma_of(locale)} {time_of_day(instant, zone, language)}"


def time_of_day(instant: datetime, zone: str, language: str) -> str:
    """The time as people there and our texts say it, never broken over lines: ``2:30 PM`` or ``14:30``."""
    locale = locale_of(language, zone)
    time = format_datetime(instant, clock_of(locale), tzinfo=ZoneInfo(zone), locale=locale)
    return "\u00a0".join(time.split())


def dial(phone: str) -> str:
    """The address that dials a number; empty when there is none."""
    digits = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
    return f"tel:{digits}" if digits else ""


def isolate(foreign: str) -> str:
    """A number or name kept in its own direction inside a text of the other."""
    return f"\u2068{foreign}\u2069"
