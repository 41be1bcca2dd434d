"""The ways into a meeting that is held elsewhere: kept sealed, opened for whoever may go there."""

import json
from dataclasses import asdict

from housecall.meetings.base import MadeMeeting
from housecall.meetings.errors import MeetingNotReady
from housecall.visits.desk import Desk
from housecall.visits.tables_meetings import VisitMeeting


def seal_ways(desk: Desk, row: VisitMeeting, made: MadeMeeting) -> bytes:
    """The meeting and its ways, for this visit only."""
    return desk.sealer.seal(json.dumps(asdict(made)), purpose=f"meeting:{row.visit_id}")


def ways_of(desk: Desk, row: VisitMeeting) -> MadeMeeting | None:
    """The meeting and the ways into it; None while there is none."""
    if row.ways_sealed is None:
        return None
    return MadeMeeting(**json.loads(desk.sealer.open(row.ways_sealed, purpose=f"meeting:{row.visit_id}")))


def get_ways(desk: Desk, row: VisitMeeting | None) -> MadeMeeting:
    """The same; raises MeetingNotReady while there is none."""
    made = ways_of(desk, row) if row is not None else None
    if made is None:
        raise MeetingNotReady
    return made
