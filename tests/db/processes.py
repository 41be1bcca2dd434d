"""Real processes for the tests that kill: holders of a share, and the server under them."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]

# The task of the queue's tests.
TASK = "tests.task"


class Child:
    """A Python module in a process of its own; what it prints is read line by line."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        python: Path = Path(sys.executable),
        uid: int | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": import_path(), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
            text=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )

    def line(self, seconds: float = 60.0) -> str:
        """The next line it prints."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        assert ready, "it printed nothing"
        return self._process.stdout.readline().strip()

    def halt(self) -> None:
        """It stands still, and reaps no child."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._end()

    def terminate(self) -> int:
        """It is asked to stop; its exit code."""
        self._process.terminate()
        self._end()
        return self._process.returncode

    def finish(self) -> str:
        """Its input ends; the last line it prints."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        last = self.line()
        self._end()
        return last

    def _end(self) -> None:
        self._process.wait(30)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def import_path() -> str:
    """Where a process finds what we find, whatever its interpreter."""
    return os.pathsep.join(
        [str(ROOT), str(ROOT / "src"), *(path for path in sys.path if "site-packages" in path)]
    )


def server_pid(folder: Path) -> int:
    """The server's process as its own pid file says; 0 while there is none."""
    for path in folder.rglob("postmaster.pid"):
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(path.read_text().split("\n", 1)[0])
    return 0


def is_there(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return pid != 0 and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def answers(dsn: str) -> bool:
    """Whether the server takes a connection."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def ask(dsn: str, query: str) -> object:
    """The one value the query gives; committed."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query)  # type: ignore[call-overload]
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
