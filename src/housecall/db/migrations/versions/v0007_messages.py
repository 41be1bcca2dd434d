"""E-mail, quiet hours and an organisation's own wordings.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connection", sa.Column("channels", sa.String(), nullable=False, server_default="text"))
    op.alter_column("connection", "channels", server_default=None)
    op.add_column("connection", sa.Column("quiet_from_min", sa.Integer(), nullable=True))
    op.add_column("connection", sa.Column("quiet_until_min", sa.Integer(), nullable=True))
    op.create_table(
        "message_template",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_message_template_org_id")),
        sa.PrimaryKeyConstraint("org_id", "kind", "channel", "language", name=op.f("pk_message_template")),
    )


def downgrade() -> None:
    op.drop_table("message_template")
    op.drop_column("connection", "quiet_until_min")
    op.drop_column("connection", "quiet_from_min")
    op.drop_column("connection", "channels")
