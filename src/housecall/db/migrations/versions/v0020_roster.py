"""Whom a meeting's service told of, with the instants of it; and since when both sides were there.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What was told without an instant is older than anything that has one.
_TO_TOLD = """
    UPDATE visit_meeting SET roster = jsonb_build_object('over_at', NULL, 'people', (
        SELECT jsonb_object_agg(key, jsonb_build_object(
            'user', value->0, 'lobby', value->1, 'gone', false, 'at', '1970-01-01T00:00:00+00:00',
            'in', CASE WHEN value->1 = 'true' THEN NULL ELSE '1970-01-01T00:00:00+00:00' END))
        FROM jsonb_each(roster)))
    WHERE roster <> '{}'
"""
_FROM_TOLD = """
    UPDATE visit_meeting SET roster = COALESCE((
        SELECT jsonb_object_agg(key, jsonb_build_array(value->'user', value->'lobby'))
        FROM jsonb_each(roster->'people') WHERE value->'gone' = 'false'), '{}')
    WHERE roster <> '{}'
"""


def upgrade() -> None:
    for name in ("began_at", "doubtful_since"):
        op.add_column("visit_meeting", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE visit_meeting SET doubtful_since = now() WHERE is_doubtful")
    op.drop_column("visit_meeting", "is_doubtful")
    op.execute(_TO_TOLD)


def downgrade() -> None:
    op.execute(_FROM_TOLD)
    op.add_column(
        "visit_meeting", sa.Column("is_doubtful", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("visit_meeting", "is_doubtful", server_default=None)
    op.execute("UPDATE visit_meeting SET is_doubtful = doubtful_since IS NOT NULL")
    for name in ("began_at", "doubtful_since"):
        op.drop_column("visit_meeting", name)
