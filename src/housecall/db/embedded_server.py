"""One server on one data directory: whether it lives, and how it is started and stopped.

No process id is ever trusted. ``pg.alive`` says whether any process of the server is left, the socket says
whether it answers, and a signal goes only to a process that is shown to work in the database's own folder,
through a handle that cannot come to mean another process. All but ``is_gone`` is called under ``pg.lock``.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.pq import PGconn, Ping

from housecall.db.embedded_account import Account
from housecall.db.embedded_binaries import find_binaries, reachable_binaries
from housecall.db.embedded_errors import PasswordMissing, ServerUnreachable, StartFailed
from housecall.db.embedded_place import (
    Layout,
    open_lock,
    open_socket_folder,
    socket_folder,
    try_lock,
    write_private,
)

log = logging.getLogger(__name__)

ROLE: Final = "housecall"
DATABASE: Final = "housecall"
_PORT: Final = 5432  # only names the socket

# How long a server may stay silent, and how long it may say "starting up": the recovery of much data takes
# minutes.
_SILENCE_S: Final = 30.0
_RECOVERY_S: Final = 600.0
# A fast stop writes all that is in memory; after that the log makes it good at the next start.
_STOP_S: Final = 30.0

_LOG_BYTES: Final = 8_000_000

_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    # A log line must not hold what a row or a parameter holds: no errors of statements (the house logs its
    # own), no statements, no parameters, no details.
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}

_INITDB_OPTIONS: Final = (
    "--pwprompt",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # Sorting that is the same on every machine and with every C library.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)

# What we started: kept so that the dead are reaped, also when the server runs on after we left.
_children: Final[list[subprocess.Popen[bytes]]] = []


@dataclass(frozen=True)
class Server:
    """The server of a data directory, as the account that runs it."""

    layout: Layout
    account: Account

    def dsn(self, database: str = DATABASE) -> str:
        """The libpq address of a database."""
        password = self._read_password()
        return f"postgresql://{ROLE}:{password}@/{database}?host={self._sockets(password)}&port={_PORT}"

    def is_gone(self) -> bool:
        """Whether no process of the server is left."""
        descriptor = open_lock(self.layout.alive)
        try:
            # Shared: askers do not disturb one another.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def ensure_running(self) -> bool:
        """The server answers, and has the house's database; whether it had to be started.

        Raises ServerUnreachable, StartFailed, PasswordMissing.
        """
        started = False
        while not self._answers():
            alive = open_lock(self.layout.alive)
            try:
                if try_lock(alive):
                    self._start(alive)
                    started = True
            finally:
                os.close(alive)
        self._ensure_database()
        return started

    def stop(self) -> None:
        """No process of the server is left; one that will not stop is named in our log."""
        for number, seconds in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, _STOP_S)):
            self._signal(number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self.is_gone():
                    _reap()
                    self._remove_sockets()
                    return
                time.sleep(0.01)
        log.error("The embedded database did not stop.", extra={"folder": str(self.layout.folder)})

    def _remove_sockets(self) -> None:
        with contextlib.suppress(OSError):
            self._sockets(self._read_password()).rmdir()

    def _answers(self) -> bool:
        """True once it answers, False once none of its processes is left; waits for one of the two."""
        begun = heard = time.monotonic()
        while True:
            _reap()
            if self.is_gone():
                return False
            if not self.layout.password.exists():
                raise PasswordMissing
            answer = self._ping()
            now = time.monotonic()
            if answer == Ping.OK:
                return True
            if answer == Ping.REJECT:
                heard = now
            if now - heard > _SILENCE_S or now - begun > _RECOVERY_S:
                raise ServerUnreachable
            time.sleep(_pause_s(now - begun))

    def _start(self, alive: int) -> None:
        """The server has been started and answers; ``alive`` is its lock, which it inherits."""
        binaries = reachable_binaries(self.account, find_binaries()) / "bin"
        self._clear_remains()
        with self._output() as output:
            if not self.layout.pgdata.exists():
                self._make(binaries, alive, output)
            elif not self.layout.password.exists():
                self._replace_password(binaries, alive, output)
            sockets = self._sockets(self._read_password())
            open_socket_folder(sockets, self.account)
            for stale in sockets.iterdir():
                stale.unlink()
            command = [binaries / "postgres", "-D", self.layout.pgdata, *_as_options()]
            command += ["-c", f"unix_socket_directories={sockets}"]
            process = self.account.spawn(command, output=output, keep=[alive])
        _children.append(process)
        self._await_start(process)

    def _await_start(self, process: subprocess.Popen[bytes]) -> None:
        begun = time.monotonic()
        while self._ping() != Ping.OK:
            if process.poll() is not None:
                raise self._failure("PostgreSQL ended")
            waited = time.monotonic() - begun
            if waited > _RECOVERY_S:
                raise self._failure("PostgreSQL does not answer")
            time.sleep(_pause_s(waited))

    def _clear_remains(self) -> None:
        """What a killed server left is out of the way, and a server that others started is refused.

        Its pid file may name a zombie or, after a reboot, a stranger: PostgreSQL would not start for either.
        """
        with self._postmaster() as strange:
            if strange is not None:
                raise ServerUnreachable(
                    f"A PostgreSQL that Housecall did not start runs on {self.layout.pgdata}; stop it first."
                )
        self.layout.pid_file.unlink(missing_ok=True)
        if self._growing.exists():
            shutil.rmtree(self._growing)
        pgdata = self.layout.pgdata
        if self.account.is_other and pgdata.exists() and pgdata.stat().st_uid != self.account.uid:
            self.account.give_all(pgdata)

    def _make(self, binaries: Path, alive: int, output: int) -> None:
        """A new database is there, wholly or not at all."""
        if not self.layout.password.exists():
            write_private(self.layout.password, secrets.token_urlsafe(32) + "\n")
        password = self._read_password()
        self._growing.mkdir(mode=0o700)
        self.account.give(self._growing)
        command: list[str | Path]
        command = [binaries / "initdb", "-D", self._growing, f"--username={ROLE}", *_INITDB_OPTIONS]
        # With no terminal in its session the prompt reads standard input, twice.
        if self.account.run(command, output=output, keep=[alive], text=f"{password}\n{password}\n") != 0:
            raise self._failure("The database could not be made")
        self._growing.rename(self.layout.pgdata)
        _sync_folder(self.layout.folder)

    def _replace_password(self, binaries: Path, alive: int, output: int) -> None:
        password = secrets.token_urlsafe(32)
        command = [binaries / "postgres", "--single", "-D", self.layout.pgdata, *_as_options(), "postgres"]
        text = f"ALTER ROLE {ROLE} PASSWORD '{password}'\n"
        if self.account.run(command, output=output, keep=[alive], text=text) != 0:
            raise self._failure("The password could not be replaced")
        write_private(self.layout.password, password + "\n")
        log.warning("The file pg.password was gone: the database has a new password.")

    def _ensure_database(self) -> None:
        asked = "SELECT 1 FROM pg_database WHERE datname = %s"
        try:
            with psycopg.connect(self.dsn("postgres"), autocommit=True, connect_timeout=30) as connection:
                if connection.execute(asked, (DATABASE,)).fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            raise ServerUnreachable from None

    def _signal(self, number: signal.Signals) -> None:
        with self._postmaster() as process:
            if process is not None:
                signal.pidfd_send_signal(process, number)

    @contextlib.contextmanager
    def _postmaster(self) -> Iterator[int | None]:
        """A handle of the process named in the pid file, if it works in the database's folder.

        The handle is taken first and looked at afterwards, so that it cannot come to mean another process. A
        zombie works nowhere.
        """
        try:
            pid = int(self.layout.pid_file.read_text(encoding="ascii").split("\n", 1)[0])
            handle = os.pidfd_open(pid)
        except (OSError, ValueError):
            yield None
            return
        try:
            yield handle if _works_in(self.layout.pgdata, pid) else None
        except ProcessLookupError:
            pass  # it ended meanwhile
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _output(self) -> Iterator[int]:
        """A descriptor of the log; it is begun anew when long."""
        path = self.layout.log
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_name("log.old"))
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _failure(self, what: str) -> StartFailed:
        lines = self.layout.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return StartFailed(f"{what}; the end of {self.layout.log} says:\n" + "\n".join(lines[-5:]))

    def _ping(self) -> Ping:
        # A server that was halted takes the connection and says nothing.
        return Ping(PGconn.ping(f"{self.dsn('postgres')}&connect_timeout=5".encode()))

    def _read_password(self) -> str:
        return self.layout.password.read_text(encoding="ascii").strip()

    def _sockets(self, password: str) -> Path:
        return socket_folder(self.layout, password)

    @property
    def _growing(self) -> Path:
        """Where a new database lies until it is whole."""
        return self.layout.pgdata.with_name(self.layout.pgdata.name + ".new")


def _as_options() -> list[str | Path]:
    return [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]


def _pause_s(waited: float) -> float:
    """How long to wait before asking again: each asking is a line in the server's log."""
    return min(0.01 + waited / 10, 0.5)


def _works_in(folder: Path, pid: int) -> bool:
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), folder.stat())
    except OSError:
        return False


def _reap() -> None:
    for child in list(_children):
        if child.poll() is not None:
            with contextlib.suppress(ValueError):
                _children.remove(child)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
