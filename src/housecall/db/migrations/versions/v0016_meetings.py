"""Meetings held elsewhere: a connection's service, a visit's meeting, the directory's people, how streams were.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_MEASURES = (
    "rtt_ms",
    "jitter_ms",
    "loss_pct",
    "bitrate_kbps",
    "degradation_mos",
    "concealed_pct",
    "frames_per_s",
    "frame_loss_pct",
    "loss_after_repair_pct",
    "freeze_ms",
)


def upgrade() -> None:
    op.add_column("connection", _service())
    op.add_column(
        "connection", sa.Column("meeting_options", postgresql.JSONB(), nullable=False, server_default="{}")
    )
    op.add_column("connection", sa.Column("meeting_key_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("visit", _service())
    op.add_column("visit", sa.Column("meeting_is_ready", sa.Boolean(), nullable=False, server_default="true"))
    op.add_column("visit", sa.Column("meeting_fault", sa.String(), nullable=True))
    _make_directory()
    _make_meetings()
    op.create_table(
        "stream_measure",
        sa.Column("visit_id", sa.String(), sa.ForeignKey("visit.id", name="fk_stream_measure_visit_id")),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), _org("stream_measure"), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in _MEASURES),
        sa.PrimaryKeyConstraint("visit_id", "side", "kind", name="pk_stream_measure"),
    )


def _service() -> sa.Column[str]:
    return sa.Column("meeting_service", sa.String(), nullable=False, server_default="builtin")


def _make_directory() -> None:
    op.create_table(
        "directory_person",
        sa.Column(
            "connection_id",
            sa.String(),
            sa.ForeignKey("connection.id", name="fk_directory_person_connection_id"),
            nullable=False,
        ),
        sa.Column("user_ref", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), _org("directory_person"), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("is_by_hand", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "user_ref", name="pk_directory_person"),
    )


def _make_meetings() -> None:
    op.create_table(
        "visit_meeting",
        sa.Column("visit_id", sa.String(), sa.ForeignKey("visit.id", name="fk_visit_meeting_visit_id")),
        sa.Column("org_id", sa.Uuid(), _org("visit_meeting"), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", _TIME, nullable=True),
        sa.Column("ends_at", _TIME, nullable=True),
        sa.Column("clinician_ref", sa.String(), nullable=True),
        sa.Column("ways_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wanted_at", _TIME, nullable=False),
        sa.Column("deadline_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("look_at", _TIME, nullable=True),
        sa.Column("following_id", sa.String(), nullable=True),
        sa.Column("following_until", _TIME, nullable=True),
        sa.Column("following_hash", sa.String(), nullable=True),
        sa.Column("roster", postgresql.JSONB(), nullable=False),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
        sa.Column("attendance_at", _TIME, nullable=True),
        sa.Column("quality_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("visit_id", name="pk_visit_meeting"),
    )
    op.create_index(
        "ix_visit_meeting_look_at",
        "visit_meeting",
        ["look_at"],
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index("ix_visit_meeting_following_id", "visit_meeting", ["following_id"])


def _org(table: str) -> sa.ForeignKey:
    return sa.ForeignKey("organisation.id", name=f"fk_{table}_org_id")


def downgrade() -> None:
    op.drop_table("stream_measure")
    op.drop_table("visit_meeting")
    op.drop_table("directory_person")
    for column in ("meeting_fault", "meeting_is_ready", "meeting_service"):
        op.drop_column("visit", column)
    for column in ("meeting_key_sealed", "meeting_options", "meeting_service"):
        op.drop_column("connection", column)
