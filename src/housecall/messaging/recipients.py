"""The port through which the outbox learns whom to write to, at the moment of sending."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from housecall.kit.ids import OrgId
from housecall.messaging.calendar import Event
from housecall.messaging.model import Channel, MessageKind


@dataclass(frozen=True)
class Due:
    """A claimed message as the resolver sees it.

    ``typed_address``, when given, is where the message goes instead of what the EHR says.
    """

    id: uuid.UUID
    org_id: OrgId
    connection_id: str
    subject_ref: str
    kind: MessageKind
    instant: str
    channel: Channel
    typed_address: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Recipient:
    """Where a message goes and what it says: ``values`` for the template, our number, the visit's event.

    ``number`` is in E.164, or the address of a mailbox where the message is an e-mail.
    """

    number: str = field(repr=False)
    language: str
    values: Mapping[str, str] = field(repr=False)
    texts_from: str
    event: Event | None = None
    # Our number at the provider that stands in, where there is one.
    texts_backup: str | None = None
    # Whose words and whose number these are, where a department has its own.
    department: str = ""


@dataclass(frozen=True)
class Suppress:
    """The message must not be sent, for good; ``reason`` is a SuppressReason."""

    reason: str


@dataclass(frozen=True)
class Later:
    """It cannot be told now (the EHR is away); ask again at ``at``."""

    at: datetime


@dataclass(frozen=True)
class Hold:
    """It must not leave now, but at ``until``: until then it is as if it had never been taken up."""

    until: datetime


Outcome = Recipient | Suppress | Later | Hold


class Resolver(Protocol):
    """Reads recipients at the moment of sending; keeps nothing."""

    async def resolve(self, messages: Sequence[Due]) -> Mapping[uuid.UUID, Outcome]:
        """One outcome a message, in as few reads as the EHR allows.

        Consent, the connection's state and a test connection's list of numbers are checked here. Numbers that
        said STOP are left out by the outbox itself. Never called within a transaction. A message without an
        outcome is asked about again a minute later; so is the whole batch when a HousecallError is raised.
        """
        ...
