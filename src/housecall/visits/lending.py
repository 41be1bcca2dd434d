"""The relay, lent to a patient's page to try whether a call would get through."""

from typing import Any

from housecall.db.work import Work
from housecall.kit.ids import OrgId, short_id
from housecall.visits.desk import Desk
from housecall.visits.lobby import look_at
from housecall.visits.seats import DEAD


async def relay_to_try(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> list[dict[str, Any]]:
    """The relay in the form RTCPeerConnection takes, for nobody named; none where no call of ours would use it.

    Raises SeatUnknown.
    """
    scene, seat = await look_at(work, org_id, seat_id)
    if scene.is_elsewhere or scene.word(seat, desk.clock.now()) in DEAD:
        return []
    # A name of its own each time: what is tried here has nothing to do with who is in the call later.
    details = await desk.meetings.join_details(short_id("t"))
    return details.ice_servers if details.relay_only else []
