"""What the clinician is reminded of before somebody is let in.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisation", sa.Column("identity_reminder", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("organisation", "identity_reminder")
