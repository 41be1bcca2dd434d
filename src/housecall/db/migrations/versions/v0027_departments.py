"""Departments: sets of locations and practitioners that go live alone and may say some things otherwise.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "connection", sa.Column("is_pilot", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "department",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("locations", postgresql.JSONB(), nullable=False),
        sa.Column("practitioners", postgresql.JSONB(), nullable=False),
        sa.Column("texts_from", sa.String(), nullable=True),
        sa.Column("texts_backup", sa.String(), nullable=True),
        sa.Column("reminder_offsets_min", postgresql.JSONB(), nullable=True),
        sa.Column("meeting_service", sa.String(), nullable=True),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("switched_at", _TIME, nullable=True),
        sa.Column("switched_by", sa.String(), nullable=True),
        sa.Column("archived_at", _TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_department_org_id")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_department_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
    )
    op.create_index(
        "ux_department_name", "department", ["connection_id", "name"], unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )  # fmt: skip
    op.add_column("visit", sa.Column("department_id", sa.String(), nullable=True))
    op.create_foreign_key(op.f("fk_visit_department_id"), "visit", "department", ["department_id"], ["id"])
    op.create_index(
        "ix_visit_department_id_starts_at", "visit", ["department_id", "starts_at"],
        postgresql_where=sa.text("department_id IS NOT NULL"),
    )  # fmt: skip
    op.add_column(
        "message_template", sa.Column("department_id", sa.String(), nullable=False, server_default="")
    )
    _set_key("org_id", "department_id", "kind", "channel", "language")


def downgrade() -> None:
    op.execute("DELETE FROM message_template WHERE department_id <> ''")
    _set_key("org_id", "kind", "channel", "language")
    op.drop_column("message_template", "department_id")
    op.drop_index("ix_visit_department_id_starts_at", table_name="visit")
    op.drop_constraint(op.f("fk_visit_department_id"), "visit")
    op.drop_column("visit", "department_id")
    op.drop_table("department")
    op.drop_column("connection", "is_pilot")


def _set_key(*columns: str) -> None:
    op.drop_constraint(op.f("pk_message_template"), "message_template")
    op.create_primary_key(op.f("pk_message_template"), "message_template", list(columns))
