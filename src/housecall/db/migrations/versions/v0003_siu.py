"""The messages of HL7 feeds that were acknowledged.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "siu_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("control_hash", sa.String(), nullable=False),
        sa.Column("appointment_ref", sa.String(), nullable=True),
        sa.Column("message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_virtual", sa.Boolean(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_siu_message_org_id")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_siu_message_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_siu_message")),
        sa.UniqueConstraint(
            "connection_id", "control_hash", name=op.f("uq_siu_message_connection_id_control_hash")
        ),
    )
    op.create_index(
        "ix_siu_message_appointment", "siu_message", ["connection_id", "appointment_ref", "message_at"]
    )
    op.create_index("ix_siu_message_received_at", "siu_message", ["received_at"])


def downgrade() -> None:
    op.drop_table("siu_message")
