"""``housecall departments``: what the portal's page of departments does, typed; prints JSON."""

import argparse
from dataclasses import replace
from typing import Any, Final

from housecall.commands.acting import OPERATOR, add_act
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings.base import OWN_ROOMS
from housecall.meetings.teams.backend import TEAMS
from housecall.messaging.numbers import read_number
from housecall.tenancy.departments import DepartmentSettings, set_pilot, switch_department
from housecall.tenancy.store import get_connection
from housecall.tenancy.store_departments import get_department, list_departments
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.timing import read_reminder
from housecall.visits.timing import archive_department, save_department
from housecall.web.house import House

# What can be given back to the connection.
_OWN: Final = {
    "numbers": {"texts_from": None, "texts_backup": None},
    "reminders": {"reminders_min": None},
    "meetings": {"meeting_service": None},
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and what it does."""
    parser = commands.add_parser("departments", help="sets of places and people that go live alone")
    acts = parser.add_subparsers(required=True, metavar="act")
    add_act(acts, "list", "print all departments", list_them)
    add = add_act(acts, "add", "make a department; it is not live yet", save)
    add.add_argument("--connection", required=True, metavar="ID")
    add.add_argument("--name", required=True)
    _add_settings(add)
    change = add_act(acts, "change", "change what is given, and leave the rest", save)
    _name_department(change)
    change.add_argument("--name")
    _add_settings(change)
    change.add_argument(
        "--as-connection", nargs="+", choices=list(_OWN), default=[], help="no longer the department's own"
    )
    for name, words in (("live", "switch a department on"), ("off", "switch a department off")):
        _name_department(add_act(acts, name, words, switch, live=name == "live"))
    _name_department(add_act(acts, "archive", "give up a department; it cannot be taken back", archive))
    pilot = add_act(
        acts, "pilot", "only live departments have visits and messages, or all have", switch_pilot
    )
    pilot.add_argument("--connection", required=True, metavar="ID")
    pilot.add_argument("state", choices=["on", "off"])


def _name_department(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--department", required=True, metavar="ID")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--location", nargs="*", metavar="ID", help="ids of FHIR Locations, all of them")
    parser.add_argument(
        "--practitioner", nargs="*", metavar="ID", help="ids of FHIR Practitioners, all of them"
    )
    parser.add_argument("--texts-from", metavar="NUMBER")
    parser.add_argument("--texts-backup", metavar="NUMBER", help="where the first one's provider is away")
    parser.add_argument("--reminder", nargs="*", metavar="BEFORE", help="as in 1d 2h 15m; none: not at all")
    parser.add_argument("--meetings", choices=[OWN_ROOMS, TEAMS])


async def list_them(
    house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Every department."""
    return [_said(one) for one in await list_departments(work, org_id)]


async def save(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """The department stands as typed."""
    department_id: str | None = getattr(arguments, "department", None)
    if department_id is None:
        before = DepartmentSettings(arguments.name)
        connection = await get_connection(work, org_id, arguments.connection)
    else:
        known = await get_department(work, org_id, department_id)
        before = DepartmentSettings.of(known)
        connection = await get_connection(work, org_id, known.connection_id)
    wanted = replace(before, **_given(arguments, connection))
    saved = await save_department(
        work, org_id, connection.id, wanted, department_id=department_id, now=house.clock.now(), by=OPERATOR
    )
    return _said(saved)


def _given(arguments: argparse.Namespace, connection: Connection) -> dict[str, Any]:
    """What was typed, as settings; what was not is left out."""
    numbers = {"texts_from": arguments.texts_from, "texts_backup": arguments.texts_backup}
    given: dict[str, Any] = {
        "name": arguments.name,
        "locations": arguments.location if arguments.location is None else tuple(arguments.location),
        "practitioners": None if arguments.practitioner is None else tuple(arguments.practitioner),
        "reminders_min": None
        if arguments.reminder is None
        else tuple(map(read_reminder, arguments.reminder)),
        "meeting_service": arguments.meetings,
        **{name: typed and read_number(typed, connection.phone_region) for name, typed in numbers.items()},
    }
    own = {name: value for name, value in given.items() if value is not None}
    for word in getattr(arguments, "as_connection", []):
        own |= _OWN[word]
    return own


async def switch(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """The department is live, or no longer."""
    return _said(
        await switch_department(
            work, org_id, arguments.department, live=arguments.live, now=house.clock.now(), by=OPERATOR
        )
    )


async def archive(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """The department takes no visits any more."""
    return _said(
        await archive_department(work, org_id, arguments.department, now=house.clock.now(), by=OPERATOR)
    )


async def switch_pilot(
    house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace
) -> dict[str, Any]:
    """The connection is in a pilot, or is so no more."""
    is_pilot = arguments.state == "on"
    await set_pilot(work, org_id, arguments.connection, is_pilot=is_pilot, now=house.clock.now(), by=OPERATOR)
    return {"connection": arguments.connection, "pilot": is_pilot}


def _said(one: Department) -> dict[str, Any]:
    stands = DepartmentSettings.of(one)
    return {
        "id": one.id,
        "connection": one.connection_id,
        "name": one.name,
        "live": one.is_live,
        "locations": stands.locations,
        "practitioners": stands.practitioners,
        "texts_from": stands.texts_from,
        "texts_backup": stands.texts_backup,
        "reminders": stands.reminders,
        "meetings": stands.meeting_service,
        "archived": one.archived_at is not None,
    }
