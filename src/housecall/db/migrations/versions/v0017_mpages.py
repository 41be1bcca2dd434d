"""Whether a connection is opened as an MPages component.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "connection", sa.Column("is_mpages", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("connection", "is_mpages", server_default=None)


def downgrade() -> None:
    op.drop_column("connection", "is_mpages")
