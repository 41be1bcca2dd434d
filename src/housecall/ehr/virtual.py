"""Whether an appointment is a video visit: there is no standard code, so sites may say what counts.

Rules: ``rooms`` (contained meeting rooms), ``words`` (video, virtual or telehealth in the service type,
description or text), ``service:<code or text>``, ``location:<id>``. One rule that holds is enough. Without
rules: rooms or words.
"""

import re
from collections.abc import Sequence
from typing import Final

from housecall.ehr.base import Traits
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


def is_virtual(appointment: Record, rules: Sequence[str] = ()) -> bool:
    """Whether the appointment is a video visit by these rules, or by the usual ones if there are none."""
    return rule_that_holds(traits_of(appointment), rules) is not None


def rule_that_holds(traits: Traits, rules: Sequence[str] = ()) -> str | None:
    """The first of the rules, or of the usual ones if there are none, that holds; None if none does."""
    return next((rule for rule in rules or DEFAULT_RULES if _holds(rule, traits)), None)


def traits_of(appointment: Record) -> Traits:
    """All that a rule can be held against."""
    services = records(appointment.get("serviceType"))
    people = records(appointment.get("participant"))
    return Traits(
        has_rooms=_has_rooms(appointment),
        has_words=_has_words(appointment),
        services=tuple(dict.fromkeys(word for service in services for word in words_of(service))),
        codes=frozenset(str(coding.get("code", "")) for service in services for coding in codings(service)),
        locations=frozenset(
            found for who in people if (found := reference_to("Location", who.get("actor"))) is not None
        ),
    )


def _holds(rule: str, traits: Traits) -> bool:
    kind, _, value = rule.partition(":")
    match kind:
        case "rooms":
            return traits.has_rooms
        case "words":
            return traits.has_words
        case "service":
            wanted = value.strip().casefold()
            return wanted in (said.casefold() for said in (*traits.codes, *traits.services))
        case "location":
            return value.strip() in traits.locations
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


def _kind(resource: Record) -> str:
    return str(resource.get("resourceType", ""))
