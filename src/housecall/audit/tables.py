"""The audit log's table."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class AuditEntry(Base):
    """One act; ``link_seq`` and ``link_hash`` are filled once the entry is chained to the one before it."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_org_id_id", "org_id", "id"),
        Index("ix_audit_entry_unchained", "id", postgresql_where="link_seq IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    org_id: Mapped[uuid.UUID]
    at: Mapped[datetime]
    act: Mapped[str]
    actor: Mapped[str]
    actor_ref: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    link_seq: Mapped[int | None] = mapped_column(BigInteger)
    link_hash: Mapped[str | None]
