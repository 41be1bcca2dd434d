"""The port of a text provider: what goes in, what comes back, and the two ways it can fail."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from housecall.kit.errors import Kind
from housecall.messaging.errors import MessagingError
from housecall.messaging.model import FailReason, MessageState


class Trouble(StrEnum):
    """What is wrong on our side of a provider, for the administrator to mend; no text is to blame."""

    address_wrong = "address_wrong"
    key_refused = "key_refused"
    sender_not_ours = "sender_not_ours"
    sender_not_verified = "sender_not_verified"
    country_not_allowed = "country_not_allowed"
    out_of_credit = "out_of_credit"
    not_installed = "not_installed"


class ProviderError(MessagingError):
    """The text provider could not take the message."""

    kind: ClassVar[Kind] = Kind.upstream
    code: ClassVar[str] = "messaging.provider_failed"


class ProviderUnavailable(ProviderError):
    """The provider did not answer or asked us to wait; another try may work."""

    code: ClassVar[str] = "messaging.provider_unavailable"

    def __init__(self, *, is_fate_unknown: bool, wait: timedelta | None = None) -> None:
        """``is_fate_unknown``: it may have been taken all the same; ``wait``: what the provider asked for."""
        super().__init__()
        self.is_fate_unknown = is_fate_unknown
        self.wait = wait


class ProviderRefused(ProviderError):
    """The provider understood and said no; trying again will not help."""

    code: ClassVar[str] = "messaging.provider_refused"

    def __init__(self, reason: FailReason) -> None:
        super().__init__()
        self.reason = reason


class ProviderMisconfigured(ProviderError):
    """The provider is not set up as it must be; the message is held until somebody has mended that."""

    code: ClassVar[str] = "messaging.provider_misconfigured"

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble


@dataclass(frozen=True)
class Capabilities:
    """What a provider does against doubles.

    ``idempotent``: a repeated reference is answered again but not sent again. ``lookup``: it can be asked
    about a reference. ``search``: it can be asked whether it had a text of these words to this number.
    With none of them, a message of unknown fate is never sent again.
    """

    idempotent: bool
    lookup: bool
    search: bool = False


@dataclass(frozen=True)
class CalendarFile:
    """An iCalendar object and its method: REQUEST puts the visit into a calendar, CANCEL takes it out."""

    method: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """What an e-mail has besides its plain words."""

    sender_name: str = field(repr=False)
    subject: str = field(repr=False)
    html: str = field(repr=False)
    calendar: CalendarFile | None = None


@dataclass(frozen=True)
class OutgoingText:
    """One text or e-mail: our own id as the reference; numbers in E.164, or the address of a mailbox.

    An e-mail has a ``letter``, and leaves from its provider's own address.
    """

    reference: str
    sent_from: str
    to: str = field(repr=False)
    body: str = field(repr=False)
    letter: Letter | None = None
    # When this text was first claimed: a provider asked about it looks no further back.
    since: datetime | None = None


@dataclass(frozen=True)
class ProviderAnswer:
    """The provider has taken the text; its own id for it."""

    provider_id: str


@dataclass(frozen=True)
class ProviderStatus:
    """What the provider says of a text it has: accepted, delivered, or failed with a reason."""

    provider_id: str
    state: MessageState
    reason: FailReason | None = None


class TextProvider(Protocol):
    """Carries texts."""

    name: str
    capabilities: Capabilities

    async def send(self, text: OutgoingText) -> ProviderAnswer:
        """The text is the provider's now; raises ProviderUnavailable or ProviderRefused."""
        ...

    async def lookup(self, reference: str) -> ProviderStatus | None:
        """What became of the text with this reference, None if the provider never had it.

        Raises ProviderUnavailable. Asked only of providers that declare it.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class SearchingProvider(TextProvider, Protocol):
    """Keeps none of our references, but can be asked whether it had a text of these words."""

    async def search(self, text: OutgoingText) -> ProviderStatus | None:
        """What became of this very text since ``text.since``, None if the provider never had it.

        Raises ProviderUnavailable. Asked only of providers that declare it.
        """
        ...
