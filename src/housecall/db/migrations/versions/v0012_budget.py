"""A budget of requests to the EHR for each connection, what was spent of it, and how long a day's schedule is.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "connection", sa.Column("requests_per_min", sa.Integer(), nullable=False, server_default="2400")
    )
    op.alter_column("connection", "requests_per_min", server_default=None)
    op.add_column("connection", sa.Column("feed_a_day", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("connection", "feed_a_day", server_default=None)
    op.create_table(
        "ehr_spending",
        sa.Column("connection_id", sa.String(), sa.ForeignKey("connection.id"), primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("held_back_at", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("ehr_spending")
    op.drop_column("connection", "feed_a_day")
    op.drop_column("connection", "requests_per_min")
