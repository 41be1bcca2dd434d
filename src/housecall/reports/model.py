"""What a report row says, and by which rule."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from housecall.kit.ids import OrgId


@dataclass(frozen=True)
class Window:
    """Which visits: planned to start in [since, until), and where the page before this one stopped.

    ``department`` is its id, ``none`` for the visits in none, or None for all.
    """

    since: datetime
    until: datetime
    most: int
    before: datetime | None = None
    before_id: str | None = None
    department: str | None = None

    def asked(self, org_id: OrgId, environment: str) -> dict[str, Any]:
        """What queries on a window's visits are asked with; ``department`` is not in it."""
        return {
            "org_id": org_id,
            "environment": environment,
            "since": self.since,
            "until": self.until,
            "most": self.most,
            "before": self.before,
            "before_id": self.before_id or "",
        }


class Outcome(StrEnum):
    """How a visit went, decided from what happened and nothing else."""

    upcoming = "upcoming"
    in_lobby = "in_lobby"
    ongoing = "ongoing"
    completed = "completed"
    patient_not_seen = "patient_not_seen"
    patient_absent = "patient_absent"
    clinician_absent = "clinician_absent"
    nobody_came = "nobody_came"
    cancelled = "cancelled"
    consult = "consult"


WORDS: Final = {
    Outcome.upcoming: "Upcoming",
    Outcome.in_lobby: "Patient waiting",
    Outcome.ongoing: "In progress",
    Outcome.completed: "Completed",
    Outcome.patient_not_seen: "Ended before the patient was seen",
    Outcome.patient_absent: "No-show: patient",
    Outcome.clinician_absent: "No-show: clinician",
    Outcome.nobody_came: "No-show: both",
    Outcome.cancelled: "Cancelled",
    Outcome.consult: "Between colleagues",
}


def outcome(*, state: str, began: bool, patient_came: bool, staff_came: bool) -> Outcome:
    """How the visit went.

    Completed means that both sides were present together. A visit that ended without it, or that nobody
    began within its window, is a no-show of the side that did not come; a patient who waited in vain never
    counts as completed.
    """
    if state == "cancelled":
        return Outcome.cancelled
    if state == "in_progress":
        return Outcome.ongoing
    if state in ("scheduled", "open"):
        return Outcome.in_lobby if patient_came else Outcome.upcoming
    if began:
        return Outcome.completed
    return _absence(patient_came=patient_came, staff_came=staff_came)


def _absence(*, patient_came: bool, staff_came: bool) -> Outcome:
    if patient_came and staff_came:
        return Outcome.patient_not_seen
    if patient_came:
        return Outcome.clinician_absent
    return Outcome.patient_absent if staff_came else Outcome.nobody_came


@dataclass(frozen=True)
class VisitRow:
    """One visit in the visit report. Times are UTC; waits and durations whole seconds."""

    visit: str
    appointment: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    lobby_wait_s: int | None
    duration_s: int
    outcome: Outcome
    clinician: str
    location: str
    department: str
    attendees: int
    attendees_peak: int
    texts_sent: int
    # Seconds in the room, of all in that role together, once they have left it.
    interpreter_s: int
    family_s: int
    # Poor where one of its streams was; None where nothing was measured.
    quality: str | None


COLUMNS: Final = (
    "Appointment ID",
    "Planned start (UTC)",
    "Start (UTC)",
    "End (UTC)",
    "Lobby wait (s)",
    "Duration (s)",
    "Status",
    "Clinician (EHR id)",
    "Location (EHR id)",
    "Department",
    "Attendees",
    "Attendees at once",
    "Texts sent",
    "Interpreters (s)",
    "Family (s)",
    "Call quality",
)


def cells(row: VisitRow) -> list[object]:
    """The row in the order of ``COLUMNS``, as CSV shows it."""
    return [
        row.appointment,
        _stamp(row.planned_at),
        _stamp(row.started_at),
        _stamp(row.ended_at),
        row.lobby_wait_s,
        row.duration_s,
        WORDS[row.outcome],
        row.clinician,
        row.location,
        row.department,
        row.attendees,
        row.attendees_peak,
        row.texts_sent,
        row.interpreter_s,
        row.family_s,
        (row.quality or "").capitalize(),
    ]


def _stamp(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""
