"""A data directory of a test's own, with nothing left running in it afterwards."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from housecall.db.embedded import EmbeddedPostgres
from tests.db.processes import Child

Hold = Callable[[], Child]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory whose parents everybody may enter."""
    made = Path(tempfile.mkdtemp(prefix="hc-tests-", dir="/tmp"))
    os.chmod(made, 0o755)
    yield made
    if (made / "pg.password").exists():
        EmbeddedPostgres.join(made).leave()
    shutil.rmtree(made)


@pytest.fixture
def hold(folder: Path) -> Iterator[Hold]:
    """Starts a process that holds a share in the folder's server."""
    started: list[Child] = []

    def start() -> Child:
        started.append(Child("tests.db.holder", str(folder)))
        return started[-1]

    yield start
    for child in started:
        child.kill()
