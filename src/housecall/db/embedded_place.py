"""Where the embedded PostgreSQL keeps things.

In the data directory: ``pg/18`` (the database), ``pg/log``, ``pg.password``, ``pg.location`` (only when the database
had to go elsewhere) and three lock files. The kernel frees a lock when its process ends, however it ends:

    pg.lock      exclusive, around every start and stop
    pg.holders   shared, one by each process that uses the server
    pg.alive     exclusive, inherited by the server and all its processes: free means none of them is left
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from housecall.db.embedded_account import Account
from housecall.db.embedded_binaries import MAJOR, open_shelter
from housecall.db.embedded_errors import (
    DataDirForeign,
    LocationMissing,
    ParentClosed,
    SocketFolderTaken,
    VersionMismatch,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """The paths of one data directory; ``folder`` holds the database and is ``data_dir/pg`` where possible."""

    data_dir: Path
    folder: Path

    @property
    def pgdata(self) -> Path:
        return self.folder / MAJOR

    @property
    def pid_file(self) -> Path:
        return self.pgdata / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.data_dir / "pg" / "log"

    @property
    def password(self) -> Path:
        return self.data_dir / "pg.password"

    @property
    def alive(self) -> Path:
        return self.data_dir / "pg.alive"


def open_data_dir(data_dir: Path) -> Path:
    """The data directory, resolved, made if missing, and ours. Raises DataDirForeign."""
    data_dir = data_dir.expanduser().resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    if data_dir.stat().st_uid != os.geteuid():
        raise DataDirForeign(
            f"{data_dir} belongs to another user; run as its owner or set HOUSECALL_DATA_DIR to a folder of your own."
        )
    return data_dir


def lay_out(data_dir: Path, account: Account) -> Layout:
    """The paths of a data directory; its parents stay as they are.

    As root the database may have to lie outside: where its user cannot enter the data directory, a folder under
    /var/lib/housecall-pg is made and named in ``pg.location``. Raises ParentClosed, LocationMissing, VersionMismatch.
    """
    own = data_dir / "pg"
    if not own.exists():
        own.mkdir()
        own.chmod(0o711 if account.is_other else 0o700)
    layout = Layout(data_dir, _folder_of_database(data_dir, account))
    _check_version(layout)
    return layout


def _folder_of_database(data_dir: Path, account: Account) -> Path:
    own, location = data_dir / "pg", data_dir / "pg.location"
    if location.exists():
        folder = Path(location.read_text(encoding="utf-8").strip())
        if not folder.is_dir():
            raise LocationMissing(
                f"{folder}, named by {location}, is not there; bring it back, or remove {location}."
            )
        return folder
    if account.can_enter(own):
        return own
    if (own / MAJOR).exists():
        # An empty database elsewhere would look like a loss of everything.
        raise ParentClosed(
            f"The database user cannot enter {own} any more, and the database lies there; "
            "open its parents again or move the data directory."
        )
    prefix = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] + "-"
    # Not the same folder for ever: a data directory that was removed and made again starts empty.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=open_shelter()))
    folder.chmod(0o711)
    if not account.can_enter(folder):
        raise ParentClosed
    write_private(location, f"{folder}\n")
    log.warning(
        "The database user cannot enter the data directory, so the database lies in the folder named by pg.location.",
        extra={"folder": str(folder)},
    )
    return folder


def _check_version(layout: Layout) -> None:
    if layout.pgdata.exists():
        found = {(layout.pgdata / "PG_VERSION").read_text(encoding="ascii").strip()}
    else:
        found = {entry.name for entry in layout.folder.iterdir() if entry.name.isdigit()}
    if found - {MAJOR}:
        raise VersionMismatch(
            f"The database in {layout.folder} was made by PostgreSQL {min(found)} and this one is {MAJOR}; "
            "dump it there and load it here."
        )


def socket_folder(layout: Layout, password: str) -> Path:
    """The folder of the server's socket; its name is a hash of the data directory and the password.

    Always under /tmp: the path of a socket may have some 100 bytes only, and $XDG_RUNTIME_DIR differs between
    sessions of one user and goes away with the last. Keyed, so that nobody can take the name before us.
    """
    name = hashlib.sha256(os.fsencode(layout.data_dir) + b"\0" + password.encode()).hexdigest()[:20]
    return Path("/tmp") / f"housecall-pg-{name}"  # noqa: S108


def open_socket_folder(folder: Path, account: Account) -> None:
    """The folder exists, belongs to the account and is closed to all others. Raises SocketFolderTaken."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        account.give(folder)
    found = folder.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid not in (account.uid, os.geteuid())
        or found.st_mode & 0o077
    ):
        raise SocketFolderTaken(f"{folder} is not a private folder of the database user; remove it.")
    account.give(folder)


def write_private(path: Path, text: str) -> None:
    """The file holds ``text``, readable by us alone; wholly or not at all."""
    growing = path.with_name(path.name + ".new")
    growing.unlink(missing_ok=True)
    descriptor = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    os.replace(growing, path)


def open_lock(path: Path) -> int:
    """A descriptor of a lock file; no program we start inherits it unless told to."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int) -> bool:
    """Whether the exclusive lock is ours now; never waits. A shared lock of ours is lost when it is not."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """The block runs alone among all processes; waits until it may."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
