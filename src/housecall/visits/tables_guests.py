"""Where the clinic writes to interpreters and relatives, which no EHR knows."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class GuestAddress(Base):
    """A guest's number or e-mail address, sealed under a key of its own; gone with the visit or the link.

    It is kept so long because they must hear of a move and of a cancellation.
    """

    __tablename__ = "guest_address"
    __table_args__ = (Index("ix_guest_address_expires_at", "expires_at"),)

    seat_id: Mapped[str] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    channel: Mapped[str]
    sealed: Mapped[bytes]
    key_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]
