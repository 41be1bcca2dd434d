"""Who PostgreSQL runs as: ourselves, or as root a system user of its own, since PostgreSQL refuses root."""

import contextlib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from housecall.db.embedded_errors import DatabaseUserMissing

DATABASE_USER: Final = "housecall-pg"


@dataclass(frozen=True)
class Account:
    """The system user of the server; ``is_other`` when it is not the one we run as (then we are root)."""

    uid: int
    gid: int
    is_other: bool

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        output: int,
        keep: Sequence[int] = (),
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """The command runs as this account in a session of its own; of our descriptors it gets only ``keep``.

        Its environment is bare: ours may hold keys, and PG* variables would lead the server elsewhere.
        """
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=stdin,
            stdout=output,
            stderr=output,
            close_fds=True,
            pass_fds=keep,
            cwd="/",
            env={**kept, "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def run(
        self, command: Sequence[str | Path], *, output: int, keep: Sequence[int] = (), text: str = ""
    ) -> int:
        """The command's exit code, after it read ``text``."""
        process = self.spawn(command, output=output, keep=keep, stdin=subprocess.PIPE)
        with process:
            process.communicate(text.encode())
        return process.returncode

    def give(self, path: Path) -> None:
        """A file or folder that we made belongs to this account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def give_all(self, folder: Path) -> None:
        """A folder of ours and all in it belong to this account: the user was made anew with another number."""
        for _name, folders, files, inside in os.fwalk(folder):
            for name in (".", *folders, *files):
                os.chown(name, self.uid, self.gid, dir_fd=inside, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may enter the folder; tried rather than computed, access lists count too."""
        if not self.is_other:
            return folder.is_dir()
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], output=subprocess.DEVNULL) == 0


def find_account() -> Account:
    """The account to run PostgreSQL as; as root its user is made if it is not there.

    Raises DatabaseUserMissing.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    entry = _find_user() or _make_user()
    account = Account(entry.pw_uid, entry.pw_gid, is_other=True)
    try:
        account.can_enter(Path("/"))
    except (PermissionError, subprocess.SubprocessError):
        raise DatabaseUserMissing(
            f"This root may not change to the user {DATABASE_USER}, and PostgreSQL does not run as root; "
            "run Housecall as an ordinary user."
        ) from None
    return account


def _find_user() -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(DATABASE_USER)
        if entry.pw_uid != 0:
            return entry
    return None


def _make_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if useradd is None:
        raise DatabaseUserMissing(
            f"PostgreSQL does not run as root, and useradd is not here to make the user {DATABASE_USER}; "
            "make it, or run Housecall as an ordinary user."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/bin/false", DATABASE_USER]
    # Another start may be making the same user: useradd locks its files and fails at once.
    for _try in range(20):
        subprocess.run(command, capture_output=True, check=False)
        if entry := _find_user():
            return entry
        time.sleep(0.1)
    raise DatabaseUserMissing(
        f"PostgreSQL does not run as root, and the user {DATABASE_USER} could not be made; "
        f"run useradd --system {DATABASE_USER} to see why, or run Housecall as an ordinary user."
    )
