"""What the sandbox refuses.

SandboxError
├── RequestRefused    a program's request to /sandbox or /gateway
├── OauthRefused      the authorization server says no, in OAuth's words
└── FhirRefused       the FHIR server says no, in Millennium's words
"""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class SandboxError(HousecallError):
    """The make-believe hospital could not do what was asked."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "sandbox.error"


class RequestRefused(SandboxError):
    """The request to the sandbox cannot be understood."""

    code: ClassVar[str] = "sandbox.request_refused"

    def __init__(self, sentence: str, *, status: int = 400, word: str | None = None) -> None:
        """``word`` is for programs: the gateway's reason for a refusal."""
        super().__init__(sentence)
        self.status, self.word = status, word


class OauthRefused(SandboxError):
    """The sandbox's authorization server refused."""

    code: ClassVar[str] = "sandbox.oauth_refused"

    def __init__(self, error: str, urn: str, *, status: int = 400) -> None:
        """``error`` is OAuth's word, ``urn`` the tail that support staff look up."""
        super().__init__(None)
        self.error, self.urn, self.status = error, urn, status


class FhirRefused(SandboxError):
    """The sandbox's FHIR server refused."""

    code: ClassVar[str] = "sandbox.fhir_refused"

    def __init__(
        self, status: int, body: str | dict[str, object], headers: dict[str, str] | None = None
    ) -> None:
        """``body`` is plain text or a JSON object: Millennium answers with either."""
        super().__init__(None)
        self.status, self.body, self.headers = status, body, headers or {}
