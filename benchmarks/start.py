"""`make bench-start`: `housecall serve` from nothing to ready, the database's own start taken out.

The database runs already while `serve` is started, as it does where PostgreSQL is a server of its own; how long
the embedded one takes is measured apart. Twice: on an empty database, whose tables `serve` makes first, and on
one that is as this version wants it.
"""

import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from housecall.db.embedded import EmbeddedPostgres

RUNS = int(os.environ.get("RUNS", "10"))
READY_WITHIN_S = 1.5
# The libraries that nobody who builds on them can do without.
REFERENCE = "import fastapi, sqlalchemy, procrastinate, psycopg"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Place:
    """A data directory of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hc-bench-start-", dir="/tmp"))
        os.chmod(self.folder, 0o755)

    def __enter__(self) -> Path:
        return self.folder / "data"

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    """Whether /readyz says so now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (ConnectionError, TimeoutError):
        return False
    finally:
        connection.close()


def cpu_s(pid: int) -> float:
    """The processor time that a process has had, its threads' included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def start_and_stop(data: Path) -> tuple[float, float]:
    """How long until ready, and the processor time that took, both in seconds."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOUSECALL_")}
    settings = {"HOUSECALL_PORT": str(port), "HOUSECALL_DATA_DIR": str(data), "HOUSECALL_LOG_LEVEL": "ERROR"}
    command = [str(Path(sys.executable).with_name("housecall")), "serve"]
    begun = time.monotonic()
    process = subprocess.Popen(command, env=kept | settings)
    try:
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() - begun > 60:
                raise RuntimeError("the house did not start")
            time.sleep(0.005)
        return time.monotonic() - begun, cpu_s(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def start_first() -> tuple[float, float, float]:
    """On a new data directory: seconds until ready and of processor time, and the database's own seconds."""
    with Place() as data:
        begun = time.monotonic()
        database = EmbeddedPostgres.join(data)
        took_s = time.monotonic() - begun
        try:
            return *start_and_stop(data), took_s
        finally:
            database.leave()


def start_again(runs: int) -> list[tuple[float, float]]:
    """On a data directory that was used before."""
    with Place() as data:
        database = EmbeddedPostgres.join(data)
        try:
            start_and_stop(data)
            return [start_and_stop(data) for _ in range(runs)]
        finally:
            database.leave()


def import_libraries() -> float:
    """The reference: Python and the libraries, and nothing of ours."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", REFERENCE], check=True)
    return time.monotonic() - begun


def spread(values: list[float]) -> dict[str, float]:
    """Median, best and worst, in seconds."""
    return {
        "p50": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def measure() -> dict[str, Any]:
    """The one line of JSON."""
    libraries, firsts, agains = [], [], []
    # One after the other, so that a busy minute of the machine falls on all of them.
    for _ in range(RUNS):
        libraries.append(import_libraries())
        firsts.append(start_first())
    for _ in range(2):
        agains += start_again(RUNS // 2 or 1)
    ready, used = ([one[n] for one in agains] for n in (0, 1))
    empty = [one[0] for one in firsts]
    return {
        "bench": "start",
        "runs": len(agains),
        "ready_s": spread(ready),
        "of_that_processor_s": spread(used),
        "ready_with_new_tables_s": spread(empty),
        "embedded_database_first_start_s": spread([one[2] for one in firsts]),
        "reference": {"what": f'python -c "{REFERENCE}", same run', "took_s": spread(libraries)},
        "times_reference": round(statistics.median(ready) / statistics.median(libraries), 2),
        "bar": {"ready_p50_s": READY_WITHIN_S, "ready_with_new_tables_p50_s": READY_WITHIN_S},
        "holds": statistics.median(ready) <= READY_WITHIN_S and statistics.median(empty) <= READY_WITHIN_S,
    }


def main() -> int:
    """Run it; 0 when the bar holds."""
    found = measure()
    print(json.dumps(found))
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
