"""A department's form: what was typed and ticked, what it means, and what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData

from housecall.meetings.base import OWN_ROOMS
from housecall.meetings.teams.backend import TEAMS
from housecall.tenancy.departments import DepartmentSettings
from housecall.tenancy.errors import ReminderInvalid
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.timing import read_reminder, say_reminder

SERVICES: Final = {OWN_ROOMS: "Rooms of Housecall’s own", TEAMS: "Microsoft Teams"}

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LONGEST: Final = 4000


@dataclass
class DepartmentForm:
    """Every field as it was typed; ``faults`` by the field's name."""

    name: str = ""
    locations: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    other_locations: str = ""
    other_practitioners: str = ""
    find_locations: str = ""
    find_practitioners: str = ""
    is_search: bool = False
    texts_from: str = ""
    texts_backup: str = ""
    own_reminders: bool = False
    reminders: str = ""
    meeting_service: str = ""
    version: int = 0
    faults: dict[str, str] = field(default_factory=dict)

    def wanted(self, numbers: Sequence[str]) -> DepartmentSettings:
        """What it means; a fault is noted for what means nothing. ``numbers`` are those that can be chosen."""
        for name in ("texts_from", "texts_backup"):
            if getattr(self, name) and getattr(self, name) not in numbers:
                self.faults[name] = "Choose one of the organisation’s numbers."
        return DepartmentSettings(
            name=self.name,
            locations=self._members("Location", self.locations, "other_locations"),
            practitioners=self._members("Practitioner", self.practitioners, "other_practitioners"),
            texts_from=self.texts_from or None,
            texts_backup=self.texts_backup or None,
            reminders_min=self._reminders() if self.own_reminders else None,
            meeting_service=self.meeting_service or None,
        )

    def _members(self, kind: str, ticked: Sequence[str], typed: str) -> tuple[str, ...]:
        others = [one.removeprefix(f"{kind}/") for one in re.split(r"[\s,;]+", getattr(self, typed)) if one]
        wrong = next((one for one in (*ticked, *others) if not _ID.fullmatch(one)), None)
        if wrong is not None:
            self.faults[typed] = (
                f"“{wrong[:40]}” is no id of a FHIR {kind}: letters, digits, hyphens and dots."
            )
        return tuple(dict.fromkeys((*ticked, *others)))

    def _reminders(self) -> tuple[int, ...]:
        try:
            return tuple(read_reminder(one) for one in self.reminders.replace(",", " ").split())
        except ReminderInvalid as fault:
            self.faults["reminders"] = fault.sentence
            return ()


def empty_form(connection: Connection) -> DepartmentForm:
    """A form for a new department: all as the connection has it."""
    return DepartmentForm(reminders=_say(connection.reminder_offsets_min))


def form_of(department: Department, connection: Connection) -> DepartmentForm:
    """The department as it stands."""
    offsets = department.reminder_offsets_min
    return DepartmentForm(
        name=department.name,
        locations=tuple(department.locations),
        practitioners=tuple(department.practitioners),
        texts_from=department.texts_from or "",
        texts_backup=department.texts_backup or "",
        own_reminders=offsets is not None,
        reminders=_say(connection.reminder_offsets_min if offsets is None else offsets),
        meeting_service=department.meeting_service or "",
        version=department.version,
    )


def read_form(given: FormData) -> DepartmentForm:
    """The form as it came."""

    def text(name: str) -> str:
        return str(given.get(name, ""))[:_LONGEST].strip()

    def ticked(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(one)[:100] for one in given.getlist(name)))

    version, act = text("version"), text("act")
    find_locations, find_practitioners = text("find_locations")[:80], text("find_practitioners")[:80]
    return DepartmentForm(
        name=" ".join(text("name").split()),
        locations=ticked("location"),
        practitioners=ticked("practitioner"),
        other_locations=text("other_locations"),
        other_practitioners=text("other_practitioners"),
        find_locations=find_locations,
        find_practitioners=find_practitioners,
        # Return pressed in a field names no act: it looks for names where there are any to look for.
        is_search=act == "find" or (act != "save" and bool(find_locations or find_practitioners)),
        texts_from=text("texts_from"),
        texts_backup=text("texts_backup"),
        own_reminders=bool(text("own_reminders")),
        reminders=text("reminders"),
        meeting_service=text("meeting_service"),
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
    )


# Where a fault of a setting is shown on the form, if not at the field of that name.
FIELD_OF: Final = {"reminders_min": "reminders"}


def differences(theirs: DepartmentSettings, mine: DepartmentSettings) -> Mapping[str, str]:
    """For whoever came second: at each field that differs, what stands now."""
    now, typed = theirs.said(), mine.said()
    return {
        FIELD_OF.get(name, name): f"What stands now is: {now[name] or 'as the connection has it'}"
        for name in now
        if now[name] != typed[name]
    }


def _say(offsets_min: Sequence[int]) -> str:
    return " ".join(say_reminder(one) for one in sorted(set(offsets_min), reverse=True))
