"""A window of a clinic's schedule, read whole although single records may break whole answers.

One broken record can fail a search for everybody. So a search that fails on the server's side is cut into
halves, down to a minute and a single practitioner; what still fails is recorded as a fault and left out for
ten minutes.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from housecall.ehr.base import Appointment, AppointmentRef, FeedPage, RecordFault
from housecall.ehr.errors import AnswerUnreadable, EhrFaulted, FeedUnsupported, SearchUnbounded
from housecall.ehr.fhir import Fhir, resources_in
from housecall.ehr.profile import VendorProfile
from housecall.ehr.readers import RecordUnreadable, read_listed_appointment
from housecall.kit.clock import Clock

SMALLEST: Final = timedelta(minutes=1)
LEFT_OUT_FOR: Final = timedelta(minutes=10)
# One, two, four and eight failures without a single answer: not a broken record but a broken EHR.
_HOPELESS: Final = 15
# The same once something was answered: an EHR that broke down on the way.
_HOPELESS_NOW: Final = 40
# About ten broken records in a week's window; beyond that, whole stretches are given up instead of minutes.
_MOST_FAILURES: Final = 300
_MOST_PAGES: Final = 1000
_WINDOW_FAULT: Final = RecordFault(None, "window_unreadable")


@dataclass(frozen=True)
class Search:
    """One question: whose appointments start in [start, end)."""

    by: str
    """practitioner, location, or empty for everybody's."""
    actors: tuple[str, ...]
    start: datetime
    end: datetime

    def params(self, page_size: int) -> dict[str, str | list[str]]:
        """The search parameters: times always with seconds and offset."""
        params: dict[str, str | list[str]] = {
            "date": date_range(self.start, self.end),
            "_count": str(page_size),
        }
        return {self.by: ",".join(self.actors), **params} if self.by else params

    def halves(self) -> tuple["Search", ...]:
        """The same question in two, first by time, then by actor; none if it can be cut no further."""
        if self.end - self.start > SMALLEST:
            # Whole seconds: parts of one would be lost on the wire.
            middle = self.start + timedelta(seconds=int((self.end - self.start).total_seconds() // 2))
            return replace(self, end=middle), replace(self, start=middle)
        if len(self.actors) > 1:
            half = len(self.actors) // 2
            return replace(self, actors=self.actors[:half]), replace(self, actors=self.actors[half:])
        return ()


class Feed:
    """Lists appointments of one connection; remembers which stretches cannot be read."""

    def __init__(
        self, fhir: Fhir, profile: VendorProfile, clock: Clock, *, rules: tuple[str, ...], zone: ZoneInfo
    ) -> None:
        self._fhir = fhir
        self._profile = profile
        self._clock = clock
        self._rules = rules
        self._zone = zone
        self._left_out: list[tuple[Search, datetime]] = []

    async def list_appointments(
        self, *, practitioners: Sequence[str], locations: Sequence[str], start: datetime, end: datetime
    ) -> FeedPage:
        """All of the window; raises EhrThrottled, EhrUnavailable, SearchUnbounded or FeedUnsupported."""
        if not self._profile.lists_appointments:
            raise FeedUnsupported
        now = self._clock.now()
        self._left_out = [(search, until) for search, until in self._left_out if until > now]
        start, end = start.astimezone(UTC).replace(microsecond=0), end.astimezone(UTC).replace(microsecond=0)
        reading = _Reading(self._fhir, self._profile, self._rules, self._zone)
        for search in self._searches(practitioners, locations, start, end):
            reading.waiting += self._around_left_out(search, reading.faults)
        broken = await reading.run()
        self._left_out += [(search, now + LEFT_OUT_FOR) for search in broken]
        return FeedPage(reading.appointments(), reading.faults, reading.requests)

    def _searches(
        self, practitioners: Sequence[str], locations: Sequence[str], start: datetime, end: datetime
    ) -> list[Search]:
        found = [
            Search(by, chunk, start, end)
            for by, actors in (("practitioner", practitioners), ("location", locations))
            for chunk in self._chunks(by, sorted(set(actors)))
        ]
        if not found and self._profile.needs_actor:
            raise SearchUnbounded
        return found or [Search("", (), start, end)]

    def _chunks(self, by: str, actors: list[str]) -> list[tuple[str, ...]]:
        # Whoever has a stretch left out is asked for alone, so that only that stretch is missing.
        alone = {search.actors[0] for search, _ in self._left_out if search.by == by and search.actors}
        together = [actor for actor in actors if actor not in alone]
        size = self._profile.actors_per_search
        chunks = [tuple(together[at : at + size]) for at in range(0, len(together), size)]
        return chunks + [(actor,) for actor in actors if actor in alone]

    def _around_left_out(self, search: Search, faults: list[RecordFault]) -> list[Search]:
        pieces = [search]
        for hole, _ in self._left_out:
            if (hole.by, hole.actors) != (search.by, search.actors):
                continue
            cut: list[Search] = []
            for piece in pieces:
                if hole.end <= piece.start or hole.start >= piece.end:
                    cut.append(piece)
                    continue
                cut += [replace(piece, end=hole.start)] if hole.start > piece.start else []
                cut += [replace(piece, start=hole.end)] if hole.end < piece.end else []
            if cut != pieces:
                faults.append(_WINDOW_FAULT)
            pieces = cut
        return pieces


class _Reading:
    """One run over a window."""

    def __init__(self, fhir: Fhir, profile: VendorProfile, rules: tuple[str, ...], zone: ZoneInfo) -> None:
        self._fhir = fhir
        self._profile = profile
        self._rules = rules
        self._zone = zone
        self._found: dict[AppointmentRef, Appointment] = {}
        self._answers = 0
        self._failures = 0
        self._in_a_row = 0
        self.waiting: deque[Search] = deque()
        self.faults: list[RecordFault] = []
        self.requests = 0

    async def run(self) -> list[Search]:
        """Ask everything that waits, widest first; what could not be read at all."""
        broken: list[Search] = []
        while self.waiting:
            search = self.waiting.popleft()
            try:
                await self._ask(search)
            except EhrFaulted:
                if self._is_hopeless():
                    raise
                halves = search.halves() if self._failures < _MOST_FAILURES else ()
                if not halves:
                    broken.append(search)
                    self.faults.append(_WINDOW_FAULT)
                self.waiting += halves
        if self._answers == 0 and broken:
            raise EhrFaulted
        return broken

    def _is_hopeless(self) -> bool:
        self._failures += 1
        self._in_a_row += 1
        return self._in_a_row >= (_HOPELESS_NOW if self._answers else _HOPELESS)

    def appointments(self) -> list[Appointment]:
        """What was found, earliest first."""
        return sorted(self._found.values(), key=start_order)

    async def _ask(self, search: Search) -> None:
        self.requests += 1
        bundle = await self._fhir.search("Appointment", search.params(self._profile.page_size), tokens=None)
        self._answers, self._in_a_row = self._answers + 1, 0
        self._keep(bundle)
        for _ in range(_MOST_PAGES):
            page = await self._fhir.next_page(bundle, tokens=None)
            if page is None:
                return
            self.requests += 1
            self._keep(page)
            bundle = page
        raise AnswerUnreadable("The EHR's pages do not come to an end.")

    def _keep(self, bundle: dict[str, object]) -> None:
        for resource in resources_in(bundle):
            try:
                found = read_listed_appointment(resource, rules=self._rules, zone=self._zone)
            except RecordUnreadable as unreadable:
                if unreadable.fault not in self.faults or unreadable.fault.ref is None:
                    self.faults.append(unreadable.fault)
                continue
            known = self._found.get(found.ref)
            if known is None or is_newer(found, known):
                self._found[found.ref] = found


def is_newer(found: Appointment, known: Appointment) -> bool:
    """Whether ``found`` replaces ``known``: by time of change, else by version number, else as read later."""
    if found.last_updated and known.last_updated and found.last_updated != known.last_updated:
        return found.last_updated > known.last_updated
    if found.version.isdigit() and known.version.isdigit():
        return int(found.version) >= int(known.version)
    return True


def start_order(appointment: Appointment) -> tuple[datetime, str]:
    """Earliest first; those without a start last."""
    return appointment.start or datetime.max.replace(tzinfo=UTC), appointment.ref


def date_range(start: datetime, end: datetime) -> list[str]:
    """The two ``date`` parameters of [start, end)."""
    edges = (("ge", start), ("lt", end))
    return [prefix + at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") for prefix, at in edges]
