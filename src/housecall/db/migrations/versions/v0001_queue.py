"""The queue's schema, as the installed Procrastinate brings it.

Which version that was stands in the table's comment: a later migration applies what the package's own migrations
have added since then, and nothing where a newer package made the tables in the first place.

Revision: 0001, the first.
"""

from importlib.metadata import version
from typing import Final

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Everything by its prefix: tables take their indexes and triggers along, functions and types do not.
_DROP: Final = """
DO $$
DECLARE found text;
BEGIN
    FOR found IN SELECT format('DROP TABLE %s CASCADE', oid::regclass) FROM pg_class
        WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'r' AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE found; END LOOP;
    FOR found IN SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE found; END LOOP;
    FOR found IN SELECT format('DROP TYPE %s CASCADE', oid::regtype) FROM pg_type
        WHERE typname LIKE 'procrastinate\\_%' AND typnamespace = current_schema()::regnamespace
    LOOP EXECUTE found; END LOOP;
END $$
"""


def upgrade() -> None:
    _run(SchemaManager.get_schema())
    _run(f"COMMENT ON TABLE procrastinate_jobs IS 'procrastinate {version('procrastinate')}'")


def downgrade() -> None:
    _run(_DROP)


def _run(script: str) -> None:
    # Without parameters the driver sends the text as it is: many statements, and "%" means itself.
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
