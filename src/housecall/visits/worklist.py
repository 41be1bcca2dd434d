"""Today's visits across charts: a clinician's own, or those of the place they work at.

What a list shows is ours: times and states. Names are read from the EHR with the clinician's own access, so that
the EHR decides whom they may see; one it does not show has a time and a state and no name.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.errors import EhrError
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import store
from housecall.visits.access import tokens_of
from housecall.visits.booking import Reading, read_booking
from housecall.visits.desk import Desk
from housecall.visits.errors import VisitUnknown
from housecall.visits.model import OVER
from housecall.visits.tables import Launch, Visit
from housecall.visits.views import View, owners, visit_views

# Two practices' worth of a busy day; a list that is longer is nobody's to work through.
MOST_ROWS: Final = 1_000
# As many names as a screen shows; each costs the EHR two reads.
MOST_NAMES: Final = 25
_READS_AT_ONCE: Final = 4


class Whose(StrEnum):
    """Which visits a list is of."""

    mine = "mine"
    place = "place"
    everybody = "everybody"


@dataclass(frozen=True)
class Listing:
    """What a list of one day holds: the visits of a clinician, or those at some locations."""

    org_id: OrgId
    connection_id: str
    whose: Whose
    clinician: str
    locations: frozenset[str]
    start: datetime
    end: datetime

    def holds(self, view: Mapping[str, Any], of: Mapping[str, Any]) -> bool:
        """Whether the visit belongs on the list, by its snapshot and by whose it is, or who is asked to it."""
        is_ours = {
            Whose.mine: bool(self.clinician) and of["clinician"] == self.clinician,
            Whose.place: of["location"] in self.locations,
            Whose.everybody: True,
        }[self.whose] or (self.clinician in of.get("asked", ()) and view["state"] not in OVER)
        starts_at = datetime.fromisoformat(view["starts_at"])
        return is_ours and (self.start <= starts_at < self.end or view["state"] == "in_progress")


async def listing_for(work: Work, launch: Launch, whose: Whose, now: datetime) -> Listing:
    """The list of the clinic's present day for the clinician who launched.

    Their place is where their own visits of the day are, and the visits they launched for.
    """
    org_id = OrgId(launch.org_id)
    connection = await get_connection(work, org_id, launch.connection_id)
    start, end = day_of(connection, now)
    clinician = launch.user_ref or ""
    locations = await store.find_places(
        work, org_id, connection.id, start, end, clinician=clinician, besides=launch.visit_ids
    )
    return Listing(org_id, connection.id, whose, clinician, locations, start, end)


def listing_of(connection: Connection, now: datetime) -> Listing:
    """The list of everybody's visits of the clinic's present day, for those who come without the EHR."""
    start, end = day_of(connection, now)
    org_id = OrgId(connection.org_id)
    return Listing(org_id, connection.id, Whose.everybody, "", frozenset(), start, end)


def day_of(connection: Connection, now: datetime) -> tuple[datetime, datetime]:
    """The clinic's present day as [start, end); 23 or 25 hours long when its clocks are changed."""
    return span_of(connection, now.astimezone(ZoneInfo(connection.time_zone)).date())


def span_of(connection: Connection, day: date) -> tuple[datetime, datetime]:
    """That day at the clinic as [start, end)."""
    zone = ZoneInfo(connection.time_zone)
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


async def list_visits(work: Work, listing: Listing) -> Sequence[Visit]:
    """The list's visits as they stand, earliest first."""
    return await store.list_day(
        work,
        listing.org_id,
        listing.connection_id,
        listing.start,
        listing.end,
        clinician=None if listing.whose is Whose.everybody else listing.clinician,
        locations=listing.locations if listing.whose is Whose.place else None,
        most=MOST_ROWS,
    )


async def list_views(work: Work, listing: Listing, now: datetime) -> list[View]:
    """Snapshots of the list's visits."""
    return await visit_views(work, listing.org_id, await list_visits(work, listing), now=now)


async def check_listed(
    work: Work, launch: Launch, visit_ids: Collection[str], now: datetime
) -> Sequence[Visit]:
    """Those visits, each on one of the clinician's lists or of the launch itself; raises VisitUnknown."""
    mine = await listing_for(work, launch, Whose.mine, now)
    listings = [mine, replace(mine, whose=Whose.place)]
    found = await check_on(work, listings, visit_ids, besides=launch.visit_ids)
    if any(visit.connection_id != launch.connection_id for visit in found):
        raise VisitUnknown
    return found


async def check_on(
    work: Work, listings: Sequence[Listing], visit_ids: Collection[str], *, besides: Collection[str] = ()
) -> Sequence[Visit]:
    """Those visits, each on one of the lists or among ``besides``; raises VisitUnknown."""
    found = await store.list_visits(work, listings[0].org_id, visit_ids) if listings else []
    asked = await store.list_asked(work, listings[0].org_id, visit_ids) if listings else {}
    for visit in found:
        view = {"starts_at": visit.starts_at.isoformat(), "state": visit.state}
        lists = [one for one in listings if one.connection_id == visit.connection_id]
        of = owners(visit, asked.get(visit.id, []))
        if visit.id not in besides and not any(one.holds(view, of) for one in lists):
            raise VisitUnknown
    if len(found) != len(set(visit_ids)):
        raise VisitUnknown
    return found


async def read_names(
    desk: Desk, database: Database, launch: Launch, visit_ids: Sequence[str]
) -> dict[str, dict[str, str | None] | None]:
    """Per visit its patient's name and the service, read as the person who launched; None where the EHR says no.

    At most ``MOST_NAMES``, the first ones. Raises VisitUnknown, or the EhrError when not one could be read.
    """
    org_id, now = OrgId(launch.org_id), desk.clock.now()
    async with database.work() as work:
        visits = await check_listed(work, launch, visit_ids[:MOST_NAMES], now)
        connection = await get_connection(work, org_id, launch.connection_id)
    if not visits:
        return {}
    tokens = await tokens_of(desk, database, launch)
    turn = asyncio.Semaphore(_READS_AT_ONCE)
    reading = Reading(desk, database, desk.ehr.client(connection), tokens)
    read = await asyncio.gather(*(_read_name(reading, visit, turn) for visit in visits))
    faults = [one for one in read if isinstance(one, EhrError)]
    if len(faults) == len(visits):
        raise faults[0]
    async with database.work() as work:
        by = By(Actor.clinician, launch.user_ref or "")
        for visit, one in zip(visits, read, strict=True):
            if not isinstance(one, EhrError):
                await record(work, org_id, Act.details_read, by=by, subject=visit.id, at=now)
    return {
        visit.id: None if isinstance(one, EhrError) else one for visit, one in zip(visits, read, strict=True)
    }


async def _read_name(
    reading: Reading, visit: Visit, turn: asyncio.Semaphore
) -> dict[str, str | None] | EhrError | None:
    async with turn:
        try:
            appointment = await read_booking(reading, visit)
            if appointment.patient is None:
                return None
            person = await reading.client.read_person(appointment.patient, tokens=reading.tokens)
        except EhrError as error:
            return error
    return {"name": person.display_name, "service": appointment.service}
