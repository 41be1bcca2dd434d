"""A serving house outlives its embedded database's death, and does not leave it behind."""

import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from housecall.db.embedded import EmbeddedPostgres
from tests.db.processes import Child, ask, eventually, is_there, server_pid


@dataclass
class Serving:
    """``housecall serve`` in a process of its own."""

    process: Child
    port: int
    folder: Path

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def dsn(self) -> str:
        """The database's address, by a share that is given back at once."""
        share = EmbeddedPostgres.join(self.folder)
        share.leave()
        return share.dsn


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        "HOUSECALL_DATA_DIR": str(folder),
        "HOUSECALL_HOST": "127.0.0.1",
        "HOUSECALL_PORT": str(port),
        "HOUSECALL_PUBLIC_URL": f"http://localhost:{port}",
        "HOUSECALL_LOG_LEVEL": "CRITICAL",
    }
    house = Serving(Child("housecall.commands", "serve", env=env), port, folder)
    assert eventually(house.is_ready, 60)
    yield house
    house.process.kill()


def test_a_house_whose_database_was_killed_serves_and_works_again(serving: Serving) -> None:
    """Also its worker: it once ended with the database's death, and nobody noticed."""
    dsn = serving.dsn()
    killed = server_pid(serving.folder)

    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: server_pid(serving.folder) not in (0, killed) and serving.is_ready())
    ask(dsn, "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'tests.unknown')")

    assert eventually(
        lambda: (
            ask(dsn, "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'tests.unknown'")
            == "failed"
        )
    )


def test_a_house_that_is_told_to_stop_takes_its_database_along(serving: Serving) -> None:
    pid = server_pid(serving.folder)

    code = serving.process.terminate()

    assert code == 0
    assert not is_there(pid)
