"""What is left of a call: the attendance report and the call record, in Graph's shapes."""

from datetime import datetime
from typing import Any, Final

from housecall.kit.ids import new_uuid
from housecall.sandbox.house import House
from housecall.sandbox.teams.tenant import TENANT_ID, Caller, Meeting, User

# How a call was, in Graph's own units: durations as ISO 8601, rates as shares of one.
_QUALITY: Final[dict[str, dict[str, Any]]] = {
    "good": {
        "averageJitter": "PT0.006S",
        "maxJitter": "PT0.018S",
        "averageRoundTripTime": "PT0.048S",
        "maxRoundTripTime": "PT0.11S",
        "averagePacketLossRate": 0.002,
        "maxPacketLossRate": 0.01,
        "averageAudioDegradation": 0.1,
        "averageRatioOfConcealedSamples": 0.004,
        "averageVideoFrameRate": 24.0,
        "averageVideoFrameLossPercentage": 1.0,
        "averageFreezeDuration": "PT0.2S",
        "postForwardErrorCorrectionPacketLossRate": 0.001,
        "averageBandwidthEstimate": 1800000,
    },
    "poor": {
        "averageJitter": "PT0.055S",
        "maxJitter": "PT0.2S",
        "averageRoundTripTime": "PT0.64S",
        "maxRoundTripTime": "PT1.4S",
        "averagePacketLossRate": 0.14,
        "maxPacketLossRate": 0.4,
        "averageAudioDegradation": 1.6,
        "averageRatioOfConcealedSamples": 0.11,
        "averageVideoFrameRate": 5.0,
        "averageVideoFrameLossPercentage": 61.0,
        "averageFreezeDuration": "PT4.5S",
        "postForwardErrorCorrectionPacketLossRate": 0.2,
        "averageBandwidthEstimate": 180000,
    },
}
_AUDIO: Final = (
    "averageJitter",
    "maxJitter",
    "averageRoundTripTime",
    "maxRoundTripTime",
    "averagePacketLossRate",
    "maxPacketLossRate",
    "averageAudioDegradation",
    "averageRatioOfConcealedSamples",
    "averageBandwidthEstimate",
)
_VIDEO: Final = (
    "averageJitter",
    "averageRoundTripTime",
    "averagePacketLossRate",
    "averageVideoFrameRate",
    "averageVideoFrameLossPercentage",
    "averageFreezeDuration",
    "postForwardErrorCorrectionPacketLossRate",
    "averageBandwidthEstimate",
)


def attendance_report(meeting: Meeting, began: datetime, ended: datetime) -> dict[str, Any]:
    """Who was in the call, and when; nothing of the lobby is in it."""
    came = [caller for caller in meeting.callers.values() if caller.stays]
    return {
        "id": str(new_uuid()),
        "totalParticipantCount": len(came),
        "meetingStartDateTime": began.isoformat(),
        "meetingEndDateTime": ended.isoformat(),
        "attendanceRecords": [_attended(caller, meeting, ended) for caller in came],
    }


def _attended(caller: Caller, meeting: Meeting, ended: datetime) -> dict[str, Any]:
    stays = [
        {
            "joinDateTime": stay.joined.isoformat(),
            "leaveDateTime": (stay.left or ended).isoformat(),
            "durationInSeconds": round(((stay.left or ended) - stay.joined).total_seconds()),
        }
        for stay in caller.stays
    ]
    staff = "Organizer" if caller.user_id == meeting.organiser else "Presenter"
    role = staff if caller.user_id else "Attendee"
    return {
        "id": caller.user_id or caller.id,
        "emailAddress": None,
        "identity": {"id": caller.user_id, "displayName": caller.name, "tenantId": None},
        "role": role,
        "totalAttendanceInSeconds": sum(stay["durationInSeconds"] for stay in stays),
        "attendanceIntervals": stays,
    }


def call_record(house: House, meeting: Meeting, began: datetime, ended: datetime) -> dict[str, Any]:
    """One session for each person, with audio and video of their own."""
    came = [caller for caller in meeting.callers.values() if caller.stays]
    organiser = house.teams.users.get(meeting.organiser)
    return {
        "id": str(new_uuid()),
        "version": 1,
        "type": "groupCall",
        "modalities": ["audio", "video"],
        "startDateTime": began.isoformat(),
        "endDateTime": ended.isoformat(),
        "joinWebUrl": meeting.fields["joinWebUrl"],
        "organizer_v2": {"id": meeting.organiser, "identity": _identity(meeting.organiser, organiser)},
        "participants_v2": [{"id": caller.user_id or caller.id} for caller in came],
        "sessions": [_session(house, caller, ended) for caller in came],
    }


def _identity(user_id: str, user: User | None) -> dict[str, Any]:
    return {"user": {"id": user_id, "displayName": user.name if user else None}}


def _endpoint(house: House, caller: Caller) -> dict[str, Any]:
    """Who it was: a colleague in the newer way, which has their sign-in name, a guest in the older one."""
    if caller.user_id is None:
        return {"identity": {"guest": {"id": caller.id, "displayName": caller.name}}}
    user = house.teams.users[caller.user_id]
    return {
        "associatedIdentity": {
            "@odata.type": "#microsoft.graph.callRecords.userIdentity",
            "id": user.id,
            "displayName": user.name,
            "tenantId": TENANT_ID,
            "userPrincipalName": user.mail,
        }
    }


def _session(house: House, caller: Caller, ended: datetime) -> dict[str, Any]:
    start, end = caller.stays[0].joined.isoformat(), (caller.stays[-1].left or ended).isoformat()
    agent = {
        "@odata.type": "#microsoft.graph.callRecords.clientUserAgent",
        "platform": "web",
        "productFamily": "teams",
    }
    feedback: dict[str, Any] = {"rating": "notRated", "text": None, "tokens": {}}
    measured = _QUALITY[house.teams.switches.quality]
    media = [
        _media("main-audio", {name: measured[name] for name in _AUDIO}),
        _media("main-video", {name: measured[name] for name in _VIDEO}),
    ]
    return {
        "id": str(new_uuid()),
        "modalities": ["audio", "video"],
        "startDateTime": start,
        "endDateTime": end,
        "caller": {**_endpoint(house, caller), "userAgent": agent, "feedback": feedback},
        "callee": {"userAgent": {"role": "mediaServer"}},
        "failureInfo": None,
        "segments": [{"id": str(new_uuid()), "startDateTime": start, "endDateTime": end, "media": media}],
    }


def _media(label: str, measured: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "streams": [{"streamDirection": "callerToCallee", **measured}]}
