"""A second key for a connection's meeting service: the one to come, or the one before.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connection", sa.Column("meeting_other_key_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("connection", "meeting_other_key_sealed")
