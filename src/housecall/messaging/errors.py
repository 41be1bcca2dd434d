"""What can go wrong with a text or an e-mail.

HousecallError
└── MessagingError
    ├── IllegalMessageMove
    ├── TemplateInvalid
    ├── SignatureInvalid
    └── ProviderError          (providers/base.py)
        ├── ProviderUnavailable
        └── ProviderRefused
"""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class MessagingError(HousecallError):
    """Root of what can go wrong with a text or an e-mail."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "messaging.failed"


class IllegalMessageMove(MessagingError):
    """The message cannot do this in its present state."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "messaging.illegal_move"


class TemplateInvalid(MessagingError):
    """A text template asks for something that is not known or not allowed."""

    code: ClassVar[str] = "messaging.template_invalid"


class SignatureInvalid(MessagingError):
    """The signature of this notification is missing or wrong."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "messaging.signature_invalid"
