"""What is written to the EHR: which of it a connection has switched on, and the ledger.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Off for every connection there is: nobody asked for it yet.
    op.add_column(
        "connection",
        sa.Column("write_back", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
    )
    op.alter_column("connection", "write_back", server_default=None)
    op.create_table(
        "write_back",
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_write_back_visit_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_write_back_org_id")),
        sa.PrimaryKeyConstraint("visit_id", "kind", name=op.f("pk_write_back")),
    )
    op.create_index("ix_write_back_org_id_wanted_at", "write_back", ["org_id", "wanted_at"])


def downgrade() -> None:
    op.drop_table("write_back")
    op.drop_column("connection", "write_back")
