"""Short codes that are read out.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spoken_code",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_spoken_code_org_id_organisation")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_spoken_code_seat_id_seat")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_spoken_code")),
        sa.UniqueConstraint("seat_id", name=op.f("uq_spoken_code_seat_id")),
    )
    op.create_index("ix_spoken_code_expires_at", "spoken_code", ["expires_at"])


def downgrade() -> None:
    op.drop_table("spoken_code")
