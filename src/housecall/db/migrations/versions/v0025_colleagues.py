"""Colleagues: who was asked to a visit, and who took it over.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visit", sa.Column("handed_to", sa.String(), nullable=True))
    for name in ("asked_to", "asked_state", "asked_by"):
        op.add_column("participant", sa.Column(name, sa.String(), nullable=True))
    for name in ("asked_at", "seen_at"):
        op.add_column("participant", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_participant_asked", "participant", ["user_ref"], postgresql_where=sa.text("asked_state = 'asked'")
    )


def downgrade() -> None:
    op.drop_index("ix_participant_asked", table_name="participant")
    for name in ("seen_at", "asked_at", "asked_by", "asked_state", "asked_to"):
        op.drop_column("participant", name)
    op.drop_column("visit", "handed_to")
