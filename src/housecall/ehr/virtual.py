"""Whether an appointment is a video visit: there is no standard code, so sites may say what counts.

Rules: ``rooms`` (contained meeting rooms), ``words`` (video, virtual or telehealth in the service type,
description or text), ``service:<code or text>``, ``location:<id>``. One rule that holds is enough. Without
rules: rooms or words.
"""

import re
from typing import Final

from housecall.ehr.fields import Record, codings, record, records, reference_to, text, words_of

DEFAULT_RULES: Final = ("rooms", "words")
_WORDS: Final = re.compile(r"video|virtual|telehealth", re.IGNORECASE)
_TAGS: Final = re.compile(r"<[^>]*>")
# Narratives that list every field also say it of visits in person.
_DENIED: Final = re.compile(r"(video|virtual|telehealth)( visit)?\s*:\s*(no|false)\b", re.IGNORECASE)


def is_rule(rule: str) -> bool:
    """Whether the text is a rule at all."""
    kind, _, value = rule.partition(":")
    return rule in DEFAULT_RULES or (kind in ("service", "location") and bool(value.strip()))


def is_virtual(appointment: Record, rules: tuple[str, ...] = ()) -> bool:
    """Whether the appointment is a video visit by these rules, or by the usual ones if there are none."""
    return any(_holds(rule, appointment) for rule in rules or DEFAULT_RULES)


def _holds(rule: str, appointment: Record) -> bool:
    kind, _, value = rule.partition(":")
    match kind:
        case "rooms":
            return _has_rooms(appointment)
        case "words":
            return _has_words(appointment)
        case "service":
            return _has_service(appointment, value.strip().casefold())
        case "location":
            people = records(appointment.get("participant"))
            return any(reference_to("Location", who.get("actor")) == value.strip() for who in people)
        case _:
            return False


def _has_rooms(appointment: Record) -> bool:
    # By their names, never by their places: readings and patches count the two rooms differently.
    rooms = [room for room in records(appointment.get("contained")) if _kind(room) == "HealthcareService"]
    names = [
        name.casefold() for room in rooms for kind in records(room.get("type")) for name in words_of(kind)
    ]
    return any("virtual meeting room" in name for name in names)


def _has_words(appointment: Record) -> bool:
    said = [word for service in records(appointment.get("serviceType")) for word in words_of(service)]
    said += [text(appointment.get("description")) or ""]
    narrative = _TAGS.sub("", text(record(appointment.get("text")).get("div")) or "")
    said += [_DENIED.sub("", narrative)]
    return any(_WORDS.search(words) for words in said)


def _has_service(appointment: Record, wanted: str) -> bool:
    for service in records(appointment.get("serviceType")):
        codes = [str(coding.get("code", "")) for coding in codings(service)]
        if wanted in (said.casefold() for said in [*codes, *words_of(service)]):
            return True
    return False


def _kind(resource: Record) -> str:
    return str(resource.get("resourceType", ""))
