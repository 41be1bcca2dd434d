"""The embedded PostgreSQL: started by the first process that needs it, stopped by the last that leaves.

Any number of processes may hold a share, each may be killed at any instant, and so may the server: who
holds one is asked of the kernel's file locks, never of a list of process ids (see ``embedded_place.py``).
"""

import fcntl
import logging
import os
import threading
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from housecall.db.embedded_account import find_account
from housecall.db.embedded_errors import EmbeddedPostgresError
from housecall.db.embedded_place import lay_out, locked, open_data_dir, open_lock, try_lock
from housecall.db.embedded_server import Server

log = logging.getLogger(__name__)

# How often a holder looks whether the server is still there; a look costs two system calls.
_LOOK_EVERY_S: Final = 0.5
# A server that cannot be started again is tried more slowly.
_TRY_AGAIN_S: Final = 2.0


class EmbeddedPostgres:
    """A share in the server on one data directory; while it is held, a server that dies is started again."""

    def __init__(self, server: Server, data_dir: Path, share: int) -> None:
        self._server = server
        self._lock = data_dir / "pg.lock"
        self._share: int | None = share
        self._dsn = server.dsn()
        self._leaving = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)
        self._watcher.start()

    @classmethod
    def join(cls, data_dir: Path) -> "EmbeddedPostgres":
        """A share in the running server of this data directory, started and made if need be.

        Raises one of EmbeddedPostgresError, each with the sentence that says what to do.
        """
        data_dir = open_data_dir(data_dir)
        account = find_account()
        with locked(data_dir / "pg.lock"):
            server = Server(lay_out(data_dir, account), account)
            share = open_lock(data_dir / "pg.holders")
            try:
                fcntl.flock(share, fcntl.LOCK_SH)
                server.ensure_running()
                return cls(server, data_dir, share)
            except BaseException:
                _give_back(server, share)
                raise

    @property
    def dsn(self) -> str:
        """The libpq address of the house's database; the same for as long as the data directory lives."""
        return self._dsn

    @property
    def url(self) -> str:
        """The same for SQLAlchemy."""
        return self._dsn.replace("postgresql://", "postgresql+psycopg://", 1)

    def create_database(self, name: str) -> str:
        """The libpq address of a new, empty database of this name."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._server.dsn(name)

    def leave(self) -> None:
        """The share is given back, and the last one stops the server; leaving twice is harmless."""
        self._leaving.set()
        self._watcher.join()
        share, self._share = self._share, None
        if share is None:
            return
        with locked(self._lock):
            _give_back(self._server, share)

    def _watch(self) -> None:
        """Start the server again whenever none of its processes is left, until we leave."""
        wait_s = _LOOK_EVERY_S
        while not self._leaving.wait(wait_s):
            try:
                if self._server.is_gone():
                    self._start_again()
                wait_s = _LOOK_EVERY_S
            except (EmbeddedPostgresError, OSError) as fault:
                error = type(fault).__name__
                log.error("The embedded database cannot be started again.", extra={"error": error})
                wait_s = _TRY_AGAIN_S

    def _start_again(self) -> None:
        with locked(self._lock):
            # Another holder may have been first.
            if not self._leaving.is_set() and self._server.ensure_running():
                log.warning("The embedded database had ended and was started again.")


def _give_back(server: Server, share: int) -> None:
    """The share is gone; under ``pg.lock``, where nobody can join meanwhile."""
    try:
        if try_lock(share):
            server.stop()
    finally:
        os.close(share)
