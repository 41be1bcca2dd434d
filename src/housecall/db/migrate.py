"""Migrations at start: one process does them, the others wait."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, create_engine, text

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

_LOCK: Final = 42_000
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def config_for(connection: Connection) -> "Config":
    """Alembic's configuration, bound to an open connection instead of a file."""
    # Imported when there is something to migrate: with all it brings along it is an eighth of a start.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """The revision that this version's tables stand at, by the scripts' names."""
    return max(path.name[1:5] for path in (_SCRIPTS / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))


def migrate(url: str, *, to: str = "head") -> None:
    """The database stands at ``to`` afterwards; several processes at once are harmless."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            # Each script and the note that it was run are one transaction: what is noted is done.
            if to != "head" or _revision_of(connection) != newest_revision():
                _upgrade(connection, to)
    finally:
        engine.dispose()


def migrate_down(url: str, *, to: str = "base") -> None:
    """The database stands at an earlier revision afterwards; data of later tables is gone."""
    from alembic import command

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            command.downgrade(config_for(connection), to)
            connection.commit()
    finally:
        engine.dispose()


def _revision_of(connection: Connection) -> str | None:
    with connection.begin():
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        stands_at: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return stands_at


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command

    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.commit()
    try:
        command.upgrade(config_for(connection), to)
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()
