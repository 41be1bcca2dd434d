"""What can go wrong with a text or an e-mail.

HousecallError
└── MessagingError
    ├── IllegalMessageMove
    ├── IllegalNumberMove
    ├── NumberUnknown
    ├── NumberInvalid
    ├── NumberTaken
    ├── CodeWrong
    ├── AccountInvalid
    ├── TemplateInvalid
    ├── TemplateRefused
    ├── SignatureInvalid
    ├── MailboxUnavailable
    └── ProviderError          (providers/base.py)
        ├── ProviderUnavailable
        ├── ProviderRefused
        ├── ProviderMisconfigured
        └── NumberRefused      (providers/numbers.py)
"""

from collections.abc import Mapping
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


class IllegalNumberMove(MessagingError):
    """The number cannot do this in its present state."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "messaging.illegal_number_move"


class MailboxUnavailable(MessagingError):
    """The mailbox that returned mail comes to did not let us in, or did not answer."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "messaging.mailbox_unavailable"


class NumberUnknown(MessagingError):
    """This organisation has no such number."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "messaging.number_unknown"


class NumberInvalid(MessagingError):
    """That is no phone number; type it with its country code, for example +1 833 555 0100."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "messaging.number_invalid"


class NumberTaken(MessagingError):
    """This number is in Housecall already."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "messaging.number_taken"


class CodeWrong(MessagingError):
    """That is not the code in the text; look again, or ask for a new one."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "messaging.code_wrong"


class AccountInvalid(MessagingError):
    """The provider's account is not complete or not of a form we know."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "messaging.account_invalid"


class TemplateInvalid(MessagingError):
    """A text template asks for something that is not known or not allowed."""

    code: ClassVar[str] = "messaging.template_invalid"


class TemplateRefused(MessagingError):
    """This wording cannot be used; each fault says why."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "messaging.template_refused"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


class SignatureInvalid(MessagingError):
    """The signature of this notification is missing or wrong."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "messaging.signature_invalid"
