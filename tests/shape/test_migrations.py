"""The migrations make the tables that the code declares, and can be taken back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from housecall.db.base import Base
from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import config_for, migrate, migrate_down, newest_revision


def url_of(postgres: EmbeddedPostgres, name: str) -> str:
    return postgres.create_database(name).replace("postgresql://", "postgresql+psycopg://")


def ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Leave out the queue's own tables."""
    return not (kind == "table" and (name or "").startswith(("procrastinate_", "alembic_")))


def test_up_makes_what_the_code_declares(postgres: EmbeddedPostgres) -> None:
    url = url_of(postgres, "migrations_up")

    migrate(url)

    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_scripts_names_tell_the_newest_revision(postgres: EmbeddedPostgres) -> None:
    """A start compares that with the database's instead of asking Alembic, which takes long to load."""
    engine = create_engine(url_of(postgres, "migrations_newest"))

    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(config_for(connection))
    engine.dispose()

    assert scripts.get_current_head() == newest_revision()


def test_up_down_up_ends_where_it_was(postgres: EmbeddedPostgres) -> None:
    url = url_of(postgres, "migrations_down")

    migrate(url)
    first = tables_of(url)
    migrate_down(url)
    empty = tables_of(url)
    migrate(url)

    assert empty <= {"alembic_version"}
    assert tables_of(url) == first


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names
