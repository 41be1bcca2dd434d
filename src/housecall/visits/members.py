"""What departments are made of: places and people that the feed has met, that are in the schedule, or found by name.

Names are read from the EHR for whoever chooses, and kept nowhere.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from housecall.db.database import Database
from housecall.ehr.base import Appointment, EhrClient, LocationRef, PractitionerRef, Vendor
from housecall.ehr.errors import EhrError, EhrRefused
from housecall.ehr.registry import PROFILES
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import store_members
from housecall.visits.desk import Desk

# Whoever opens the form waits so long at most; then it shows what is known without the EHR.
_PATIENCE_S: Final = 6.0
_MET_SINCE: Final = timedelta(days=30)
# So many appointments name nearly everybody; a large hospital has them in an hour or two.
_MOST_READ: Final = 500
_LONGEST: Final = timedelta(days=7)
_SHORTEST: Final = timedelta(hours=1)
# Each name costs the EHR a read: those with the most appointments first.
_MOST_NAMES: Final = 40
_READS_AT_ONCE: Final = 6


@dataclass(frozen=True)
class Member:
    """One place or person; ``name`` is empty where nobody told it, ``booked`` counts what the EHR has soon."""

    ref: str
    name: str = field(default="", repr=False)
    booked: int = 0


@dataclass(frozen=True)
class Offer:
    """What can be chosen, those with the most appointments first; ``fault`` is why the EHR could not be asked."""

    locations: tuple[Member, ...]
    practitioners: tuple[Member, ...]
    fault: str = ""


@dataclass(frozen=True)
class Found:
    """Those that the EHR calls so; ``fault`` is why it could not be asked."""

    members: tuple[Member, ...] = ()
    fault: str = ""


@dataclass
class _Schedule:
    appointments: list[Appointment] = field(default_factory=list, repr=False)
    names: dict[str, str] = field(default_factory=dict, repr=False)
    fault: str = ""


async def offer_members(desk: Desk, database: Database, org_id: OrgId, connection_id: str) -> Offer:
    """Places and people of the connection, by its settings, its visits, and its schedule as the EHR has it now."""
    async with database.work() as work:
        connection = await get_connection(work, org_id, connection_id)
        places, people = await store_members.list_met(
            work, org_id, connection_id, since=desk.clock.now() - _MET_SINCE
        )
    schedule = await _ask(desk, connection)
    booked = schedule.appointments
    by_place = Counter(str(ref) for one in booked for ref in one.locations[:1])
    by_person = Counter(str(ref) for one in booked for ref in one.practitioners[:1])
    place_names = {str(one.locations[0]): one.place for one in booked if one.locations and one.place}
    return Offer(
        _members({*connection.locations, *places, *by_place}, by_place, place_names),
        _members({*connection.practitioners, *people, *by_person}, by_person, schedule.names),
        schedule.fault,
    )


async def find_places(desk: Desk, database: Database, org_id: OrgId, connection_id: str, name: str) -> Found:
    """Places of the connection's EHR whose name begins so."""

    async def ask(client: EhrClient) -> list[Member]:
        return [Member(ref, called) for ref, called in (await client.search_places(name)).items()]

    return await _find(desk, database, org_id, connection_id, ask)


async def find_people(desk: Desk, database: Database, org_id: OrgId, connection_id: str, name: str) -> Found:
    """Practitioners of the connection's EHR whose name begins so."""

    async def ask(client: EhrClient) -> list[Member]:
        found = await client.search_clinicians(name, tokens=None)
        return [Member(one.ref, one.display_name) for one in found]

    return await _find(desk, database, org_id, connection_id, ask)


async def _find(
    desk: Desk,
    database: Database,
    org_id: OrgId,
    connection_id: str,
    ask: Callable[[EhrClient], Awaitable[list[Member]]],
) -> Found:
    async with database.work() as work:
        connection = await get_connection(work, org_id, connection_id)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            found = await ask(desk.ehr.client(connection))
    except EhrRefused:
        return Found(fault="The EHR does not let Housecall’s backend service look for these. Type their ids.")
    except EhrError as fault:
        return Found(fault=f"{fault.sentence} Try again, or type their ids.")
    except TimeoutError:
        return Found(fault="The EHR took too long. Try again, or type their ids.")
    return Found(tuple(sorted(found, key=lambda one: (one.name, one.ref))))


def _members(refs: Iterable[str], booked: Mapping[str, int], names: Mapping[str, str]) -> tuple[Member, ...]:
    there = [Member(str(ref), names.get(ref, ""), booked.get(ref, 0)) for ref in refs]
    return tuple(sorted(there, key=lambda one: (-one.booked, one.name, one.ref)))


async def _ask(desk: Desk, connection: Connection) -> _Schedule:
    if not PROFILES[Vendor(connection.vendor)].lists_appointments:
        return _Schedule(fault="This EHR does not list its schedule: what its messages told of is shown.")
    schedule = _Schedule()
    client, now = desk.ehr.client(connection), desk.clock.now()
    days = _MOST_READ / connection.feed_a_day if connection.feed_a_day else _LONGEST.days
    ahead = max(_SHORTEST, min(_LONGEST, timedelta(days=days)))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            page = await client.list_appointments(
                practitioners=[PractitionerRef(one) for one in connection.practitioners],
                locations=[LocationRef(one) for one in connection.locations],
                start=now,
                end=now + ahead,
            )
            schedule.appointments = page.appointments
            await _read_names(client, connection, schedule)
    except EhrError as fault:
        schedule.fault = fault.sentence
    except TimeoutError:
        schedule.fault = "The EHR took too long: some places, people or names may be missing."
    return schedule


async def _read_names(client: EhrClient, connection: Connection, schedule: _Schedule) -> None:
    seen = Counter(ref for one in schedule.appointments for ref in one.practitioners[:1])
    wanted = dict.fromkeys([*(ref for ref, _ in seen.most_common()), *connection.practitioners])
    places = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(ref: str) -> None:
        async with places:
            try:
                schedule.names[ref] = (await client.read_clinician(PractitionerRef(ref))).display_name
            except EhrError:
                # Without a name an id can still be chosen.
                return

    await asyncio.gather(*(read(ref) for ref in list(wanted)[:_MOST_NAMES]))
