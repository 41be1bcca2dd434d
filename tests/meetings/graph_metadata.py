"""Microsoft Graph as its published metadata has it: calls, fields, enumerations. Typed in here apart from what we send.

A shape is a dict of fields, a list of one shape, a set of words, or the name of a primitive.
"""

from dataclasses import dataclass, field
from typing import Any, Final

TIME: Final = "Edm.DateTimeOffset"
TEXT: Final = "Edm.String"
BOOL: Final = "Edm.Boolean"
EDM_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"

LOBBY_SCOPES: Final = {
    "organizer", "organization", "organizationAndFederated", "everyone", "invited", "organizationExcludingGuests",
}  # fmt: skip
PRESENTERS: Final = {"everyone", "organization", "roleIsPresenter", "organizer"}
ADMITTERS: Final = {"organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers"}
CHAT: Final = {"enabled", "disabled", "limited"}
ROLES: Final = {"attendee", "presenter", "producer", "coorganizer"}
CHANGE_TYPES: Final = {"created", "updated", "deleted"}

PARTICIPANT: Final = {"identity": {}, "upn": TEXT, "role": ROLES}
PARTICIPANTS: Final = {"organizer": PARTICIPANT, "attendees": [PARTICIPANT]}
CREATE_OR_GET: Final = {
    "externalId": TEXT, "chatInfo": {}, "startDateTime": TIME, "endDateTime": TIME, "subject": TEXT,
    "participants": PARTICIPANTS,
}  # fmt: skip
ONLINE_MEETING: Final = {
    "startDateTime": TIME, "endDateTime": TIME, "subject": TEXT, "participants": PARTICIPANTS,
    "lobbyBypassSettings": {"scope": LOBBY_SCOPES, "isDialInBypassEnabled": BOOL},
    "allowedPresenters": PRESENTERS, "allowedLobbyAdmitters": ADMITTERS, "allowMeetingChat": CHAT,
    "allowRecording": BOOL, "allowTranscription": BOOL, "recordAutomatically": BOOL, "isEntryExitAnnounced": BOOL,
    "joinMeetingIdSettings": {"isPasscodeRequired": BOOL}, "allowAttendeeToEnableCamera": BOOL,
    "allowAttendeeToEnableMic": BOOL, "allowBreakoutRooms": BOOL, "allowWhiteboard": BOOL,
    "watermarkProtection": {}, "meetingTemplateId": TEXT,
}  # fmt: skip
SUBSCRIPTION: Final = {
    "changeType": CHANGE_TYPES, "notificationUrl": TEXT, "lifecycleNotificationUrl": TEXT, "resource": TEXT,
    "expirationDateTime": TIME, "clientState": TEXT, "includeResourceData": BOOL, "encryptionCertificate": TEXT,
    "encryptionCertificateId": TEXT, "latestSupportedTlsVersion": TEXT,
}  # fmt: skip
RENEWAL: Final = {"expirationDateTime": TIME}
METHODS: Final = {"GET", "POST", "PATCH", "PUT", "DELETE"}
BATCH: Final = {"requests": [{"id": TEXT, "method": METHODS, "url": TEXT, "headers": {}, "body": {}}]}


@dataclass(frozen=True)
class Call:
    """One call we may make: method, version and path, what its body may hold, and what it must."""

    path: str
    body: dict[str, Any] | None = None
    needs: frozenset[str] = field(default_factory=frozenset)


_MEETING: Final = r"/v1.0/users/[^/]+/onlineMeetings/[^/]+"
CALLS: Final = (
    Call(r"POST /v1.0/users/[^/]+/onlineMeetings/createOrGet", CREATE_OR_GET, frozenset({"externalId"})),
    # Times of a meeting are changed together or not at all.
    Call(rf"PATCH {_MEETING}", ONLINE_MEETING, frozenset({"startDateTime", "endDateTime"})),
    Call(rf"DELETE {_MEETING}"),
    Call(rf"GET {_MEETING}/getVirtualAppointmentJoinWebUrl"),
    Call(rf"GET {_MEETING}/attendanceReports"),
    Call(rf"GET {_MEETING}/attendanceReports/[^/]+\?\$expand=attendanceRecords"),
    Call(
        rf"GET /v1.0/communications/callRecords\?\$filter=startDateTime ge {EDM_TIME} and startDateTime lt {EDM_TIME}"
    ),
    Call(r"GET /v1.0/communications/callRecords/[^/]+\?\$expand=sessions\(\$expand=segments\)"),
    Call(r"GET /v1.0/users/[^/]+/licenseDetails"),
    Call(r"POST /v1.0/\$batch", BATCH, frozenset({"requests"})),
    Call(
        r"POST /beta/subscriptions",
        SUBSCRIPTION,
        frozenset({"changeType", "notificationUrl", "resource", "expirationDateTime"}),
    ),
    Call(r"PATCH /beta/subscriptions/[^/]+", RENEWAL, frozenset({"expirationDateTime"})),
    Call(r"DELETE /beta/subscriptions/[^/]+"),
)
IN_A_BATCH: Final = r"GET /users\?\$filter=mail eq '[^']+'&\$select=id"
RESOURCES: Final = r"/communications/onlineMeetings\(joinWebUrl='[A-Za-z0-9%._~-]+'\)/meetingCallEvents"

# What answers and notifications hold: whatever we read must be one of these.
READ: Final = {
    "joinWebUrl", "chatInfo", "expirationDateTime",
    # attendance
    "totalParticipantCount", "meetingStartDateTime", "meetingEndDateTime", "attendanceRecords", "emailAddress",
    "totalAttendanceInSeconds", "attendanceIntervals", "joinDateTime", "leaveDateTime", "durationInSeconds",
    # call records
    "startDateTime", "endDateTime", "failureInfo", "associatedIdentity", "userPrincipalName", "productFamily",
    "averageJitter", "maxJitter", "averageRoundTripTime", "maxRoundTripTime", "averagePacketLossRate",
    "maxPacketLossRate", "averageAudioDegradation", "averageRatioOfConcealedSamples", "averageVideoFrameRate",
    "averageVideoFrameLossPercentage", "averageFreezeDuration", "postForwardErrorCorrectionPacketLossRate",
    "averageBandwidthEstimate",
    # licences
    "servicePlans", "servicePlanName", "provisioningStatus", "skuPartNumber",
    # notifications
    "subscriptionId", "clientState", "lifecycleEvent", "validationTokens", "encryptedContent", "dataKey",
    "dataSignature", "encryptionCertificateId", "encryptionCertificateThumbprint", "resourceData", "eventType",
    "eventDateTime", "participants@delta", "isInLobby", "isMuted", "mediaStreams", "removedState",
    "callStarted", "callEnded", "rosterUpdated", "reauthorizationRequired", "subscriptionRemoved", "validationToken",
}  # fmt: skip

# Teams' administrators' commands with the parameters they take, and the clouds they know.
CMDLETS: Final = {
    "Connect-MicrosoftTeams": {"TeamsEnvironmentName", "TenantId", "AccountId"},
    "New-CsApplicationAccessPolicy": {"Identity", "AppIds", "Description"},
    "Grant-CsApplicationAccessPolicy": {"PolicyName", "Identity", "Global", "Group", "Rank"},
}
ENVIRONMENTS: Final = {"TeamsGCCH", "TeamsDOD", "TeamsChina"}
