"""The patient portal's own FHIR base and client on a connection.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connection", sa.Column("patient_base_url", sa.String(), nullable=True))
    op.add_column("connection", sa.Column("patient_client_id", sa.String(), nullable=True))
    op.add_column("connection", sa.Column("patient_client_secret_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("connection", "patient_client_secret_sealed")
    op.drop_column("connection", "patient_client_id")
    op.drop_column("connection", "patient_base_url")
