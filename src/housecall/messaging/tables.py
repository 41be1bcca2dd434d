"""Tables of planned messages, typed-in addresses and remembered refusals."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
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
        Index(
            "ix_message_report",
            "org_id",
            "due_at",
            postgresql_include=["connection_id", "channel", "state", "reason"],
        ),
        Index("ix_message_reply_hash", "reply_hash", postgresql_where="reply_hash IS NOT NULL"),
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
    # A try before this one may have got through, so the provider is asked before it is sent again.
    is_doubted: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Its turn at its number's pace was given to it already.
    has_slot: Mapped[bool] = mapped_column(default=False, server_default=false())
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    sent_from: Mapped[str | None]
    requested_by: Mapped[str | None]
    # A keyed hash of the number a text went to, so that a reply of C finds its visit; until the visit is over.
    reply_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    # The receiving side would not take it yet, and is tried again by those before it.
    delayed_at: Mapped[datetime | None]
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
    """How an organisation, or one department of it, says a kind of message; without a row or a body, as others do.

    A department says it as its organisation does, and the organisation as it was shipped.

    ``version`` only grows, so that a form filled in on an older one is noticed.
    """

    __tablename__ = "message_template"

    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    # Empty: the whole organisation's.
    department_id: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
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


class TextAccount(Base):
    """An organisation's own account with a text provider; what proves us to it is sealed."""

    __tablename__ = "text_account"
    __table_args__ = (UniqueConstraint("org_id", "provider"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    provider: Mapped[str]
    # Twilio's account SID, or the endpoint of an Azure Communication Services resource: no secret.
    account: Mapped[str]
    secret_sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PhoneNumber(Base):
    """A number that texts leave from: on its way, there, or given back. It is the clinic's, and no patient's."""

    __tablename__ = "phone_number"
    __table_args__ = (
        Index("ix_phone_number_org_id", "org_id", "requested_at"),
        Index("ix_phone_number_number", "number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    provider: Mapped[str]
    origin: Mapped[str]
    country: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    fault: Mapped[str | None]
    number: Mapped[str | None]
    # What is being bought: kept before the buying, so that a killed worker buys it and nothing else.
    tries: Mapped[int]
    chosen: Mapped[str | None]
    ticket: Mapped[str | None]
    buying_since: Mapped[datetime | None]
    provider_ref: Mapped[str | None]
    verification: Mapped[str]
    verification_at: Mapped[datetime | None]
    verification_faults: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    # When the carriers are asked again.
    verification_due_at: Mapped[datetime | None]
    # Segments a minute, None for as many as the provider takes; and up to when they are given away.
    pace: Mapped[int | None]
    paced_until: Mapped[datetime | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    active_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NumberProof(Base):
    """A code that was texted from a brought number to its administrator's phone; the phone is not kept."""

    __tablename__ = "number_proof"

    number_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("phone_number.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    code_hash: Mapped[str]
    tries_left: Mapped[int]
    expires_at: Mapped[datetime]


class TextTrouble(Base):
    """What is wrong on our side of a provider: texts are held until it is mended, and it goes by itself then."""

    __tablename__ = "text_trouble"

    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    trouble: Mapped[str]
    since: Mapped[datetime]
    last_at: Mapped[datetime]
