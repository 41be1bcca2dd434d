"""What can go wrong between us and an EHR.

    EhrError
    ├── EhrUnavailable          another try may work
    │   ├── EhrThrottled        … but not before ``retry_after``
    │   │   └── EhrBudgetSpent  … because we hold ourselves back
    │   ├── EhrFaulted          … or a smaller question
    │   ├── CertificateRefused
    │   └── DiscoveryFailed
    ├── AnswerUnreadable        it answered something that is not FHIR
    ├── EhrConflict             the record changed or is locked: read it again, then try again
    ├── EhrRefused              it understood and said no
    │   ├── WriteRefused
    │   ├── WriteUnsupported
    │   ├── EhrTokenExpired
    │   ├── ScopesMissing
    │   ├── SystemAccountMissing
    │   ├── SearchUnbounded
    │   ├── FeedUnsupported
    │   └── FhirVersionRefused
    ├── LaunchDenied
    │   ├── ClientRefused
    │   ├── LaunchReplayed
    │   └── IdTokenInvalid
    ├── RecordGone
    │   ├── AppointmentGone
    │   ├── PersonGone
    │   └── ClinicianGone
    ├── KeyUnusable
    ├── AddressRefused
    └── Hl7Error
        ├── MessageRefused      sending it again will not help
        │   ├── MessageUnreadable
        │   ├── MessageNotSiu
        │   └── AppointmentUnnamed
        └── PeerDropped         a line was closed; what was not acknowledged is sent again
            ├── FrameTooLarge
            ├── PeerSlow
            ├── PeerSilent
            └── TooManyPeers

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


class EhrBudgetSpent(EhrThrottled):
    """This connection's budget of requests to the EHR is used up for this minute; it goes on in the next."""

    code: ClassVar[str] = "ehr.budget_spent"


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


class EhrConflict(EhrError):
    """The EHR's record was changed by somebody else, or is locked; another try may work."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "ehr.conflict"
    retryable: ClassVar[bool] = True

    def __init__(self, sentence: str | None = None, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class EhrRefused(EhrError):
    """The EHR understood the request and refused it; trying again will not help."""

    code: ClassVar[str] = "ehr.refused"

    def __init__(self, sentence: str | None = None, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class WriteRefused(EhrRefused):
    """The EHR's own rules do not allow this change; trying again will not help."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "ehr.write_refused"


class WriteUnsupported(EhrRefused):
    """This EHR does not take this from us."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "ehr.write_unsupported"


class EhrTokenExpired(EhrRefused):
    """The EHR session has ended; open the visit from the chart again."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "ehr.token_expired"


class ScopesMissing(EhrRefused):
    """The EHR did not grant a permission that this step needs."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "ehr.scopes_missing"

    def __init__(self, missing: frozenset[str] = frozenset(), sentence: str | None = None) -> None:
        if missing and sentence is None:
            named = ", ".join(sorted(missing))
            sentence = f"The EHR did not grant a permission that this step needs: {named}."
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


class ClientRefused(LaunchDenied):
    """The EHR does not accept this connection's client."""

    code: ClassVar[str] = "ehr.client_refused"


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


class Hl7Error(EhrError):
    """Something is wrong with a message or line of the HL7 feed."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "ehr.hl7_failed"


class MessageRefused(Hl7Error):
    """An HL7 message was refused for good."""

    code: ClassVar[str] = "ehr.hl7_refused"


class MessageUnreadable(MessageRefused):
    """The header of an HL7 message cannot be read: its signs, control id or time; or there are two in a frame."""

    code: ClassVar[str] = "ehr.hl7_unreadable"


class MessageNotSiu(MessageRefused):
    """An HL7 message is none of SIU S12 to S24 and S26."""

    code: ClassVar[str] = "ehr.hl7_not_siu"


class AppointmentUnnamed(MessageRefused):
    """An SIU message has no appointment id where the connection expects one."""

    code: ClassVar[str] = "ehr.hl7_no_appointment"


class PeerDropped(Hl7Error):
    """A line of the HL7 feed was closed by us."""

    code: ClassVar[str] = "ehr.hl7_dropped"


class FrameTooLarge(PeerDropped):
    """An HL7 frame is larger than we take, or there is no frame at all in as many bytes."""

    code: ClassVar[str] = "ehr.hl7_frame_too_large"


class PeerSlow(PeerDropped):
    """An HL7 frame was begun and not ended in time, or its answer was not fetched."""

    code: ClassVar[str] = "ehr.hl7_peer_slow"


class PeerSilent(PeerDropped):
    """Nothing came over an HL7 line for a long time; a sender that still lives connects again."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "ehr.hl7_peer_silent"


class TooManyPeers(PeerDropped):
    """There are as many HL7 lines as we take."""

    kind: ClassVar[Kind] = Kind.busy
    code: ClassVar[str] = "ehr.hl7_too_many_peers"
