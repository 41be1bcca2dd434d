"""Whoever waits may leave the page and be texted when it is their turn.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("text_me_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("participant", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("participant", "called_at")
    op.drop_column("participant", "text_me_at")
