"""The reports' queries: one round to the database each, whatever the number of visits."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.reports.model import Window

# The page's visits are chosen first, through the index on (organisation, start); only they are counted for.
_VISITS: Final = """
    WITH page AS (
        SELECT visit.* FROM visit JOIN connection ON connection.id = visit.connection_id
        WHERE visit.org_id = :org_id AND connection.environment = :environment
          AND visit.starts_at >= :since AND visit.starts_at < :until
          AND (CAST(:before AS timestamptz) IS NULL OR (visit.starts_at, visit.id) < (:before, :before_id))
          {whose}
        ORDER BY visit.starts_at DESC, visit.id DESC
        LIMIT :most
    )
    SELECT page.id, page.appointment_ref, page.state, page.starts_at, page.began_at, page.ended_at,
           page.lobby_wait_s, coalesce(page.handed_to, page.clinician_ref) AS clinician_ref, page.location_ref,
           department.name AS department,
           page.attendees_total, page.attendees_peak,
           people.patient_came, people.staff_came, people.waited_in_vain_s,
           people.interpreter_s, people.family_s, texts.sent, streams.quality
    FROM page
    LEFT JOIN department ON department.id = page.department_id
    LEFT JOIN LATERAL (
        SELECT bool_or(role = 'patient' AND first_waiting_at IS NOT NULL) AS patient_came,
               bool_or(role = 'clinician' AND first_connected_at IS NOT NULL) AS staff_came,
               max(extract(epoch FROM left_at - first_waiting_at)) FILTER (
                   WHERE role = 'patient' AND state = 'left' AND admitted_at IS NULL
               ) AS waited_in_vain_s,
               coalesce(sum(room_s) FILTER (WHERE role = 'interpreter'), 0) AS interpreter_s,
               coalesce(sum(room_s) FILTER (WHERE role = 'family'), 0) AS family_s
        FROM participant WHERE participant.visit_id = page.id
    ) people ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS sent FROM message
        WHERE message.org_id = page.org_id AND message.subject_ref = page.id
          AND message.state IN ('accepted', 'delivered')
    ) texts ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_or(verdict = 'poor') THEN 'poor' WHEN bool_or(verdict = 'good') THEN 'good'
               END AS quality
        FROM stream_measure WHERE stream_measure.visit_id = page.id AND stream_measure.org_id = page.org_id
    ) streams ON true
    ORDER BY page.starts_at DESC, page.id DESC
"""

# Said only where it is asked for, so that one department's visits are found through an index of their own.
_WHOSE: Final = {
    None: "",
    "none": "AND visit.department_id IS NULL",
    "one": "AND visit.department_id = :department",
}

_ENVIRONMENTS: Final = "SELECT DISTINCT environment FROM connection WHERE org_id = :org_id"


async def list_visit_facts(work: Work, org_id: OrgId, environment: str, window: Window) -> Sequence[Any]:
    """The visits of the window, latest planned start first, with who came and how many texts left."""
    whose = _WHOSE[window.department if window.department in (None, "none") else "one"]
    found = await work.session.execute(
        text(_VISITS.format(whose=whose)),
        {
            **window.asked(org_id, environment),
            **({"department": window.department} if ":department" in whose else {}),
        },
    )
    return found.all()


async def list_environments(work: Work, org_id: OrgId) -> set[str]:
    """Which environments the organisation has connections in."""
    return set((await work.session.scalars(text(_ENVIRONMENTS), {"org_id": org_id})).all())
