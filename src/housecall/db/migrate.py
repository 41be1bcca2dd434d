"""Migrations at start: one process does them, the others wait."""

import logging
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

log = logging.getLogger(__name__)

_LOCK: Final = 42_000
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def config_for(connection: Connection) -> Config:
    """Alembic's configuration, bound to an open connection instead of a file."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def migrate(url: str, *, to: str = "head") -> None:
    """The database stands at ``to`` afterwards; several processes at once are harmless."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            try:
                command.upgrade(config_for(connection), to)
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                connection.commit()
    finally:
        engine.dispose()


def migrate_down(url: str, *, to: str = "base") -> None:
    """The database stands at an earlier revision afterwards; data of later tables is gone."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            command.downgrade(config_for(connection), to)
            connection.commit()
    finally:
        engine.dispose()
