"""The portal's way in and an organisation's settings: rules for roles, drafts, invitations, idle sessions, branding.

Revision: 0008, after 0007.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add("organisation", "sign_in_scope", sa.String(), "openid profile")
    _add("organisation", "sign_in_rules", JSONB(), "{}")
    op.add_column("organisation", sa.Column("sign_in_draft_sealed", sa.LargeBinary(), nullable=True))
    _add("organisation", "time_zone", sa.String(), "America/Chicago")
    _add("organisation", "revision", sa.Integer(), "0")
    _add("administrator", "other_roles", JSONB(), "[]")
    op.add_column("portal_session", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE portal_session SET last_used_at = created_at")
    op.alter_column("portal_session", "last_used_at", nullable=False)
    op.create_table(
        "branding",
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.String(), nullable=True),
        sa.Column("logo_hash", sa.String(), nullable=True),
        sa.Column("accent", sa.String(), nullable=True),
        sa.Column("texts", JSONB(), nullable=False, server_default="{}"),
    )
    op.create_table(
        "invite",
        sa.Column("token_hash", sa.String(), primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
    )


def _add(table: str, name: str, kind: "sa.types.TypeEngine[Any]", default: str) -> None:
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def downgrade() -> None:
    op.drop_table("invite")
    op.drop_table("branding")
    op.drop_column("portal_session", "last_used_at")
    op.drop_column("administrator", "other_roles")
    for name in ("revision", "time_zone", "sign_in_draft_sealed", "sign_in_rules", "sign_in_scope"):
        op.drop_column("organisation", name)
