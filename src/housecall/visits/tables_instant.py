"""Whom a visit without an appointment is with, for as long as it can go on."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class InstantVisit(Base):
    """The EHR's id of the patient, sealed under a key of its own; the row goes when the visit's window closes.

    No appointment says whom the visit is with. The row belongs to the ref that stands in the appointment's place, so
    that a visit begun again has it too.
    """

    __tablename__ = "instant_visit"
    __table_args__ = (Index("ix_instant_visit_expires_at", "expires_at"),)

    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    appointment_ref: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    patient_sealed: Mapped[bytes]
    key_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]
