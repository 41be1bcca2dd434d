"""Reading and searching appointments, by Millennium's rules."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from housecall.sandbox.booking import Appointment
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.exchange import Call, Reply, bundle, missing, outcome, resource
from housecall.sandbox.fhir.paging import Place

_WHO: Final = ("patient", "practitioner", "location")
_WHEN: Final = ("date", "-date-or-req-period")
_KNOWN: Final = ("_id", "_count", "status", "-pageContext", "-pageDirection", "_format", *_WHO, *_WHEN)
_DATE: Final = re.compile(r"(ge|gt|le|lt)(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))$")
_PAGE: Final = 50
_LARGEST_PAGE: Final = 200


def read(call: Call) -> Reply:
    """One appointment."""
    own = call.own_patient("r")
    appointment = call.house.world.record.appointments.get(call.resource_id or "")
    if appointment is None or (own and appointment.patient != own) or not _may_see(call, appointment):
        raise missing()
    _refuse_broken(call, [appointment])
    return resource(call.house.manner.shapes.appointment(call.house.world, appointment))


def search(call: Call) -> Reply:
    """Appointments by id, or by who and when; sorted by start."""
    own = call.own_patient("s")
    for name, _ in call.query:
        if name not in _KNOWN:
            raise _bad(f"Unknown query parameter: {name}")
    if words := call.values("-pageContext"):
        return next_page(call, words[0])
    found = _by_id(call) if call.values("_id") and not _who(call) else _by_who_and_when(call)
    return show(call, [each for each in found if own in (None, each.patient)])


def show(call: Call, found: list[Appointment]) -> Reply:
    """The first page of what was found, earliest first, without what the caller may not see."""
    found = [each for each in found if _may_see(call, each)]
    found.sort(key=lambda each: (each.start, each.id))
    size = len(found) if call.values("_id") else _page_size(call)
    return _page(call, found, size)


def _may_see(call: Call, appointment: Appointment) -> bool:
    """A patient's own app never sees a sensitive appointment."""
    return call.session.persona != "patient" or not appointment.is_sensitive


def _bad(sentence: str) -> FhirRefused:
    return FhirRefused(400, sentence)


def _refuse_broken(call: Call, found: list[Appointment]) -> None:
    """One broken record fails whatever it is part of."""
    if any(each.id == call.house.switches.broken_record for each in found):
        text = "Required element is missing"
        raise FhirRefused(
            500, outcome("required", text, severity="fatal", location="/f:Appointment/f:participant")
        )


def _page_size(call: Call) -> int:
    counts = call.values("_count")
    if not counts:
        return _PAGE
    if len(counts) > 1 or not counts[0].isdigit() or int(counts[0]) < 1:
        raise _bad("_count must be a positive number")
    return min(int(counts[0]), _LARGEST_PAGE)


def _page(call: Call, found: list[Appointment], size: int) -> Reply:
    shown, rest = found[:size], found[size:]
    _refuse_broken(call, shown)
    word = None
    if rest:
        last = (shown[-1].id, shown[-1].version_id)
        place = Place(tuple(each.id for each in rest), last, size, call.session.client_id)
        word = call.house.pages.mark(place)
    shape = call.house.manner.shapes.appointment
    return bundle(call, [shape(call.house.world, each) for each in shown], next_word=word)


def next_page(call: Call, word: str) -> Reply:
    """The page after; it begins by showing the last entry of the page before again, as it is by now."""
    place = call.house.pages.find(word)
    if place is None or place.client_id != call.session.client_id:
        raise _bad("Invalid pageContext")
    book = call.house.world.record.appointments
    again = [book[place.shown_last[0]]] if place.size > 1 and place.shown_last[0] in book else []
    return _page(call, again + [book[each] for each in place.ids if each in book], place.size)


def _who(call: Call) -> list[str]:
    return [name for name in _WHO for _ in call.values(name)]


def _by_id(call: Call) -> list[Appointment]:
    if len(call.values("_id")) > 1:
        raise _bad("_id may be given once only")
    book = call.house.world.record.appointments
    return [book[each] for each in dict.fromkeys(call.values("_id")[0].split(",")) if each in book]


def _by_who_and_when(call: Call) -> list[Appointment]:
    who = _who(call)
    if len(who) != 1:
        raise _bad("Exactly one of the parameters patient, practitioner or location must be provided")
    wanted = {value.rpartition("/")[2] for value in call.values(who[0])[0].split(",") if value}
    if not wanted:
        raise _bad(f"{who[0]} must not be empty")
    is_within = _window(call)
    statuses = {word for value in call.values("status") for word in value.split(",")}
    ids = {word for value in call.values("_id") for word in value.split(",")}
    by_start = bool(call.values("date"))
    return [
        each
        for each in call.house.world.record.appointments.values()
        if getattr(each, who[0]) in wanted
        and is_within(each.start)
        and (not statuses or each.status in statuses)
        and (not ids or each.id in ids)
        and not (by_start and each.status == "proposed")
    ]


def _window(call: Call) -> Callable[[datetime], bool]:
    """The test of a start time that the one or two dates amount to."""
    given = [(name, value) for name in _WHEN for value in call.values(name)]
    if not given or len({name for name, _ in given}) > 1:
        raise _bad("Exactly one of the parameters date or -date-or-req-period must be provided")
    if len(given) > 2:
        raise _bad("date may be given once or twice only")
    bounds = [_bound(value) for _, value in given]
    if len(bounds) == 2 and {prefix[0] for prefix, _ in bounds} != {"g", "l"}:
        raise _bad("Two dates must close a range")
    tests: dict[str, Callable[[datetime, datetime], bool]] = {
        "ge": lambda start, bound: start >= bound,
        "gt": lambda start, bound: start > bound,
        "le": lambda start, bound: start <= bound,
        "lt": lambda start, bound: start < bound,
    }
    return lambda start: all(tests[prefix](start, bound) for prefix, bound in bounds)


def _bound(value: str) -> tuple[str, datetime]:
    match = _DATE.match(value)
    if not match:
        raise _bad("date must have a prefix, a time and an offset")
    try:
        return match[1], datetime.fromisoformat(match[2]).astimezone(UTC)
    except ValueError:
        raise _bad("date is not a time") from None
