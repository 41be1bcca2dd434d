"""When it is the waiting patient's turn: how many are before them, and how late their clinician's day runs.

Read by the page that waits, every half minute: a place in line that was sent along with each change would have to be
sent to everybody behind it, and would be stale whenever one message was lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.visits import store_turn
from housecall.visits.desk import Desk
from housecall.visits.lobby import look_at
from housecall.visits.model import GUESTS, ParticipantState, VisitState
from housecall.visits.store_turn import Other
from housecall.visits.tables import Participant, Visit
from housecall.visits.worklist import day_of

# Three visits say how the day runs now; the morning's delay says little in the afternoon.
_NEWEST: Final = 3
# A time is said in steps of five minutes: nobody can promise the minute.
_STEP_S: Final = 300
# Earlier than this after the time that was planned, nobody thinks of a delay.
_PATIENCE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Turn:
    """Where a waiting patient stands: how many are seen or called before them, and about when they may be."""

    ahead: int
    # None where nothing of the day says so, or what it says has passed.
    about: datetime | None
    is_late: bool
    # The zone that the patient's times are said in.
    zone: str


async def read_turn(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> Turn | None:
    """The turn of the patient on the seat; None unless they wait for one clinician. Raises SeatUnknown."""
    scene, seat = await look_at(work, org_id, seat_id)
    visit, connection, person = scene.visit, scene.connection, scene.on_seat(seat_id)
    if person is None or person.role in GUESTS or person.state != ParticipantState.waiting:
        return None
    if visit.holder is None:
        # Whoever is free takes the next: there is no line that we could count.
        return None
    now = desk.clock.now()
    others = await store_turn.list_others(work, org_id, visit, *day_of(connection, now))
    about = _about(visit, others)
    return Turn(
        ahead=sum(_is_ahead(one, visit, person) for one in others),
        about=about if about is not None and about > now else None,
        is_late=now >= visit.starts_at + _PATIENCE,
        zone=seat.time_zone or connection.time_zone,
    )


def _is_ahead(other: Other, visit: Visit, person: Participant) -> bool:
    if other.state == VisitState.in_progress:
        return True
    if other.state != VisitState.open or other.waiting_since is None or person.waiting_since is None:
        return False
    return (other.starts_at, other.waiting_since) < (visit.starts_at, person.waiting_since)


def _about(visit: Visit, others: list[Other]) -> datetime | None:
    """The planned time, put off by what the clinician's newest visits of the day were."""
    begun = sorted((one.began_at, one.starts_at) for one in others if one.began_at is not None)[-_NEWEST:]
    if not begun:
        return None
    delay_s = median((began - planned).total_seconds() for began, planned in begun)
    about = visit.starts_at.timestamp() + max(0.0, delay_s)
    return datetime.fromtimestamp(-(-about // _STEP_S) * _STEP_S, visit.starts_at.tzinfo)
