"""Who confirmed an EHR's release, where its vendor publishes none.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connection", sa.Column("release_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("connection", sa.Column("release_confirmed_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("connection", "release_confirmed_by")
    op.drop_column("connection", "release_confirmed_at")
