"""The embedded server is shared by processes, survives their deaths and its own, and harms nobody."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from housecall.db.embedded import EmbeddedPostgres
from housecall.db.embedded_account import find_account
from housecall.db.embedded_binaries import find_binaries, reachable_binaries
from housecall.db.embedded_errors import ServerUnreachable
from tests.db.conftest import Hold
from tests.db.processes import answers, ask, eventually, is_there, server_pid

SINCE = "SELECT pg_postmaster_start_time()::text"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's own user that has nothing to do with it."""
    process = find_account().spawn(["sleep", "600"], output=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def test_six_at_once_share_one_server_and_the_last_stops_it(folder: Path, hold: Hold) -> None:
    holders = [hold() for _ in range(6)]

    addresses = {holder.line() for holder in holders}
    pid = server_pid(folder)
    for holder in holders[:5]:
        assert holder.finish() == "left"

    assert len(addresses) == 1
    assert answers(addresses.pop())
    assert holders[5].finish() == "left"
    assert not is_there(pid)


def test_a_killed_holder_does_not_keep_the_server(folder: Path, hold: Hold) -> None:
    killed, other = hold(), hold()
    dsn = killed.line(), other.line()
    pid = server_pid(folder)

    killed.kill()

    assert answers(dsn[1])
    assert other.finish() == "left"
    assert not is_there(pid)


def test_the_next_attaches_to_the_server_of_a_killed_only_holder(folder: Path, hold: Hold) -> None:
    only = hold()
    dsn = only.line()
    ask(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    since, pid = ask(dsn, SINCE), server_pid(folder)

    only.kill()
    share = EmbeddedPostgres.join(folder)

    assert (share.dsn, ask(share.dsn, SINCE)) == (dsn, since)
    assert ask(share.dsn, "SELECT number FROM kept") == 7
    share.leave()
    assert not is_there(pid)


def test_a_start_that_was_killed_half_way_is_begun_anew(folder: Path, hold: Hold) -> None:
    first = hold()
    assert eventually(lambda: (folder / "pg" / "18.new" / "PG_VERSION").exists())

    first.kill()
    share = EmbeddedPostgres.join(folder)

    assert ask(share.dsn, "SELECT 1") == 1
    share.leave()


def test_a_killed_server_comes_back_with_all_that_was_committed(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)
    engine = create_engine(share.url, pool_pre_ping=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))

    killed = server_pid(folder)
    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: server_pid(folder) not in (0, killed) and answers(share.dsn))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT number FROM kept")).scalar() == 7
    engine.dispose()
    share.leave()


def test_a_killed_server_comes_back_while_its_zombie_is_in_the_pid_file(folder: Path, hold: Hold) -> None:
    starter = hold()
    dsn = starter.line()
    other = hold()
    other.line()
    killed = server_pid(folder)

    starter.halt()
    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: Path(f"/proc/{killed}").exists() and not is_there(killed))
    assert eventually(lambda: server_pid(folder) not in (0, killed) and answers(dsn))


def test_a_stranger_with_the_servers_old_number_is_neither_trusted_nor_killed(
    folder: Path, hold: Hold, stranger: subprocess.Popen[bytes]
) -> None:
    """After a reboot the pid file of a server that was cut off may name anybody."""
    holder = hold()
    dsn = holder.line()
    holder.kill()
    pid_file = next(folder.rglob("postmaster.pid"))
    old = str(server_pid(folder))
    os.kill(int(old), signal.SIGKILL)
    assert eventually(lambda: not answers(dsn))
    pid_file.write_text(pid_file.read_text().replace(old, str(stranger.pid), 1))

    share = EmbeddedPostgres.join(folder)
    assert ask(share.dsn, "SELECT 1") == 1
    share.leave()

    assert stranger.poll() is None


def test_stopping_signals_no_stranger_that_the_pid_file_names(
    folder: Path, stranger: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise the test would take the whole minute that a server is given to stop.
    monkeypatch.setattr("housecall.db.embedded_server._STOP_S", 0.2)
    share = EmbeddedPostgres.join(folder)
    pid_file = next(folder.rglob("postmaster.pid"))
    right = pid_file.read_text()
    pid_file.write_text(right.replace(str(server_pid(folder)), str(stranger.pid), 1))

    share.leave()

    assert stranger.poll() is None
    pid_file.write_text(right)


def test_a_server_that_somebody_else_started_on_the_data_is_left_alone(folder: Path) -> None:
    """Two servers on one folder would destroy it."""
    EmbeddedPostgres.join(folder).leave()
    pgdata = folder / "pg" / "18"
    binary = reachable_binaries(find_account(), find_binaries()) / "bin" / "postgres"
    command = [binary, "-D", pgdata, "-c", "listen_addresses=", "-c", f"unix_socket_directories={pgdata}"]
    other = find_account().spawn(command, output=subprocess.DEVNULL)
    assert eventually(lambda: (pgdata / "postmaster.pid").exists())

    with pytest.raises(ServerUnreachable):
        EmbeddedPostgres.join(folder)

    assert other.poll() is None
    other.terminate()
    other.wait()


def test_leaving_ends_the_watch_and_may_be_done_twice(folder: Path) -> None:
    before = set(threading.enumerate())
    share = EmbeddedPostgres.join(folder)
    watch = set(threading.enumerate()) - before

    share.leave()
    share.leave()

    assert len(watch) == 1
    assert not watch.pop().is_alive()
