"""What can be done with departments: added, changed, switched on and off, archived; and a connection's pilot."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Self

from housecall.audit.model import Act, By, Value, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId, short_id
from housecall.meetings.base import OWN_ROOMS
from housecall.meetings.teams.backend import TEAMS
from housecall.tenancy.errors import DepartmentRefused, DepartmentUnknown
from housecall.tenancy.store import get_connection, note_change
from housecall.tenancy.store_departments import get_department, list_departments
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.terms import has_teams, in_order
from housecall.tenancy.timing import say_reminder

LONGEST_NAME: Final = 80


@dataclass(frozen=True)
class DepartmentSettings:
    """What an administrator says of a department; None: as its connection has it."""

    name: str
    locations: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    texts_from: str | None = None
    texts_backup: str | None = None
    reminders_min: tuple[int, ...] | None = None
    meeting_service: str | None = None

    @classmethod
    def of(cls, department: Department) -> Self:
        """As they stand."""
        offsets = department.reminder_offsets_min
        return cls(
            department.name,
            tuple(department.locations),
            tuple(department.practitioners),
            department.texts_from,
            department.texts_backup,
            None if offsets is None else in_order(offsets),
            department.meeting_service,
        )

    def said(self) -> dict[str, Value]:
        """Each setting as one text, for the audit log and for whoever came second."""
        values = asdict(self) | {
            "locations": " ".join(self.locations),
            "practitioners": " ".join(self.practitioners),
            "reminders_min": self.reminders,
        }
        return {name: value or "" for name, value in values.items()}

    @property
    def reminders(self) -> str | None:
        """When it reminds, as people write it; None where its connection says when."""
        if self.reminders_min is None:
            return None
        return " ".join(map(say_reminder, self.reminders_min)) or "none"


def faults_of(
    wanted: DepartmentSettings, connection: Connection, others: Iterable[Department]
) -> dict[str, str]:
    """What is wrong, by field; nothing when it can be saved. ``others``: the connection's other departments."""
    faults = {}
    names, places, people = set(), dict[str, str](), dict[str, str]()
    for one in others:
        names.add(one.name.casefold())
        places |= dict.fromkeys(one.locations, one.name)
        people |= dict.fromkeys(one.practitioners, one.name)
    if not 1 <= len(wanted.name) <= LONGEST_NAME or not wanted.name.isprintable():
        faults["name"] = f"Give a name of 1 to {LONGEST_NAME} characters."
    elif wanted.name.casefold() in names:
        faults["name"] = "Another department of this connection has this name."
    if not wanted.locations and not wanted.practitioners:
        faults["locations"] = "Choose at least one place or one person: by them visits are found."
    for name, chosen, taken in (
        ("locations", wanted.locations, places),
        ("practitioners", wanted.practitioners, people),
    ):
        double = next((ref for ref in chosen if ref in taken), None)
        if double is not None:
            faults[name] = f"{double} is in {taken[double]} already. Take it out there first."
    if wanted.texts_backup and (not wanted.texts_from or wanted.texts_backup == wanted.texts_from):
        faults["texts_backup"] = "A second number stands in for a first one of the department's own."
    if wanted.meeting_service not in (None, OWN_ROOMS, TEAMS):
        faults["meeting_service"] = "Choose one of the meeting services."
    elif wanted.meeting_service == TEAMS and not has_teams(connection):
        faults["meeting_service"] = "Set up Teams first, on the connection’s page: where its visits are held."
    return faults


async def add_department(
    work: Work, org_id: OrgId, connection_id: str, wanted: DepartmentSettings, *, now: datetime, by: By
) -> Department:
    """The department stands, and is not live; raises DepartmentRefused."""
    connection = await _lock(work, org_id, connection_id)
    _refuse(wanted, connection, await list_departments(work, org_id, connection_id))
    made = Department(
        id=short_id("d"), org_id=org_id, connection_id=connection_id, is_live=False, version=1, created_at=now,
        switched_at=None, switched_by=None, archived_at=None, **_columns(wanted),
    )  # fmt: skip
    work.session.add(made)
    await work.session.flush()
    changed = before_and_after({}, {name: value for name, value in wanted.said().items() if value})
    await record(
        work,
        org_id,
        Act.department_added,
        by=by,
        subject=made.id,
        at=now,
        connection=connection_id,
        **changed,
    )
    return made


async def change_department(
    work: Work,
    org_id: OrgId,
    department_id: str,
    wanted: DepartmentSettings,
    *,
    version: int | None,
    now: datetime,
    by: By,
) -> Department:
    """It stands as wanted, with what it was before on record; raises DepartmentRefused or Overtaken.

    ``version`` is the one that the form was filled in on; None: whatever it was.
    """
    department, connection = await _take(work, org_id, department_id, version)
    others = await list_departments(work, org_id, connection.id)
    _refuse(wanted, connection, [one for one in others if one.id != department.id])
    changed = before_and_after(DepartmentSettings.of(department).said(), wanted.said())
    if not changed:
        return department
    members = (department.locations, department.practitioners)
    for name, value in _columns(wanted).items():
        setattr(department, name, value)
    department.version += 1
    if members != (department.locations, department.practitioners) and department.is_live:
        _read_anew(connection)
    await record(
        work,
        org_id,
        Act.department_changed,
        by=by,
        subject=department.id,
        at=now,
        name=wanted.name,
        **changed,
    )
    return department


async def switch_department(
    work: Work, org_id: OrgId, department_id: str, *, live: bool, now: datetime, by: By
) -> Department:
    """It is live, or no longer: who and when is on the department and on record. Said again, nothing changes."""
    department, connection = await _take(work, org_id, department_id, None)
    if department.is_live == live:
        return department
    department.is_live, department.switched_at, department.switched_by = live, now, by.ref
    department.version += 1
    if live:
        _read_anew(connection)
    await record(
        work, org_id, Act.department_switched, by=by, subject=department.id, at=now,
        name=department.name, **before_and_after({"live": not live}, {"live": live}),
    )  # fmt: skip
    return department


async def archive_department(
    work: Work, org_id: OrgId, department_id: str, *, version: int | None, now: datetime, by: By
) -> Department:
    """It takes no visits any more; those that are over keep its name. Raises Overtaken."""
    department, _ = await _take(work, org_id, department_id, version)
    department.archived_at, department.is_live = now, False
    department.version += 1
    await record(
        work, org_id, Act.department_archived, by=by, subject=department.id, at=now, name=department.name
    )
    return department


async def set_pilot(
    work: Work, org_id: OrgId, connection_id: str, *, is_pilot: bool, now: datetime, by: By
) -> Connection:
    """The connection is in a pilot, in which live departments alone have visits and messages, or is so no more."""
    connection = await _lock(work, org_id, connection_id)
    if connection.is_pilot == is_pilot:
        return connection
    if not is_pilot:
        _read_anew(connection)
    connection.is_pilot = is_pilot
    await note_change(work, org_id, connection_id)
    await record(
        work, org_id, Act.pilot_switched, by=by, subject=connection_id, at=now,
        **before_and_after({"pilot": not is_pilot}, {"pilot": is_pilot}),
    )  # fmt: skip
    return connection


async def forget_number_of_departments(
    work: Work, org_id: OrgId, number: str, *, now: datetime, by: By
) -> None:
    """No department texts from this number any more: its backup takes over, else its connection's number."""
    for one in await list_departments(work, org_id):
        if number in (one.texts_from, one.texts_backup):
            left = [other for other in (one.texts_from, one.texts_backup) if other and other != number]
            before = DepartmentSettings.of(one).said()
            one.texts_from, one.texts_backup = (left[0] if left else None), None
            one.version += 1
            changed = before_and_after(before, DepartmentSettings.of(one).said())
            await record(
                work, org_id, Act.department_changed, by=by, subject=one.id, at=now, name=one.name, **changed
            )


async def _lock(work: Work, org_id: OrgId, connection_id: str) -> Connection:
    """The connection, for one change of its departments at a time; raises ConnectionUnknown."""
    connection = await get_connection(work, org_id, connection_id)
    await work.session.refresh(connection, with_for_update=True)
    return connection


async def _take(
    work: Work, org_id: OrgId, department_id: str, version: int | None
) -> tuple[Department, Connection]:
    department = await get_department(work, org_id, department_id)
    connection = await _lock(work, org_id, department.connection_id)
    await work.session.refresh(department)
    if department.archived_at is not None:
        raise DepartmentUnknown
    if version is not None and department.version != version:
        raise Overtaken
    return department, connection


def _read_anew(connection: Connection) -> None:
    """In a pilot, what was booked before is to be found now: all is read as at the first poll."""
    if connection.is_pilot:
        connection.first_polled_at = connection.next_poll_at = None


def _refuse(wanted: DepartmentSettings, connection: Connection, others: Iterable[Department]) -> None:
    faults = faults_of(wanted, connection, others)
    if faults:
        raise DepartmentRefused(faults)


def _columns(wanted: DepartmentSettings) -> dict[str, object]:
    return {
        "name": wanted.name,
        "locations": list(wanted.locations),
        "practitioners": list(wanted.practitioners),
        "texts_from": wanted.texts_from,
        "texts_backup": wanted.texts_backup,
        "reminder_offsets_min": None
        if wanted.reminders_min is None
        else list(in_order(wanted.reminders_min)),
        "meeting_service": wanted.meeting_service,
    }
