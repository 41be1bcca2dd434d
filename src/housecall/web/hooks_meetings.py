"""Where meeting services tell what happens: proven, opened with our key, taken over. Names in it are not kept.

Whatever comes is answered 202, as Graph asks: who forges learns nothing from the answer. Only where we could not look
into a notification at this moment is Graph asked to bring it again.
"""

import hmac
import logging
from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId, hash_token
from housecall.meetings.errors import MeetingUnavailable
from housecall.meetings.teams.backend import TeamsMeetings
from housecall.meetings.teams.notices import LIFECYCLE
from housecall.messaging.errors import SignatureInvalid
from housecall.tenancy.store import get_connection
from housecall.visits.meetings import hear_of_following
from housecall.visits.roster import hear_roster
from housecall.visits.store import get_visit
from housecall.visits.store_meetings import find_meeting_followed
from housecall.visits.tables_meetings import VisitMeeting
from housecall.web.audience import Audience
from housecall.web.house import House, house_of

log = logging.getLogger(__name__)

# A roster of a few people is a few kilobytes; Graph may send several notifications at once.
_LARGEST_BODY: Final = 256 * 1024
_LONGEST_TOKEN: Final = 1024
Item = dict[str, Any]


async def told(request: Request) -> dict[str, Any]:
    """The guard: something of a bearable size; each item proves itself by its secret. Raises SignatureInvalid."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > _LARGEST_BODY:
        raise SignatureInvalid
    if "validationToken" in request.query_params:
        return {}
    try:
        body = await request.json()
    except ValueError:
        raise SignatureInvalid from None
    if not isinstance(body, dict):
        raise SignatureInvalid
    return body


routes = Audience("meeting hooks", guard=told)
Told = Annotated[dict[str, Any], Depends(told)]


@routes.post("/hooks/meetings", status_code=202, include_in_schema=False)
async def meetings(request: Request, body: Told) -> Response:
    """Graph's question whether somebody is here is given back; what it tells is taken over before this answers."""
    token = request.query_params.get("validationToken")
    if token is not None:
        return PlainTextResponse(token[:_LONGEST_TOKEN], headers={"X-Content-Type-Options": "nosniff"})
    house, proofs = house_of(request), body.get("validationTokens")
    items = [item for item in body.get("value") or [] if isinstance(item, dict)]
    taken = [await _take(house, item, proofs if isinstance(proofs, list) else []) for item in items]
    return Response(status_code=202 if all(taken) else 503)


async def _take(house: House, item: Item, proofs: list[str]) -> bool:
    """Whether it was dealt with: taken over, or left out for good."""
    async with house.database.work() as work:
        row = await find_meeting_followed(work, str(item.get("subscriptionId", "")))
    if row is None or not _knows_secret(row, item):
        log.warning("A meeting service's notification was not one that we had asked for.")
        return True
    try:
        if "lifecycleEvent" in item:
            await _take_lifecycle(house, row, str(item["lifecycleEvent"]))
        else:
            await _take_event(house, row, item, proofs)
    except MeetingUnavailable as fault:
        log.warning("A meeting service's notification could not be proven yet.", extra={"code": fault.code})
        return False
    except HousecallError as fault:
        log.warning("A meeting service's notification was left out.", extra={"code": fault.code})
    return True


def _knows_secret(row: VisitMeeting, item: Item) -> bool:
    said = hash_token(str(item.get("clientState", "")))
    return row.following_hash is not None and hmac.compare_digest(said, row.following_hash)


async def _take_event(house: House, row: VisitMeeting, item: Item, proofs: list[str]) -> None:
    org_id = OrgId(row.org_id)
    async with house.database.work() as work:
        visit = await get_visit(work, org_id, row.visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
    service = house.desk.services.of(connection)
    if not isinstance(service, TeamsMeetings):
        return
    # Outside of any unit of work: Microsoft's keys may have to be asked for.
    event = await service.read_notice(item, proofs)
    if event is None:
        return
    async with house.database.work() as work:
        await hear_roster(house.desk, work, org_id, row.visit_id, event)


async def _take_lifecycle(house: House, row: VisitMeeting, event: str) -> None:
    news = LIFECYCLE.get(event)
    if news is None:
        log.warning("A meeting service told something new of a subscription; nothing was changed.")
        return
    async with house.database.work() as work:
        await hear_of_following(house.desk, work, OrgId(row.org_id), row.visit_id, news)
