"""What we say to Graph, in its own field names and words. A test compares all of it with its metadata."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from housecall.meetings.base import MadeMeeting, MeetingPlan

Json = dict[str, Any]
# The same for every visit: neither the patient nor the reason for the visit is in it.
SUBJECT: Final = "Video visit"
CALL_EVENTS: Final = "/communications/onlineMeetings(joinWebUrl='{url}')/meetingCallEvents"


def create_or_get(plan: MeetingPlan) -> Json:
    """A meeting made once. No attendees: whoever comes has the link."""
    return {
        "externalId": plan.external_id,
        "subject": SUBJECT,
        "startDateTime": stamp(plan.start),
        "endDateTime": stamp(plan.end),
    }


def settings(plan: MeetingPlan) -> Json:
    """How the meeting is run. Everybody but staff waits in the lobby, and only staff present."""
    return {
        "startDateTime": stamp(plan.start),
        "endDateTime": stamp(plan.end),
        "lobbyBypassSettings": {"scope": "organizationExcludingGuests", "isDialInBypassEnabled": False},
        "allowedPresenters": "organization",
        "allowMeetingChat": plan.chat.value,
        "allowRecording": plan.may_record,
        "allowTranscription": plan.may_record,
        "recordAutomatically": False,
        "isEntryExitAnnounced": False,
    }


def call_events(
    made: MadeMeeting, *, hook: str, secret: str, until: datetime, certificate: str, name: str
) -> Json:
    """A subscription to who is in the meeting; what it tells is encrypted for our certificate."""
    return {
        "changeType": "updated",
        "notificationUrl": hook,
        "lifecycleNotificationUrl": hook,
        "resource": CALL_EVENTS.format(url=quote(made.staff_url, safe="")),
        "expirationDateTime": stamp(until),
        "clientState": secret,
        "includeResourceData": True,
        "encryptionCertificate": certificate,
        "encryptionCertificateId": name,
    }


def renewal(until: datetime) -> Json:
    """The subscription lasts until then."""
    return {"expirationDateTime": stamp(until)}


def person_by_mail(email: str) -> Json:
    """A user asked for by their address, as a batch: so that the address is in no URL."""
    wanted = quote(email.replace("'", "''"), safe="'@.")
    url = f"/users?$filter=mail eq '{wanted}'&$select=id"
    return {"requests": [{"id": "1", "method": "GET", "url": url}]}


def stamp(at: datetime) -> str:
    """An Edm.DateTimeOffset in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
