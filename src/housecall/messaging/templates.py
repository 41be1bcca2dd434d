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

from babel.dates import format_datetime, format_skeleton

from housecall.kit.languages import added_texts, has_texts, is_shipped, without_second_stop
from housecall.kit.locales import clock_of, comma_of, locale_of, zone_name
from housecall.messaging.errors import TemplateInvalid
from housecall.messaging.model import CANCELLATIONS, Channel, MessageKind

FALLBACK: Final = "en"
FIELDS: Final = frozenset({"time", "place", "clinic", "link", "phone"})

# Longer names would push the link into a third segment.
_CLINIC_LENGTH: Final = 40

# These end with whom to call, when the clinic gave a number.
_WITH_CALL: Final = CANCELLATIONS | {MessageKind.help}


@dataclass(frozen=True)
class Wording:
    """What a message says before its fields are filled in; only an e-mail has a subject."""

    body: str
    subject: str = ""


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """The texts and reply words of one language; an added one has them all or none."""
    if not is_shipped(language):
        return added_texts(language, "messages")
    source = files("housecall.messaging").joinpath("catalogue", f"{language}.json")
    return dict(json.loads(source.read_text(encoding="utf-8")))


def pick_language(wanted: str | None, *, fallback: str = FALLBACK) -> str:
    """The language of ours for a code like ``da-DK``; ``fallback`` when we do not speak it."""
    code = (wanted or "").replace("_", "-").split("-")[0].lower()
    if has_texts(code, "messages"):
        return code
    return fallback if has_texts(fallback, "messages") else FALLBACK


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
    return _one_line(without_second_stop(template, values).format_map(values))


def fields_of(template: str) -> set[str]:
    """Names of the fields a template asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def localise_time(instant: datetime, time_zone: str, language: str | None) -> str:
    """Day, time and zone as people there say it: ``Tue, Nov 24, 2:30 PM CST``, ``tirs. 24. nov. 21:30 CET``.

    The zone is always named: who reads the text may be elsewhere, and in autumn one hour comes twice.
    """
    zone = ZoneInfo(time_zone)
    there = instant.astimezone(zone)
    locale = locale_of(pick_language(language), time_zone)
    day = format_skeleton("MMMEd", there, tzinfo=zone, locale=locale)
    time = format_datetime(there, clock_of(locale), tzinfo=zone, locale=locale)
    comma = "" if day.endswith(".") else comma_of(locale)
    return _one_line(f"{day}{comma} {time} {zone_name(instant, time_zone)}")


def _one_line(value: str) -> str:
    # Narrow and unbreakable spaces would double a text's price: they are not in the GSM alphabet.
    return " ".join(value.split())
