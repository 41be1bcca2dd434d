"""What counts for a visit: whose it is, and what its department says otherwise than its connection.

Whose a visit is, is told by its clinician and its place as the feed met them. A clinician's department counts before a
place's, and no id is in two departments of a connection, so that there is always one answer or none.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from housecall.tenancy.service import may_write
from housecall.tenancy.tables import Connection, Department

NOT_LIVE: Final = "department_not_live"


@dataclass(frozen=True)
class Terms:
    """What counts for a visit: the word of its department where that has one, else its connection's."""

    reminders_min: tuple[int, ...]
    texts_from: str | None
    texts_backup: str | None
    meeting_service: str


def terms_of(connection: Connection, department: Department | None) -> Terms:
    """What counts for the connection's visits in this department, or in none."""
    offsets = None if department is None else department.reminder_offsets_min
    numbers: Connection | Department = connection
    if department is not None and department.texts_from is not None:
        numbers = department
    return Terms(
        in_order(connection.reminder_offsets_min if offsets is None else offsets),
        numbers.texts_from,
        numbers.texts_backup,
        (department.meeting_service if department else None) or connection.meeting_service,
    )


def in_order(offsets_min: Iterable[int]) -> tuple[int, ...]:
    """Reminders, each once, the earliest first."""
    return tuple(sorted(set(offsets_min), reverse=True))


def is_open(connection: Connection, department: Department | None) -> bool:
    """Whether visits in this department, or in none, are held and told of: in a pilot only where it is live."""
    return not connection.is_pilot or (department is not None and department.is_live)


def has_teams(connection: Connection) -> bool:
    """Whether Microsoft Teams is set up here, for a department to choose."""
    return connection.meeting_key_sealed is not None and bool(connection.meeting_options.get("tenant"))


def may_text_from(connection: Connection, department: Department | None) -> str | None:
    """Why no text may leave from the number that counts here, about a visit or not; None if one may."""
    return may_write(connection) or (None if terms_of(connection, department).texts_from else "no_number")


def may_write_in(connection: Connection, department: Department | None) -> str | None:
    """Why nothing may leave about a visit in this department, neither text nor e-mail; None if it may."""
    return may_write(connection) or (None if is_open(connection, department) else NOT_LIVE)


def may_text_in(connection: Connection, department: Department | None) -> str | None:
    """Why no text may leave about a visit in this department; None if one may."""
    return may_write_in(connection, department) or may_text_from(connection, department)


def choose_department(
    departments: Collection[Department], *, clinician: str | None, location: str | None
) -> Department | None:
    """The department of a visit by its clinician, else by its place; None where neither is in one."""
    for one in departments:
        if clinician is not None and clinician in one.practitioners:
            return one
    return next((one for one in departments if location is not None and location in one.locations), None)
