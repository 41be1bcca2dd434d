"""Searching appointments as plain R4 servers do: any known parameters together, days or moments."""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.appointments import next_page, show
from housecall.sandbox.fhir.exchange import Call, Reply

_ALWAYS: Final = ("_count", "_format", "-pageContext", "-pageDirection")
_DATE: Final = re.compile(r"(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d)(T\S+)?$")
Span = tuple[datetime, datetime]


def search(call: Call, *, known: Collection[str], one_of: Collection[str] = ()) -> Reply:
    """What fits all parameters, earliest first; at least one of ``one_of`` must be there."""
    own = call.own_patient("s")
    if words := call.values("-pageContext"):
        return next_page(call, words[0])
    given = {name for name, _ in call.query}
    if unknown := sorted(given - {*known, *_ALWAYS}):
        raise FhirRefused(400, f"Unknown query parameter: {unknown[0]}")
    if one_of and not given & set(one_of):
        raise FhirRefused(400, f"A search needs one of: {', '.join(one_of)}")
    spans = [_span(value) for value in call.values("date")]
    found = [
        each
        for each in call.house.world.record.appointments.values()
        if own in (None, each.patient)
        and all(_fits(each, name, value) for name, value in call.query)
        and all(begin <= each.start < end for begin, end in spans)
    ]
    return show(call, found)


def _fits(each: Appointment, name: str, value: str) -> bool:
    words = [word.rpartition("/")[2] for word in value.split(",")]
    match name:
        case "patient" | "practitioner" | "location" | "status":
            return getattr(each, name) in words
        case "_id":
            return each.id in words
        case "identifier":
            return each.id in [word.rpartition("|")[2] for word in words]
    return True


def _span(value: str) -> Span:
    """The stretch of time in which a start fits one ``date``."""
    match = _DATE.match(value)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if match is None:
        raise FhirRefused(400, "date is neither a day nor a moment")
    try:
        at = datetime.fromisoformat(match[2] + (match[3] or "T00:00:00Z"))
    except ValueError:
        raise FhirRefused(400, "date is neither a day nor a moment") from None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    after = at + (timedelta(seconds=1) if match[3] else timedelta(days=1))
    spans = {
        "ge": (at, last),
        "gt": (after, last),
        "lt": (first, at),
        "le": (first, after),
        "eq": (at, after),
    }
    return spans[match[1] or "eq"]
