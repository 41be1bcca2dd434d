"""Asking the reports: rows for a page, rows for a file; every reading is in the audit log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.reports import store
from housecall.reports.model import Outcome, VisitRow, Window, outcome
from housecall.tenancy.store import list_connections
from housecall.tenancy.store_departments import list_departments
from housecall.visits.model import is_consult

ROWS_A_PAGE: Final = 200
ROWS_A_FILE: Final = 50_000


def window_back(
    now: datetime,
    days: int,
    most: int,
    before: datetime | None = None,
    before_id: str | None = None,
    department: str | None = None,
) -> Window:
    """So many days back, and a day ahead: visits still to come are part of the picture, or over early."""
    return Window(now - timedelta(days=days), now + timedelta(days=1), most, before, before_id, department)


async def read_visits(
    work: Work,
    org_id: OrgId,
    *,
    environment: str,
    window: Window,
    by: By,
    now: datetime,
    exported: bool = False,
) -> list[VisitRow]:
    """The visit report: one row a visit, those that nobody joined included, the latest first."""
    facts = await store.list_visit_facts(work, org_id, environment, window)
    act = Act.report_exported if exported else Act.report_read
    await record(work, org_id, act, by=by, subject="visits", at=now, rows=len(facts), environment=environment)
    return [_row(fact) for fact in facts]


async def choose_environment(work: Work, org_id: OrgId, wanted: str | None) -> tuple[str, Sequence[str]]:
    """The environment to report on, and those to choose from; production unless there is only a test."""
    there = sorted(await store.list_environments(work, org_id)) or ["production"]
    if wanted in there:
        return wanted, there
    return ("production" if "production" in there else there[0]), there


async def list_departments_of(work: Work, org_id: OrgId, environment: str) -> list[tuple[str, str]]:
    """Id and name of each department that visits of the environment may be in, archived ones after the others."""
    connections = {one.id for one in await list_connections(work, org_id) if one.environment == environment}
    there = [
        one for one in await list_departments(work, org_id, archived=True) if one.connection_id in connections
    ]
    there.sort(key=lambda one: one.archived_at is not None)
    return [(one.id, f"{one.name} (archived)" if one.archived_at else one.name) for one in there]


def _row(fact: Any) -> VisitRow:
    began, ended = fact.began_at, fact.ended_at
    return VisitRow(
        visit=fact.id,
        appointment=fact.appointment_ref,
        planned_at=fact.starts_at,
        started_at=began,
        ended_at=ended,
        lobby_wait_s=_wait_s(fact),
        duration_s=max(0, round((ended - began).total_seconds())) if began and ended else 0,
        outcome=_outcome(fact),
        clinician=fact.clinician_ref or "",
        location=fact.location_ref or "",
        department=fact.department or "",
        attendees=fact.attendees_total,
        attendees_peak=fact.attendees_peak,
        texts_sent=fact.sent,
        interpreter_s=fact.interpreter_s,
        family_s=fact.family_s,
        quality=fact.quality,
    )


def _outcome(fact: Any) -> Outcome:
    if is_consult(fact.appointment_ref):
        # Nobody's visit: neither held nor missed by a patient.
        return Outcome.consult
    return outcome(
        state=fact.state,
        began=fact.began_at is not None,
        patient_came=bool(fact.patient_came),
        staff_came=bool(fact.staff_came),
    )


def _wait_s(fact: Any) -> int | None:
    """From first entering the lobby to being admitted; who never was has waited until they left."""
    wait: int | None = fact.lobby_wait_s
    in_vain: float | None = fact.waited_in_vain_s
    return round(in_vain) if wait is None and in_vain is not None else wait
