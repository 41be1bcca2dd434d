"""What can go wrong between us and an EHR.

    EhrError
    ├── EhrUnavailable          another try may work
    │   ├── EhrThrottled        … but not before ``retry_after``
    │   ├── EhrFaulted          … or a smaller question
    │   ├── CertificateRefused
    │   └── DiscoveryFailed
    ├── AnswerUnreadable        it answered something that is not FHIR
    ├── EhrRefused              it understood and said no
    │   ├── EhrTokenExpired
    │   ├── ScopesMissing
    │   ├── SystemAccountMissing
    │   ├── SearchUnbounded
    │   ├── FeedUnsupported
    │   └── FhirVersionRefused
    ├── LaunchDenied
    │   ├── LaunchReplayed
    │   └── IdTokenInvalid
    ├── RecordGone
    │   ├── AppointmentGone
    │   ├── PersonGone
    │   └── ClinicianGone
    ├── KeyUnusable
    └── AddressRefused

No error holds a body, a URL with a query, a token or anything about a patient.
"""

from datetime import timedelta
from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class EhrError(HousecallError):
    """The EHR could not be used."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "ehr.failed"
    retryable: ClassVar[bool] = False


class EhrUnavailable(EhrError):
    """The EHR did not answer properly; another try may work."""

    code: ClassVar[str] = "ehr.unavailable"
    retryable: ClassVar[bool] = True


class EhrThrottled(EhrUnavailable):
    """The EHR asked us to wait before the next request."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "ehr.throttled"

    def __init__(self, retry_after: timedelta, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class EhrFaulted(EhrUnavailable):
    """The EHR failed while answering; another try, or a smaller question, may work."""

    code: ClassVar[str] = "ehr.faulted"


class CertificateRefused(EhrUnavailable):
    """The EHR's certificate is not trusted."""

    code: ClassVar[str] = "ehr.certificate_refused"
    retryable: ClassVar[bool] = False


class DiscoveryFailed(EhrUnavailable):
    """The EHR's SMART configuration could not be read."""

    code: ClassVar[str] = "ehr.discovery_failed"


class AnswerUnreadable(EhrError):
    """The EHR answered something that is not FHIR."""

    code: ClassVar[str] = "ehr.answer_unreadable"


class EhrRefused(EhrError):
    """The EHR understood the request and refused it; trying again will not help."""

    code: ClassVar[str] = "ehr.refused"

    def __init__(self, sentence: str | None = None, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class EhrTokenExpired(EhrRefused):
    """The EHR session has ended; open the visit from the chart again."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "ehr.token_expired"


class ScopesMissing(EhrRefused):
    """The EHR did not grant a permission that this step needs."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "ehr.scopes_missing"

    def __init__(self, missing: frozenset[str] = frozenset(), sentence: str | None = None) -> None:
        super().__init__(sentence, status=403)
        self.missing = missing


class SystemAccountMissing(EhrRefused):
    """This connection has no system account, so nothing can be read without a person's launch."""

    code: ClassVar[str] = "ehr.system_account_missing"


class SearchUnbounded(EhrRefused):
    """This EHR lists appointments by practitioner or location only; name at least one in the connection."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "ehr.search_unbounded"


class FeedUnsupported(EhrRefused):
    """This EHR does not list a clinic's appointments over FHIR; it needs its own feed."""

    code: ClassVar[str] = "ehr.feed_unsupported"


class FhirVersionRefused(EhrRefused):
    """The address speaks another version of FHIR than R4."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "ehr.fhir_version"


class LaunchDenied(EhrError):
    """The EHR did not let this launch through."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "ehr.launch_denied"

    def __init__(self, sentence: str | None = None, *, more_at: str | None = None) -> None:
        """``more_at``: the EHR's own page about the failure (``error_uri``), for its support staff."""
        super().__init__(sentence)
        self.more_at = more_at


class LaunchReplayed(LaunchDenied):
    """The EHR no longer knows this launch; start again from the chart."""

    code: ClassVar[str] = "ehr.code_refused"


class IdTokenInvalid(LaunchDenied):
    """The EHR's statement of who signed in could not be verified."""

    code: ClassVar[str] = "ehr.id_token_invalid"

    def __init__(self, reason_code: str) -> None:
        """``reason_code``: which check failed, for the log; never a value from the token."""
        super().__init__()
        self.reason_code = reason_code


class RecordGone(EhrError):
    """The EHR no longer has this record."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "ehr.record_gone"


class AppointmentGone(RecordGone):
    """The EHR no longer has this appointment."""

    code: ClassVar[str] = "ehr.appointment_gone"


class PersonGone(RecordGone):
    """The EHR no longer has this person."""

    code: ClassVar[str] = "ehr.person_gone"


class ClinicianGone(RecordGone):
    """The EHR no longer has this clinician."""

    code: ClassVar[str] = "ehr.clinician_gone"


class KeyUnusable(EhrError):
    """A signing key cannot be used; it must be RSA or elliptic curve P-384 with a key id."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "ehr.key_unusable"


class AddressRefused(EhrError):
    """This address may not be used: it must be public and https, or on an allowed network."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "ehr.address_refused"

    def __init__(self, reason_code: str, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
