"""The processes of the arrival benchmark: the house under test, and the relay it is held against."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELAY = ROOT / "benchmarks" / "reference"


class House:
    """The house under test: a process of its own, in a folder of its own, seeded with ``visits`` open visits.

    Those from ``watched_from`` on have panels.
    """

    def __init__(self, *, visits: int, watched_from: int) -> None:
        self._seed = {"BENCH_VISITS": str(visits), "BENCH_WATCHED_FROM": str(watched_from)}
        self._folder = Path(tempfile.mkdtemp(prefix="hc-bench-arrival-", dir="/tmp"))
        os.chmod(self._folder, 0o755)
        self._notes = self._folder / "notes.json"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.arrival_house"], cwd=ROOT, env=self._env()
        )

    def _env(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOUSECALL_")},
            "HOUSECALL_PORT": str(self.port),
            "HOUSECALL_DATA_DIR": str(self._folder / "house"),
            "HOUSECALL_LOG_LEVEL": "WARNING",
            "BENCH_NOTES": str(self._notes),
            **self._seed,
        }

    async def until_ready(self) -> None:
        """Wait until it answers."""
        for _ in range(600):
            if self._process.poll() is not None:
                raise RuntimeError("the house did not start")
            try:
                if await asyncio.to_thread(self._asks_ready):
                    return
            except (urllib.error.URLError, ConnectionError):
                await asyncio.sleep(0.1)
        raise TimeoutError("the house was not ready within a minute")

    def _asks_ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as answer:
            return bool(answer.status == 200)

    def memory_kib(self) -> tuple[int, int]:
        """Proportional memory of the web process, and of the embedded database's processes, in KiB."""
        web = pss_kib(self._process.pid)
        return web, sum(pss_kib(int(pid)) for pid in self._database_pids())

    def _database_pids(self) -> list[str]:
        head = next((self._folder / "house").rglob("postmaster.pid")).read_text().split()[0]
        children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
        return [head, *children]

    async def notes(self) -> dict[tuple[str, int], int]:
        """When the commit behind each published snapshot was done (monotonic, ns), by visit and revision."""
        self._process.send_signal(signal.SIGUSR1)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if self._notes.exists():
                break
        await asyncio.sleep(0.5)
        return {(visit, rev): at for visit, rev, at in json.loads(self._notes.read_text())}

    def stop(self) -> None:
        """Stop it and remove what it left."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Relay:
    """The plain Node relay."""

    def __init__(self) -> None:
        if not (RELAY / "node_modules" / "ws").exists():
            subprocess.run(["npm", "ci", "--silent", "--no-progress"], cwd=RELAY, check=True)
        self._process = subprocess.Popen(
            ["node", "relay.js"], cwd=RELAY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout
        self.port: int = json.loads(self._process.stdout.readline())["port"]

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


def pss_kib(pid: int) -> int:
    """Proportional set size of a process, in KiB; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
