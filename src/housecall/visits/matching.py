"""What a connection's rules take for a video visit, tried on the schedule of today as the EHR has it now.

Nothing is stored and no patient is told of: times, opaque ids, service types and the rule that holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus, LocationRef, PractitionerRef
from housecall.ehr.readers import zone_of
from housecall.ehr.virtual import DEFAULT_RULES, rule_that_holds
from housecall.kit.ids import OrgId
from housecall.tenancy.connections import check_rules
from housecall.tenancy.store import get_connection
from housecall.visits.desk import Desk


@dataclass(frozen=True)
class Tried:
    """One appointment of the day, and the rule by which it is a video visit; None if it is none."""

    starts_at: datetime | None
    appointment_ref: AppointmentRef
    location_ref: LocationRef | None
    service_type: str = field(repr=False)
    """As the EHR words it, empty if it does not say."""
    status: AppointmentStatus
    rule: str | None


@dataclass(frozen=True)
class Trial:
    """The day, the rules that were tried, and every appointment of the day, earliest first."""

    day: date
    rules: tuple[str, ...]
    rows: tuple[Tried, ...]
    unreadable: int
    """How many records or stretches of the schedule the EHR gave in a form nobody can read."""

    @property
    def matched(self) -> int:
        """How many of the day's appointments are video visits by these rules."""
        return sum(row.rule is not None for row in self.rows)

    def matched_by(self, rule: str) -> int:
        """How many are video visits because of this rule, the ones before it left out."""
        return sum(row.rule == rule for row in self.rows)


async def try_rules(
    desk: Desk,
    database: Database,
    org_id: OrgId,
    connection_id: str,
    *,
    by: By,
    rules: Sequence[str] | None = None,
) -> Trial:
    """What ``rules``, or the connection's own if there are none given, match today at the clinic.

    Nothing is changed, so rules can be tried before they are kept. Raises RuleUnknown, ConnectionUnknown or an
    EhrError.
    """
    async with database.work() as work:
        connection = await get_connection(work, org_id, connection_id)
    wanted = tuple(connection.virtual_rules if rules is None else rules)
    check_rules(wanted)
    now = desk.clock.now()
    today = now.astimezone(zone_of(connection.time_zone)).date()
    start, end = _bounds(today, connection.time_zone)
    page = await desk.ehr.client(connection).list_appointments(
        practitioners=[PractitionerRef(one) for one in connection.practitioners],
        locations=[LocationRef(one) for one in connection.locations],
        start=start,
        end=end,
    )
    rows = tuple(_tried(appointment, wanted) for appointment in page.appointments)
    trial = Trial(today, wanted or DEFAULT_RULES, rows, len(page.faults))
    async with database.work() as work:
        await record(
            work, org_id, Act.rules_tried, by=by, subject=connection_id, at=now,
            appointments=len(rows), matched=trial.matched,
        )  # fmt: skip
    return trial


def _bounds(today: date, zone: str) -> tuple[datetime, datetime]:
    # Midnight to midnight on the clinic's wall, 23 or 25 hours where the clocks change.
    start = datetime(today.year, today.month, today.day, tzinfo=zone_of(zone))
    following = today + timedelta(days=1)
    return start, datetime(following.year, following.month, following.day, tzinfo=zone_of(zone))


def _tried(appointment: Appointment, rules: Sequence[str]) -> Tried:
    return Tried(
        starts_at=appointment.start,
        appointment_ref=appointment.ref,
        location_ref=next(iter(appointment.locations), None),
        service_type=next(iter(appointment.traits.services), ""),
        status=appointment.status,
        rule=rule_that_holds(appointment.traits, rules),
    )
