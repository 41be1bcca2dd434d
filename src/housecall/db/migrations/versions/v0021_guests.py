"""Interpreters and relatives: how long they were in the room, and where they are written to.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Who is in the room while this runs goes on being counted from when they came.
_COUNT_PAST_STAYS = """
    UPDATE participant SET
        room_since = CASE
            WHEN state IN ('connected', 'held', 'reconnecting') THEN first_connected_at
        END,
        room_s = CASE
            WHEN state IN ('connected', 'held', 'reconnecting') THEN 0
            ELSE greatest(0, coalesce(round(extract(epoch FROM left_at - first_connected_at)), 0))
        END
"""


def upgrade() -> None:
    op.add_column("participant", sa.Column("room_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("participant", sa.Column("room_s", sa.Integer(), nullable=False, server_default="0"))
    op.execute(_COUNT_PAST_STAYS)
    op.alter_column("participant", "room_s", server_default=None)
    op.create_table(
        "guest_address",
        sa.Column("seat_id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_guest_address_seat_id_seat")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_guest_address_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_guest_address")),
    )
    op.create_index("ix_guest_address_expires_at", "guest_address", ["expires_at"])


def downgrade() -> None:
    op.drop_table("guest_address")
    op.drop_column("participant", "room_s")
    op.drop_column("participant", "room_since")
