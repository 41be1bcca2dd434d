"""What meeting services can fail at.

MeetingError
├── MeetingUnavailable      away, or asks us to wait: another try may work
│   └── MeetingNotThere     not there, or not there yet
├── MeetingRefused          understood, and said no: trying again changes nothing
│   ├── SignInRefused       the service does not know our app or its certificate
│   ├── PermissionMissing   the app lacks a permission
│   ├── PolicyMissing       the app may not act for this organiser
│   └── LicenceMissing      the organiser's or the tenant's licence is missing
├── OrganiserUnknown        nobody in the directory is known for this clinician
├── LibraryMissing          the service's own library is not installed
├── CertificateInvalid      no certificate with its key
├── CloudUnfit              no visit can be held in that one of the service's clouds
├── NoticeForged            a notification that is not from whom it says
└── MeetingNotReady         the meeting is being made
"""

from datetime import timedelta
from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class MeetingError(HousecallError):
    """The meeting service could not do what was asked."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "meetings.failed"
    retryable: ClassVar[bool] = False


class MeetingUnavailable(MeetingError):
    """The meeting service does not answer or asks us to wait; it is asked again by itself."""

    code: ClassVar[str] = "meetings.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, sentence: str | None = None, *, retry_after: timedelta | None = None) -> None:
        """``retry_after``: how long the service wants to be left alone."""
        super().__init__(sentence)
        self.retry_after = retry_after


class MeetingNotThere(MeetingUnavailable):
    """The meeting service does not have this meeting, or does not show it yet."""

    code: ClassVar[str] = "meetings.not_there"


class MeetingRefused(MeetingError):
    """The meeting service understood the request and refused it."""

    code: ClassVar[str] = "meetings.refused"


class SignInRefused(MeetingRefused):
    """Microsoft did not accept the app's sign-in: compare tenant, client id and certificate with the registration."""

    code: ClassVar[str] = "meetings.sign_in_refused"


class PermissionMissing(MeetingRefused):
    """The app lacks a permission in Microsoft Graph, or an administrator has not consented to it."""

    code: ClassVar[str] = "meetings.permission_missing"


class PolicyMissing(MeetingRefused):
    """No application access policy lets the app make meetings for this organiser."""

    code: ClassVar[str] = "meetings.policy_missing"


class LicenceMissing(MeetingRefused):
    """The organiser has no licence for Teams meetings."""

    code: ClassVar[str] = "meetings.licence_missing"


class OrganiserUnknown(MeetingError):
    """Nobody in the directory is known for this clinician, and no service account is set."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "meetings.organiser_unknown"


class LibraryMissing(MeetingError):
    """Microsoft's sign-in library is not installed: pip install 'housecall[teams]'."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "meetings.library_missing"


class CertificateInvalid(MeetingError):
    """This is not one PEM file with an RSA key and the certificate that belongs to it."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "meetings.certificate_invalid"


class CloudUnfit(MeetingError):
    """No visit can be held in this one of Microsoft's clouds."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "meetings.cloud_unfit"


class NoticeForged(MeetingError):
    """This notification does not come from the meeting service."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "meetings.notice_forged"


class MeetingNotReady(MeetingError):
    """The meeting is still being made; try again in a few seconds."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "meetings.not_ready"
