"""What the carriers find wrong with a number's sender, and when they are asked again.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "phone_number", sa.Column("verification_faults", JSONB(), nullable=False, server_default="[]")
    )
    op.add_column("phone_number", sa.Column("verification_due_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("phone_number", "verification_due_at")
    op.drop_column("phone_number", "verification_faults")
