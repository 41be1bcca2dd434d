"""Departments in the portal: the list, a department's form, switching one live, a connection's pilot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Depends, Form, Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.errors import Overtaken
from housecall.meetings.teams.backend import TEAMS
from housecall.messaging import numbers
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.departments import DepartmentSettings, set_pilot, switch_department
from housecall.tenancy.errors import DepartmentRefused
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.store import get_connection, list_connections
from housecall.tenancy.store_departments import get_department, list_departments
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.terms import has_teams, terms_of
from housecall.tenancy.timing import say_reminder
from housecall.visits.members import Found, Member, find_people, find_places, offer_members
from housecall.visits.timing import archive_department, save_department
from housecall.web.answers import FORM_FAULTY, FORM_OVERTAKEN, go_to
from housecall.web.audience import Audience
from housecall.web.department_form import (
    SERVICES,
    DepartmentForm,
    differences,
    empty_form,
    form_of,
    read_form,
)
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

routes = Audience("departments", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]

_LIST: Final = "/portal/departments"
_NEW: Final = "/portal/departments/new/{connection_id}"
_ONE: Final = "/portal/departments/{department_id}"
_SAID: Final = {
    "added": "The department is there. It is not live yet.",
    "saved": "Saved. Visits that are still to come follow within moments.",
    "live": "It is live.",
    "off": "It is not live any more.",
    "archived": "The department is archived. Visits that are over keep its name in the reports.",
    "pilot": "The connection is in a pilot now.",
    "all": "The pilot is over.",
}


@dataclass(frozen=True)
class _Subject:
    """What a form is about: its connection, and the department unless it is to be a new one."""

    connection: Connection
    department: Department | None
    numbers: tuple[str, ...]


@routes.get(_LIST)
async def list_them(request: Request, person: Administrator, said: str = "") -> Response:
    """Every connection with its departments, and whether it is in a pilot."""
    async with house_of(request).database.work() as work:
        connections = await list_connections(work, person.org_id)
        departments = await list_departments(work, person.org_id)
    return show(
        request,
        person,
        "portal/departments.html",
        here="departments",
        connections=[
            (
                connection,
                [(one, _facts(connection, one)) for one in departments if one.connection_id == connection.id],
            )
            for connection in connections
            if connection.state != ConnectionState.draft
        ],
        said=_SAID.get(said, ""),
    )


@routes.post(f"{_LIST}/pilot/{{connection_id}}")
async def switch_pilot(
    request: Request, person: Administrator, connection_id: str, pilot: Annotated[str, Form()] = ""
) -> Response:
    """The connection is in a pilot, or is so no more."""
    house, is_pilot = house_of(request), pilot == "yes"
    async with house.database.work() as work:
        await set_pilot(
            work, person.org_id, connection_id, is_pilot=is_pilot, now=house.clock.now(), by=person.by
        )
    return go_to(f"{_LIST}?said={'pilot' if is_pilot else 'all'}#{connection_id}")


@routes.get(_NEW)
async def begin(request: Request, person: Administrator, connection_id: str) -> Response:
    """An empty form."""
    async with house_of(request).database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        about = await _about(work, person, connection, None)
    return await _page(request, person, about, empty_form(connection))


@routes.post(_NEW)
async def add(request: Request, person: Administrator, connection_id: str) -> Response:
    """The department is there, or the form again with what is wrong."""
    async with house_of(request).database.work() as work:
        about = await _about(work, person, await get_connection(work, person.org_id, connection_id), None)
    return await _save(request, person, about)


@routes.get(_ONE)
async def show_one(request: Request, person: Administrator, department_id: str, said: str = "") -> Response:
    """The department as it stands."""
    about = await _find(request, person, department_id)
    assert about.department is not None
    return await _page(request, person, about, form_of(about.department, about.connection), said=said)


@routes.post(_ONE)
async def change(request: Request, person: Administrator, department_id: str) -> Response:
    """It stands as typed, or the form again: with what is wrong, or with what somebody else made of it."""
    return await _save(request, person, await _find(request, person, department_id))


@routes.post(f"{_ONE}/live")
async def go_live(request: Request, person: Administrator, department_id: str) -> Response:
    """The department is live."""
    return await _switch(request, person, department_id, live=True)


@routes.post(f"{_ONE}/off")
async def go_off(request: Request, person: Administrator, department_id: str) -> Response:
    """The department is not live any more."""
    return await _switch(request, person, department_id, live=False)


@routes.post(f"{_ONE}/archive")
async def archive(
    request: Request, person: Administrator, department_id: str, version: Annotated[int, Form()] = 0
) -> Response:
    """The department takes no visits any more; whoever looked at an older one is shown what stands."""
    house = house_of(request)
    try:
        async with house.database.work() as work:
            await archive_department(
                work, person.org_id, department_id, version=version, now=house.clock.now(), by=person.by
            )
    except Overtaken:
        about = await _find(request, person, department_id)
        assert about.department is not None
        form = form_of(about.department, about.connection)
        return await _page(request, person, about, form, stands={}, status=FORM_OVERTAKEN)
    return go_to(f"{_LIST}?said=archived")


async def _switch(request: Request, person: SignedIn, department_id: str, *, live: bool) -> Response:
    house = house_of(request)
    async with house.database.work() as work:
        await switch_department(
            work, person.org_id, department_id, live=live, now=house.clock.now(), by=person.by
        )
    return go_to(f"{_LIST}/{department_id}?said={'live' if live else 'off'}")


async def _find(request: Request, person: SignedIn, department_id: str) -> _Subject:
    async with house_of(request).database.work() as work:
        department = await get_department(work, person.org_id, department_id)
        connection = await get_connection(work, person.org_id, department.connection_id)
        return await _about(work, person, connection, department)


async def _about(
    work: Work, person: SignedIn, connection: Connection, department: Department | None
) -> _Subject:
    known = [one.number for one in numbers.working(await numbers.list_numbers(work, person.org_id))]
    # One that was given by the command is in use, and stands in no list.
    used = [connection.texts_from, connection.texts_backup]
    used += [department.texts_from, department.texts_backup] if department else []
    return _Subject(connection, department, tuple(dict.fromkeys(filter(None, (*known, *used)))))


async def _save(request: Request, person: SignedIn, about: _Subject) -> Response:
    house, typed = house_of(request), read_form(await request.form())
    if typed.is_search:
        return await _search(request, person, about, typed)
    wanted = typed.wanted(about.numbers)
    if typed.faults:
        return await _page(request, person, about, typed, status=FORM_FAULTY)
    try:
        async with house.database.work() as work:
            saved = await save_department(
                work,
                person.org_id,
                about.connection.id,
                wanted,
                department_id=about.department.id if about.department else None,
                version=typed.version,
                now=house.clock.now(),
                by=person.by,
            )
    except DepartmentRefused as refused:
        typed.faults = refused.faults
        return await _page(request, person, about, typed, status=FORM_FAULTY)
    except Overtaken:
        assert about.department is not None
        return await _second(
            request, person, await _find(request, person, about.department.id), typed, wanted
        )
    return go_to(f"{_LIST}/{saved.id}?said={'saved' if about.department else 'added'}")


async def _search(request: Request, person: SignedIn, about: _Subject, typed: DepartmentForm) -> Response:
    """The form as it was typed, with what the EHR calls so to tick; nothing is saved."""
    house = house_of(request)
    where = (house.desk, house.database, person.org_id, about.connection.id)
    found = {}
    if typed.find_locations or not typed.find_practitioners:
        found["locations"] = await find_places(*where, typed.find_locations)
    if typed.find_practitioners:
        found["practitioners"] = await find_people(*where, typed.find_practitioners)
    return await _page(request, person, about, typed, found=found)


async def _second(
    request: Request, person: SignedIn, about: _Subject, typed: DepartmentForm, wanted: DepartmentSettings
) -> Response:
    """The form for whoever came second: all that was typed, and at each field that differs what stands now."""
    assert about.department is not None
    typed.version = about.department.version
    stands = differences(DepartmentSettings.of(about.department), wanted)
    return await _page(request, person, about, typed, stands=stands, status=FORM_OVERTAKEN)


async def _page(
    request: Request,
    person: SignedIn,
    about: _Subject,
    form: DepartmentForm,
    *,
    stands: Mapping[str, str] | None = None,
    found: Mapping[str, Found] = MappingProxyType({}),
    said: str = "",
    status: int = 200,
) -> Response:
    house, connection = house_of(request), about.connection
    offer = await offer_members(house.desk, house.database, person.org_id, connection.id)
    return show(
        request,
        person,
        "portal/department.html",
        here="departments",
        status=status,
        connection=connection,
        department=about.department,
        form=form,
        faults={**form.faults, **(stands or {})},
        is_stale=stands is not None,
        said=_SAID.get(said, ""),
        location_choices=_with_chosen(offer.locations, form.locations, found.get("locations")),
        practitioner_choices=_with_chosen(
            offer.practitioners, form.practitioners, found.get("practitioners")
        ),
        found=found,
        away=offer.fault,
        **_choices(about),
        reminders_there=" ".join(map(say_reminder, terms_of(connection, None).reminders_min)) or "none",
    )


def _choices(about: _Subject) -> dict[str, list[tuple[str, str]]]:
    """Numbers and meeting services to choose from; empty is what the connection has."""
    connection = about.connection
    there = SERVICES.get(connection.meeting_service, connection.meeting_service)
    services = [(name, words) for name, words in SERVICES.items() if name != TEAMS or has_teams(connection)]
    numbers_there = [(number, number) for number in about.numbers]
    return {
        "number_choices": [
            ("", f"As the connection: {connection.texts_from or 'no number yet'}"),
            *numbers_there,
        ],
        "backup_choices": [("", "None"), *numbers_there],
        "service_choices": [("", f"As the connection: {there}"), *services],
    }


def _with_chosen(offered: tuple[Member, ...], chosen: tuple[str, ...], found: Found | None) -> list[Member]:
    """Those that are chosen first, also those that nobody offers any more; then what was found, then the rest."""
    looked_for = found.members if found else ()
    names = {one.ref: one.name for one in looked_for if one.name}
    known = {one.ref: one for one in (*looked_for, *offered)}
    known = {ref: replace(one, name=one.name or names.get(ref, "")) for ref, one in known.items()}
    chosen_ones = {ref: known.get(ref) or Member(ref) for ref in chosen}
    return list((chosen_ones | known).values())


def _facts(connection: Connection, one: Department) -> list[str]:
    """What the list says of a department in a few words."""
    facts = [
        f"{len(refs)} {word if len(refs) == 1 else words}"
        for refs, word, words in ((one.locations, "place", "places"), (one.practitioners, "person", "people"))
        if refs
    ]
    said = DepartmentSettings.of(one)
    if said.texts_from:
        facts.append(f"texts from {said.texts_from}")
    if said.reminders is not None:
        facts.append(f"reminders: {said.reminders}")
    if said.meeting_service:
        facts.append(f"held in {SERVICES.get(said.meeting_service, said.meeting_service)}")
    return facts
