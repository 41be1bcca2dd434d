"""Phone numbers, accounts with text providers, consents in their words, and what is wrong with a provider.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("connection", sa.Column("texts_backup", sa.String(), nullable=True))
    for name in ("is_doubted", "has_slot"):
        op.add_column("message", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    _accounts()
    _numbers()
    op.create_table(
        "text_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", _WHEN, nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_text_consent_org_id", "text_consent", ["org_id", "given_at"])


def _accounts() -> None:
    op.create_table(
        "text_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("changed_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("org_id", "provider", name=op.f("uq_text_account_org_id_provider")),
    )
    op.create_table(
        "text_trouble",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("since", _WHEN, nullable=False),
        sa.Column("last_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("org_id", "provider"),
    )


def _numbers() -> None:
    op.create_table(
        "phone_number",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.String(), nullable=True),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("buying_since", _WHEN, nullable=True),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("verification", sa.String(), nullable=False),
        sa.Column("verification_at", _WHEN, nullable=True),
        sa.Column("pace", sa.Integer(), nullable=True),
        sa.Column("paced_until", _WHEN, nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", _WHEN, nullable=False),
        sa.Column("give_up_at", _WHEN, nullable=False),
        sa.Column("active_at", _WHEN, nullable=True),
        sa.Column("ended_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_phone_number_org_id", "phone_number", ["org_id", "requested_at"])
    op.create_index("ix_phone_number_number", "phone_number", ["number"])
    op.create_table(
        "number_proof",
        sa.Column("number_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["number_id"], ["phone_number.id"]),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("number_id"),
    )


def downgrade() -> None:
    for table in ("text_consent", "number_proof", "phone_number", "text_trouble", "text_account"):
        op.drop_table(table)
    for name in ("has_slot", "is_doubted"):
        op.drop_column("message", name)
    op.drop_column("connection", "texts_backup")
