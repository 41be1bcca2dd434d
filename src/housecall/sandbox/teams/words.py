"""What Graph takes: the fields of each body with their types, and the enumerations.

Named as in Graph's published v1.0 metadata; what is not here is refused, as Graph refuses it.
"""

from datetime import datetime
from typing import Any, Final

from housecall.sandbox.teams.errors import GraphRefused

LOBBY_SCOPES: Final = (
    "organizer",
    "organization",
    "organizationAndFederated",
    "everyone",
    "invited",
    "organizationExcludingGuests",
)
PRESENTERS: Final = ("everyone", "organization", "roleIsPresenter", "organizer")
ADMITTERS: Final = ("organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers")
CHAT: Final = ("enabled", "disabled", "limited")
ROLES: Final = ("attendee", "presenter", "producer", "coorganizer")
CHANGE_TYPES: Final = ("created", "updated", "deleted")

_LOBBY: Final = {"scope": LOBBY_SCOPES, "isDialInBypassEnabled": bool}
_PARTICIPANT: Final = {"identity": dict, "upn": str, "role": ROLES}
_PARTICIPANTS: Final = {"organizer": _PARTICIPANT, "attendees": [_PARTICIPANT]}

CREATE_OR_GET: Final = {
    "externalId": str,
    "chatInfo": dict,
    "startDateTime": datetime,
    "endDateTime": datetime,
    "subject": str,
    "participants": _PARTICIPANTS,
}
ONLINE_MEETING: Final = {
    "startDateTime": datetime,
    "endDateTime": datetime,
    "subject": str,
    "participants": _PARTICIPANTS,
    "lobbyBypassSettings": _LOBBY,
    "allowedPresenters": PRESENTERS,
    "allowedLobbyAdmitters": ADMITTERS,
    "allowMeetingChat": CHAT,
    "allowRecording": bool,
    "allowTranscription": bool,
    "recordAutomatically": bool,
    "isEntryExitAnnounced": bool,
    "joinMeetingIdSettings": {"isPasscodeRequired": bool},
    "allowAttendeeToEnableCamera": bool,
    "allowAttendeeToEnableMic": bool,
    "allowBreakoutRooms": bool,
    "allowWhiteboard": bool,
    "watermarkProtection": dict,
    "meetingTemplateId": str,
}
SUBSCRIPTION: Final = {
    "changeType": str,
    "notificationUrl": str,
    "lifecycleNotificationUrl": str,
    "resource": str,
    "expirationDateTime": datetime,
    "clientState": str,
    "includeResourceData": bool,
    "encryptionCertificate": str,
    "encryptionCertificateId": str,
    "latestSupportedTlsVersion": str,
}
RENEWAL: Final = {"expirationDateTime": datetime}

Shape = Any


def check(form: dict[str, Any], shape: dict[str, Shape], *, of: str) -> None:
    """Every field is one that Graph knows, with a value it takes; raises GraphRefused naming the first that is not."""
    for name, value in form.items():
        if name.startswith("@odata."):
            continue
        if name not in shape:
            raise GraphRefused(
                400, "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.{of}'."
            )
        _check_value(name, value, shape[name])


def _check_value(name: str, value: Any, shape: Shape) -> None:
    match shape:
        case tuple():
            _demand(value in shape, name)
        case dict():
            _demand(isinstance(value, dict), name)
            check(value, shape, of=name)
        case list():
            _demand(isinstance(value, list), name)
            for each in value:
                _check_value(name, each, shape[0])
        case _ if shape is datetime:
            read_time(name, value)
        case _:
            _demand(isinstance(value, shape), name)


def _demand(is_good: bool, name: str) -> None:
    if not is_good:
        raise GraphRefused(400, "BadRequest", f"Invalid value specified for property '{name}'.")


def read_time(name: str, value: Any) -> datetime:
    """An Edm.DateTimeOffset: a time with its offset; raises GraphRefused."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GraphRefused(400, "BadRequest", f"Invalid value specified for property '{name}'.")
    return moment
