"""What the text report reads, and who confirmed by a reply.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_message_report",
        "message",
        ["org_id", "due_at"],
        postgresql_include=["connection_id", "channel", "state", "reason"],
    )
    op.add_column("message", sa.Column("reply_hash", sa.String(), nullable=True))
    op.create_index(
        "ix_message_reply_hash", "message", ["reply_hash"], postgresql_where=sa.text("reply_hash IS NOT NULL")
    )
    op.add_column("visit", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("visit", "confirmed_at")
    op.drop_index("ix_message_reply_hash", "message")
    op.drop_column("message", "reply_hash")
    op.drop_index("ix_message_report", "message")
