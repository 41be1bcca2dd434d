"""Small, forgiving looks into a FHIR record: a field that is absent, empty or of the wrong shape is None."""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final

Record = dict[str, Any]
_ID: Final = re.compile(r"^[A-Za-z0-9.\-_]{1,128}$")


def record(value: object) -> Record:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> list[Record]:
    """The objects of a list; one object alone counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """The text without blanks around it; None if nothing is left."""
    return value.strip() or None if isinstance(value, str) else None


def number(value: object) -> int | None:
    """A whole number, also where it comes as text."""
    try:
        return None if isinstance(value, bool) else int(str(value))
    except ValueError:
        return None


def record_id(value: object) -> str | None:
    """A record's id, if it has the form of one."""
    found = text(value)
    # Dots alone would climb in an address.
    return found if found and _ID.match(found) and found.strip(".") else None


def reference_to(kind: str, value: object) -> str | None:
    """The id in a reference to a record of this kind, relative or absolute; None for any other reference."""
    found = reference(value)
    return found[1] if found is not None and found[0] == kind else None


def reference(value: object) -> tuple[str, str] | None:
    """Kind and id of the record that a reference leads to, relative or absolute; None if it leads to none."""
    found = text(record(value).get("reference"))
    if not found:
        return None
    head, _, ref = found.partition("/_history/")[0].rpartition("/")
    wanted = record_id(ref)
    return (head.rpartition("/")[2], wanted) if wanted is not None else None


def instant(value: object, zone: tzinfo) -> datetime | None:
    """A moment in UTC; one without an offset is taken as the zone's; a bare day is no moment."""
    found = text(value)
    if not found or len(found) < 16:
        return None
    try:
        moment = datetime.fromisoformat(found)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: object) -> date | None:
    """A whole day; a year or month alone is None."""
    try:
        return date.fromisoformat((text(value) or "")[:10])
    except ValueError:
        return None


def codings(concept: object) -> list[Record]:
    """The codings of a CodeableConcept."""
    return records(record(concept).get("coding"))


def has_code(concept: object, system: str, code: str) -> bool:
    """Whether a concept says this code of this system."""
    return any(coding.get("system") == system and coding.get("code") == code for coding in codings(concept))


def words_of(concept: object) -> list[str]:
    """What a concept says to people: its text and its codings' displays."""
    said = [text(record(concept).get("text")), *(text(coding.get("display")) for coding in codings(concept))]
    return [word for word in said if word]


def is_open(period: object, now: datetime) -> bool:
    """Whether a period holds now; one without an end or a start is open there."""
    span = record(period)
    start, end = _edge(span.get("start")), _edge(span.get("end"))
    return not (end and end < now) and not (start and start > now)


def extensions(resource: Record, name: str) -> list[Record]:
    """The extensions whose address ends in ``name``, whoever defined it."""
    return [
        found
        for found in records(resource.get("extension"))
        if str(found.get("url", "")).rpartition("/")[2] == name
    ]


def _edge(value: object) -> datetime | None:
    if moment := instant(value, UTC):
        return moment
    found = day(value)
    return datetime(found.year, found.month, found.day, tzinfo=UTC) if found else None
