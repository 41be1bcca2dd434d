"""How a connection is being set up in the portal; a draft may hold any address.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ADDRESS = ["org_id", "base_url", "environment"]
_UNIQUE = "uq_connection_org_id_base_url_environment"


def upgrade() -> None:
    op.create_table(
        "connection_setup",
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("begun_by", sa.String(), nullable=True),
        sa.Column("typed", JSONB(), nullable=True),
        sa.Column("validation", JSONB(), nullable=True),
        sa.Column("record_tests", JSONB(), nullable=False),
        sa.Column("existing", JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_connection_setup_connection_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_connection_setup_org_id")),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_connection_setup")),
    )
    op.drop_constraint(_UNIQUE, "connection", type_="unique")
    op.create_index(
        "ux_connection_address",
        "connection",
        _ADDRESS,
        unique=True,
        postgresql_where=sa.text("state <> 'draft'"),
    )


def downgrade() -> None:
    op.drop_index("ux_connection_address", "connection")
    op.drop_table("connection_setup")
    # What was begun and not done cannot stand under the older rule.
    op.execute("DELETE FROM connection WHERE state = 'draft'")
    op.create_unique_constraint(_UNIQUE, "connection", _ADDRESS)
