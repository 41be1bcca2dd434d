"""Tables of launches, visits, seats and participants. Nothing here says who a patient is."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base


class Launch(Base):
    """One SMART launch: a clinician in one chart, or a hand-over from one. Sessions hang on it."""

    __tablename__ = "launch"
    __table_args__ = (Index("ix_launch_expires_at", "expires_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    persona: Mapped[str]
    state: Mapped[str]  # begun | active | refused | ended
    secret_hash: Mapped[str]
    state_hash: Mapped[str | None] = mapped_column(unique=True)
    nonce: Mapped[str | None]
    verifier_sealed: Mapped[bytes | None]
    tokens_sealed: Mapped[bytes | None]
    tokens_expire_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    user_ref: Mapped[str | None]
    visit_ids: Mapped[list[str]]
    encounter_ref_sealed: Mapped[bytes | None]
    patient_ref_sealed: Mapped[bytes | None] = mapped_column(default=None)
    handed_over_from: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Handover(Base):
    """A one-time code that opens a clinician's visit in a tab or browser of its own."""

    __tablename__ = "handover"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    launch_id: Mapped[str] = mapped_column(ForeignKey("launch.id"))
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Visit(Base):
    """One meeting on one appointment; ``ordinal`` counts the visits on the same appointment from 1."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("connection_id", "appointment_ref", "ordinal"),
        Index("ix_visit_org_id_starts_at", "org_id", "starts_at"),
        Index("ix_visit_live", "ends_at", postgresql_where="state IN ('scheduled','open')"),
        Index(
            "ix_visit_department_id_starts_at",
            "department_id",
            "starts_at",
            postgresql_where="department_id IS NOT NULL",
        ),
        Index("ix_visit_in_progress", "id", postgresql_where="state = 'in_progress'"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    appointment_ref: Mapped[str]
    appointment_version: Mapped[str]
    ordinal: Mapped[int]
    state: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    clinician_ref: Mapped[str | None]
    location_ref: Mapped[str | None]
    # The colleague who took it over, by their EHR id; emptied once the EHR names another clinician.
    handed_to: Mapped[str | None] = mapped_column(default=None)
    # Found by its clinician and place; of a visit that is over it stays, whatever is changed on departments.
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"), default=None)
    opened_at: Mapped[datetime | None]
    # The moment both a staff member and a participant were present for the first time.
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    lobby_wait_s: Mapped[int | None]
    attendees_total: Mapped[int]
    attendees_peak: Mapped[int]
    # Whether the room hides network addresses, as the meeting service was set up when it was last used.
    hides_addresses: Mapped[bool] = mapped_column(default=False)
    # Where it is held, whether that is ready, and why it is not where its connection's visits are held.
    meeting_service: Mapped[str] = mapped_column(default="builtin", server_default="builtin")
    meeting_is_ready: Mapped[bool] = mapped_column(default=True, server_default="true")
    meeting_fault: Mapped[str | None] = mapped_column(default=None)
    # The clinic's word to whoever waits: a key into words.py, never typed text.
    message_key: Mapped[str | None]
    message_at: Mapped[datetime | None]
    # When the patient confirmed this time by a reply; emptied by a move.
    confirmed_at: Mapped[datetime | None]
    revision: Mapped[int]
    created_at: Mapped[datetime]

    @hybrid_property
    def holder(self) -> str | None:
        """Whose the visit is: the colleague who took it over, else the appointment's clinician."""
        return self.handed_to or self.clinician_ref

    @holder.inplace.expression
    @classmethod
    def _holder(cls) -> ColumnElement[str | None]:
        return func.coalesce(cls.handed_to, cls.clinician_ref)


class Seat(Base):
    """A place on an appointment that one link leads to; the link itself is kept as a hash only."""

    __tablename__ = "seat"
    __table_args__ = (Index("ix_seat_connection_id_appointment_ref", "connection_id", "appointment_ref"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    appointment_ref: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    token_nonce: Mapped[str]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    # Who holds the seat: the hash of the cookie given at the first press; the newest holder wins.
    holder_hash: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str | None]
    created_at: Mapped[datetime]


class SpokenCode(Base):
    """A short code that is read out and leads to a seat's link; deleted when it is used or made anew."""

    __tablename__ = "spoken_code"
    __table_args__ = (Index("ix_spoken_code_expires_at", "expires_at"),)

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    seat_id: Mapped[str] = mapped_column(ForeignKey("seat.id"), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SurveyAnswer(Base):
    """One patient's answer after a visit: no visit, no seat, no day."""

    __tablename__ = "survey_answer"
    __table_args__ = (Index("ix_survey_answer_org_id_month", "org_id", "month"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    month: Mapped[date]
    visit: Mapped[str]
    sound: Mapped[str]


class WriteBack(Base):
    """What the EHR is to be told of one visit, and how far that has come: one row a visit and kind."""

    __tablename__ = "write_back"
    __table_args__ = (Index("ix_write_back_org_id_wanted_at", "org_id", "wanted_at"),)

    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # links | status | summary | presence
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[str]
    wanted_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int]
    last_error: Mapped[str | None]  # a code, never what the EHR said


class Participant(Base):
    """One person's part in one visit: where they are, since when, and how it went."""

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("visit_id", "seat_id"),
        UniqueConstraint("visit_id", "user_ref"),
        Index("ix_participant_seat_id", "seat_id"),
        Index("ix_participant_gone", "gone_since", postgresql_where="gone_since IS NOT NULL"),
        Index("ix_participant_present", "id", postgresql_where="present"),
        Index("ix_participant_asked", "user_ref", postgresql_where="asked_state = 'asked'"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"))
    seat_id: Mapped[str | None] = mapped_column(ForeignKey("seat.id"))
    user_ref: Mapped[str | None]
    role: Mapped[str]
    state: Mapped[str]
    since: Mapped[datetime]
    present: Mapped[bool]
    # Which tab holds the place: an older tab's closing says nothing about this person.
    tab: Mapped[str | None]
    gone_since: Mapped[datetime | None]
    device: Mapped[dict[str, Any] | None]
    opened_at: Mapped[datetime | None]
    # First entry to the lobby, and the present stay's beginning: the report counts from the first.
    first_waiting_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    arrival_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    # Waits away from the page and is to be texted when it is their turn; and when that was last said to them.
    text_me_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    # Whether they answered the survey; what they answered is kept apart.
    has_answered: Mapped[bool] = mapped_column(default=False)
    admitted_at: Mapped[datetime | None]
    # Since when they are in the room now, and how long they were in it before.
    room_since: Mapped[datetime | None]
    room_s: Mapped[int] = mapped_column(default=0)
    first_connected_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    reconnects: Mapped[int]
    # Whether the EHR was told that they are there; None where it was told nothing.
    ehr_connected: Mapped[bool | None]
    # A colleague who was asked: for what, how far that has come, by whom, and when they saw it.
    asked_to: Mapped[str | None] = mapped_column(default=None)
    asked_state: Mapped[str | None] = mapped_column(default=None)
    asked_by: Mapped[str | None] = mapped_column(default=None)
    asked_at: Mapped[datetime | None] = mapped_column(default=None)
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


class SiuMessage(Base):
    """One message of a connection's HL7 feed that was acknowledged: against repetition and disorder.

    Kept for ninety days after it came (``siu.py:forget_old``); nothing of the message but what stands here.
    """

    __tablename__ = "siu_message"
    __table_args__ = (
        UniqueConstraint("connection_id", "control_hash"),
        Index("ix_siu_message_appointment", "connection_id", "appointment_ref", "message_at"),
        Index("ix_siu_message_received_at", "received_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    control_hash: Mapped[str]
    appointment_ref: Mapped[str | None]
    message_at: Mapped[datetime]
    event: Mapped[str]
    # What it said of the appointment, each empty where it said nothing.
    status: Mapped[str | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    is_virtual: Mapped[bool | None]
    received_at: Mapped[datetime]
