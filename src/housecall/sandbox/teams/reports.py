"""Attendance reports and call records as they are asked for."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.sandbox.house import House
from housecall.sandbox.teams import words
from housecall.sandbox.teams.door import graph
from housecall.sandbox.teams.errors import GraphRefused
from housecall.sandbox.teams.meetings import meeting_named

_KEPT: Final = timedelta(days=30)
_FROM: Final = re.compile(r"startDateTime ge (\S+) and startDateTime lt (\S+)")
_EXPAND: Final = "sessions($expand=segments)"


@graph("OnlineMeetingArtifact.Read.All")
async def list_reports(house: House, request: Request) -> Response:
    """One for each time that the meeting was held; without the people in it."""
    meeting = meeting_named(house, request, "Get")
    reports = house.teams.reports.get(meeting.id, [])
    return JSONResponse({"value": [{**each, "attendanceRecords": []} for each in reports]})


@graph("OnlineMeetingArtifact.Read.All")
async def show_report(house: House, request: Request) -> Response:
    """One report; its people only with ``$expand=attendanceRecords``."""
    meeting = meeting_named(house, request, "Get")
    for each in house.teams.reports.get(meeting.id, []):
        if each["id"] == request.path_params["report_id"]:
            is_whole = request.query_params.get("$expand") == "attendanceRecords"
            return JSONResponse(each if is_whole else {**each, "attendanceRecords": []})
    raise GraphRefused(404, "NotFound", "The report does not exist.")


def _kept(house: House) -> list[dict[str, Any]]:
    now, switches = house.clock.now(), house.teams.switches
    after = timedelta(seconds=switches.record_after_s)
    ended = ((each, datetime.fromisoformat(each["endDateTime"])) for each in house.teams.records.values())
    return [each for each, at in ended if at + after <= now < at + _KEPT]


@graph("CallRecords.Read.All")
async def list_records(house: House, request: Request) -> Response:
    """The call records that began within the filter's time; none has its sessions here."""
    match = _FROM.fullmatch(request.query_params.get("$filter", ""))
    if match is None:
        raise GraphRefused(400, "BadRequest", "The filter is not supported.")
    since, until = (words.read_time("startDateTime", each) for each in match.groups())
    found = [each for each in _kept(house) if since <= datetime.fromisoformat(each["startDateTime"]) < until]
    return JSONResponse({"value": [{k: v for k, v in each.items() if k != "sessions"} for each in found]})


@graph("CallRecords.Read.All")
async def show_record(house: House, request: Request) -> Response:
    """One call record, for thirty days."""
    for each in _kept(house):
        if each["id"] == request.path_params["record_id"]:
            is_whole = request.query_params.get("$expand") == _EXPAND
            return JSONResponse(each if is_whole else {k: v for k, v in each.items() if k != "sessions"})
    raise GraphRefused(404, "NotFound", "Call record not found.")


_MEETING: Final = "/graph/v1.0/users/{user_id}/onlineMeetings/{meeting_id}"
ROUTES = [
    Route(f"{_MEETING}/attendanceReports", list_reports),
    Route(f"{_MEETING}/attendanceReports/{{report_id}}", show_report),
    Route("/graph/v1.0/communications/callRecords", list_records),
    Route("/graph/v1.0/communications/callRecords/{record_id}", show_record),
]
