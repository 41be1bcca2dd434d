"""Tables of meetings that are held elsewhere, and of how their streams were."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class VisitMeeting(Base):
    """The meeting of one visit with a service of its own pages: what is wanted, what stands, what was told of it."""

    __tablename__ = "visit_meeting"
    __table_args__ = (
        Index("ix_visit_meeting_look_at", "look_at", postgresql_where="look_at IS NOT NULL"),
        Index("ix_visit_meeting_following_id", "following_id"),
    )

    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    service: Mapped[str]
    # Random; what makes a repeat find the meeting that was made.
    external_id: Mapped[str]
    state: Mapped[str]  # wanted | made | failed | gone
    # What the service was told, to see what has changed since.
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    clinician_ref: Mapped[str | None]
    # The meeting's id, its organiser and the ways into it.
    ways_sealed: Mapped[bytes | None]
    wanted_at: Mapped[datetime]
    # Not there by then, the visit moves to a room of ours.
    deadline_at: Mapped[datetime]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    # When to look next what is to be done; none when nothing is.
    look_at: Mapped[datetime | None]
    following_id: Mapped[str | None]
    following_until: Mapped[datetime | None]
    following_hash: Mapped[str | None]  # of the secret that every notification brings along
    # What the service told of who is there, as ``whereabouts.py`` keeps it; emptied when the visit is over.
    roster: Mapped[dict[str, Any]]
    # Since when both sides were in the meeting, by what was told.
    began_at: Mapped[datetime | None]
    # When we last learnt that something was told that we did not hear; none once that is made good.
    doubtful_since: Mapped[datetime | None]
    attendance_at: Mapped[datetime | None]
    quality_at: Mapped[datetime | None]


class StreamMeasure(Base):
    """How one side's audio, video or screen was in a visit, on average, and what the rules say of it."""

    __tablename__ = "stream_measure"

    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    verdict: Mapped[str]
    rtt_ms: Mapped[float | None]
    jitter_ms: Mapped[float | None]
    loss_pct: Mapped[float | None]
    bitrate_kbps: Mapped[float | None]
    degradation_mos: Mapped[float | None]
    concealed_pct: Mapped[float | None]
    frames_per_s: Mapped[float | None]
    frame_loss_pct: Mapped[float | None]
    loss_after_repair_pct: Mapped[float | None]
    freeze_ms: Mapped[float | None]
