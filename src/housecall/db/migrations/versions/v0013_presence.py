"""What the EHR was told last of who is in a visit.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("ehr_connected", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("participant", "ehr_connected")
