"""What messages say, in each language: short, without a name, with allowed fields only."""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_skeleton

from housecall.kit.languages import LANGUAGES
from housecall.messaging.errors import TemplateInvalid
from housecall.messaging.model import CANCELLATIONS, Channel, MessageKind

FALLBACK: Final = "en"
FIELDS: Final = frozenset({"time", "place", "clinic", "link", "phone"})

# Longer names would push the link into a third segment.
_CLINIC_LENGTH: Final = 40

# These end with whom to call, when the clinic gave a number.
_WITH_CALL: Final = CANCELLATIONS | {MessageKind.help}

# Where people say 2:30 PM; elsewhere they say 14:30.
_TWELVE_HOURS: Final = {"en_US", "es_US", "ar"}


@dataclass(frozen=True)
class Wording:
    """What a message says before its fields are filled in; only an e-mail has a subject."""

    body: str
    subject: str = ""


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """The texts and reply words of one language."""
    source = files("housecall.messaging").joinpath("catalogue", f"{language}.json")
    return dict(json.loads(source.read_text(encoding="utf-8")))


def pick_language(wanted: str | None, *, fallback: str = FALLBACK) -> str:
    """The language of ours for a code like ``da-DK``; ``fallback`` when we do not speak it."""
    code = (wanted or "").replace("_", "-").split("-")[0].lower()
    if code in LANGUAGES:
        return code
    return fallback if fallback in LANGUAGES else FALLBACK


def shipped(kind: MessageKind, channel: Channel, language: str) -> Wording:
    """What we say unless the organisation says it otherwise."""
    if channel is Channel.email:
        said = catalogue(language)["mails"][kind.value]
        return Wording(body=said["body"], subject=said["subject"])
    return Wording(body=catalogue(language)["texts"][kind.value])


def render(
    kind: MessageKind, language: str | None, values: Mapping[str, str], *, wording: Wording | None = None
) -> str:
    """The text of this kind; ``values`` are time (already localised), clinic, link and phone, as needed.

    Raises TemplateInvalid when the template needs a value that is not there.
    """
    language = pick_language(language)
    wording = wording or shipped(kind, Channel.sms, language)
    given = {**values, "clinic": _one_line(values.get("clinic", ""))[:_CLINIC_LENGTH].strip()}
    text = fill(wording.body, given)
    if kind in _WITH_CALL and given.get("phone") and "phone" not in fields_of(wording.body):
        text += " " + fill(catalogue(language)["texts"]["call"], given)
    return text


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template in one line, with its fields filled in; raises TemplateInvalid when one is not there."""
    missing = fields_of(template) - values.keys()
    if missing:
        raise TemplateInvalid(f"A text template needs {', '.join(sorted(missing))}.")
    return _one_line(template.format_map(values))


def fields_of(template: str) -> set[str]:
    """Names of the fields a template asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def localise_time(instant: datetime, time_zone: str, language: str | None) -> str:
    """Day, time and zone as people there say it: ``Tue, Nov 24, 2:30 PM CST``, ``tirs. 24. nov. 21:30 CET``.

    The zone is always named: who reads the text may be elsewhere, and in autumn one hour comes twice.
    """
    zone = ZoneInfo(time_zone)
    there = instant.astimezone(zone)
    locale = _locale(pick_language(language), time_zone)
    day = format_skeleton("MMMEd", there, tzinfo=zone, locale=locale)
    clock = "h:mm a" if str(locale) in _TWELVE_HOURS else "HH:mm"
    time = format_datetime(there, clock, tzinfo=zone, locale=locale)
    comma = "" if day.endswith(".") else "،" if locale.language == "ar" else ","
    return _one_line(f"{day}{comma} {time} {_zone_name(there)}")


def _locale(language: str, time_zone: str) -> Locale:
    is_american = time_zone.startswith(("America/", "US/", "Pacific/Honolulu"))
    match language:
        case "en":
            return Locale("en", "US" if is_american else "GB")
        case "es":
            return Locale("es", "US") if is_american else Locale("es")
        case _:
            return Locale(language)


def _zone_name(there: datetime) -> str:
    name = there.tzname() or ""
    if name.isalpha():
        return name
    # Zones without an abbreviation of their own call themselves "+03".
    offset = there.strftime("%z")
    minutes = "" if offset[3:5] == "00" else f":{offset[3:5]}"
    return f"GMT{offset[0]}{int(offset[1:3])}{minutes}"


def _one_line(value: str) -> str:
    # Narrow and unbreakable spaces would double a text's price: they are not in the GSM alphabet.
    return " ".join(value.split())
