"""Field names and enumerations of Microsoft Graph, v1.0 metadata; typed in here apart from what we send."""

from typing import Final

ONLINE_MEETING: Final = {
    "startDateTime", "endDateTime", "subject", "participants", "lobbyBypassSettings", "allowedPresenters",
    "allowedLobbyAdmitters", "allowMeetingChat", "allowRecording", "allowTranscription", "recordAutomatically",
    "isEntryExitAnnounced", "joinMeetingIdSettings", "allowAttendeeToEnableCamera", "allowAttendeeToEnableMic",
    "allowBreakoutRooms", "allowWhiteboard", "watermarkProtection", "meetingTemplateId",
}  # fmt: skip
CREATE_OR_GET: Final = {"externalId", "chatInfo", "startDateTime", "endDateTime", "subject", "participants"}
LOBBY: Final = {"scope", "isDialInBypassEnabled"}
SUBSCRIPTION: Final = {
    "changeType", "notificationUrl", "lifecycleNotificationUrl", "resource", "expirationDateTime", "clientState",
    "includeResourceData", "encryptionCertificate", "encryptionCertificateId",
}  # fmt: skip
SCOPES: Final = {
    "organizer", "organization", "organizationAndFederated", "everyone", "invited", "organizationExcludingGuests",
}  # fmt: skip
PRESENTERS: Final = {"everyone", "organization", "roleIsPresenter", "organizer"}
CHAT: Final = {"enabled", "disabled", "limited"}
EDM_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"

# Method, version and path of every call we may make.
CALLS: Final = (
    r"POST /v1.0/users/[^/]+/onlineMeetings/createOrGet",
    r"PATCH /v1.0/users/[^/]+/onlineMeetings/[^/]+",
    r"DELETE /v1.0/users/[^/]+/onlineMeetings/[^/]+",
    r"GET /v1.0/users/[^/]+/onlineMeetings/[^/]+/getVirtualAppointmentJoinWebUrl",
    r"GET /v1.0/users/[^/]+/onlineMeetings/[^/]+/attendanceReports",
    r"GET /v1.0/users/[^/]+/onlineMeetings/[^/]+/attendanceReports/[^/]+\?\$expand=attendanceRecords",
    r"GET /v1.0/communications/callRecords\?\$filter=startDateTime ge [^ ]+ and startDateTime lt [^ ]+",
    r"GET /v1.0/communications/callRecords/[^/]+\?\$expand=sessions\(\$expand=segments\)",
    r"GET /v1.0/users/[^/]+/licenseDetails",
    r"POST /v1.0/\$batch",
    r"POST /beta/subscriptions",
    r"PATCH /beta/subscriptions/[^/]+",
    r"DELETE /beta/subscriptions/[^/]+",
)
