"""Visits without an appointment: a launch's patient, and such a visit's, each sealed.

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("launch", sa.Column("patient_ref_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "instant_visit",
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("appointment_ref", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("patient_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_instant_visit_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_instant_visit_org_id_organisation")
        ),
        sa.PrimaryKeyConstraint("connection_id", "appointment_ref", name=op.f("pk_instant_visit")),
    )
    op.create_index("ix_instant_visit_expires_at", "instant_visit", ["expires_at"])


def downgrade() -> None:
    op.drop_table("instant_visit")
    op.drop_column("launch", "patient_ref_sealed")
