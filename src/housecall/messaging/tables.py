"""Tables of planned messages, typed-in addresses and remembered refusals."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class Message(Base):
    """One text or e-mail, planned or under way; the address is read when it is sent and never stored here.

    ``subject_ref`` is whatever the planner calls the thing it is about; ``instant`` tells two messages of the
    same kind apart (a reminder's offset, a request's id), so that the four together are unique.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("org_id", "subject_ref", "kind", "instant", "channel"),
        Index("ix_message_due", "due_at", postgresql_where="state = 'planned'"),
        Index("ix_message_under_way", "lease_until", postgresql_where="state IN ('queued','unknown')"),
        Index("ix_message_provider_id", "provider_id"),
        Index("ix_message_org_id_created_at", "org_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    subject_ref: Mapped[str]
    kind: Mapped[str]
    instant: Mapped[str]
    channel: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    # Goes to an address typed in by hand, and to no other, even after that address was destroyed.
    is_typed: Mapped[bool] = mapped_column(default=False)
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    sent_from: Mapped[str | None]
    requested_by: Mapped[str | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


class TypedAddress(Base):
    """An address typed in by hand, sealed under its own key; gone at the answer or in ten minutes."""

    __tablename__ = "typed_address"

    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    sealed: Mapped[bytes]
    key_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class MessageTemplate(Base):
    """How an organisation says a kind of message; without a row, or without a body, as it was shipped.

    ``version`` only grows, so that a form filled in on an older one is noticed.
    """

    __tablename__ = "message_template"

    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str | None]
    body: Mapped[str | None]
    version: Mapped[int]
    changed_at: Mapped[datetime]


class Refusal(Base):
    """A person's STOP, remembered as a keyed hash of the number and of the number it was sent to."""

    __tablename__ = "refusal"

    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    number_hash: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
