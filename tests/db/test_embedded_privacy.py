"""The embedded server is closed to others, opens nothing of theirs, and writes nothing down that it was told."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from housecall.db.embedded import EmbeddedPostgres
from tests.db.processes import ROOT, Child, ask, import_path, is_there, server_pid

NOBODY = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def sockets_of(dsn: str) -> Path:
    return Path(psycopg.conninfo.conninfo_to_dict(dsn)["host"])


def test_what_it_makes_is_closed_to_other_users(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)

    modes = {mode(sockets_of(share.dsn)), mode(folder / "pg" / "18")}
    secrets = {mode(path) for path in [*folder.glob("pg.*"), folder / "pg" / "log"]}

    assert (modes, secrets) == ({0o700}, {0o600})
    assert ask(share.dsn, "SHOW listen_addresses") == ""
    share.leave()
    assert not sockets_of(share.dsn).exists()


def test_nobody_enters_without_the_password(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)

    for password in ("", "guessed"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(share.dsn, password=password)

    share.leave()


def test_closed_parents_stay_closed(folder: Path) -> None:
    """As root the database then lies elsewhere, since its user cannot come in."""
    closed = folder / "closed"
    data_dir = closed / "data"
    data_dir.mkdir(parents=True)
    for path in (closed, data_dir):
        path.chmod(0o700)
    before = {path: path.stat().st_mode for path in (data_dir, *data_dir.parents)}

    share = EmbeddedPostgres.join(data_dir)
    ask(share.dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    share.leave()
    share = EmbeddedPostgres.join(data_dir)

    assert {path: path.stat().st_mode for path in before} == before
    assert ask(share.dsn, "SELECT number FROM kept") == 7
    share.leave()
    if (data_dir / "pg.location").exists():
        shutil.rmtree((data_dir / "pg.location").read_text().strip())


def test_a_lost_password_is_replaced_and_the_data_is_there(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)
    ask(share.dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    old = share.dsn
    share.leave()

    (folder / "pg.password").unlink()
    share = EmbeddedPostgres.join(folder)

    assert share.dsn != old
    assert ask(share.dsn, "SELECT number FROM kept") == 7
    share.leave()


def test_its_log_holds_no_value_of_a_row_or_a_parameter(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)
    ask(share.dsn, "CREATE TABLE person (name text UNIQUE, born date)")
    ask(share.dsn, "INSERT INTO person VALUES ('Planted Person')")

    with psycopg.connect(share.dsn, autocommit=True) as connection:
        for query in (
            "INSERT INTO person VALUES (%s)",
            "INSERT INTO person VALUES ('x', %s::text::date)",
            "SELECT 1 / (length(%s) - 14)",
        ):
            with pytest.raises(
                psycopg.DataError if "date" in query or "1 /" in query else psycopg.IntegrityError
            ):
                connection.execute(query, ("Planted Person",))
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("SELECT 'Planted Person' FROM nowhere WHERE")
    share.leave()

    written = (folder / "pg" / "log").read_text()
    assert "database system is shut down" in written
    assert "Planted" not in written


def test_an_ordinary_user_needs_no_other_user() -> None:
    python = python_of(NOBODY)
    own = Path(tempfile.mkdtemp(prefix="hc-tests-", dir="/tmp"))
    os.chown(own, NOBODY, NOBODY)

    holder = Child("tests.db.holder", str(own / "data"), python=python, uid=NOBODY)
    holder.line()
    pid = server_pid(own)
    runs_as = Path(f"/proc/{pid}").stat().st_uid

    assert holder.finish() == "left"
    assert runs_as == NOBODY
    assert not is_there(pid)
    shutil.rmtree(own)


def python_of(uid: int) -> Path:
    """An interpreter of our version that this user can run us with; skips where there is none."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    for name in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        try:
            tried = subprocess.run(
                [name, "-c", "import housecall.db.embedded"],
                user=uid,
                group=uid,
                extra_groups=[],
                cwd=ROOT,
                env={"PYTHONPATH": import_path(), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return Path(name)
    pytest.skip("no Python of this version that an ordinary user may run")
