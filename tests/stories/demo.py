"""The demo as a newcomer starts it, on free ports and with data of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx


def free_ports() -> int:
    """The first of two neighbouring free ports."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with socket.socket() as second, contextlib.suppress(OSError):
                second.bind(("127.0.0.1", port + 1))
                return port


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """A running demo: Housecall on ``localhost``, the sandbox on ``127.0.0.1``."""

    def __init__(self, *arguments: str, **settings: str) -> None:
        self.port = free_ports()
        self.folder = Path(tempfile.mkdtemp(prefix="hc-story-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        self.url = f"http://localhost:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.port + 1}"
        self._arguments, self._settings = arguments, settings
        self.log = self.folder / "demo.log"
        self._texts_before: dict[str, set[str]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(timeout=20.0)

    def start(self) -> "Demo":
        """Start it, and wait until it is ready."""
        environment = {
            **os.environ,
            "HOUSECALL_PORT": str(self.port),
            "HOUSECALL_DATA_DIR": str(self.folder / "data"),
            "HOUSECALL_LOG_LEVEL": "INFO",
            **self._settings,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "housecall.commands", "demo", *self._arguments],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_ready()
        return self

    def wait_until_ready(self, within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()[-4000:]
            with contextlib.suppress(httpx.TransportError):
                if self.http.get(f"{self.url}/readyz").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the demo did not start: " + self.log.read_text()[-4000:])

    def stop(self) -> None:
        """Stop it as Ctrl-C does, and clean up."""
        self.signal(signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.http.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to Housecall and the sandbox, and wait for the end."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(15)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._process = None

    def housecall(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What an operator types while the demo runs, and what it answered."""
        environment = {
            **os.environ,
            "HOUSECALL_DATA_DIR": str(self.folder / "data"),
            "HOUSECALL_PUBLIC_URL": self.url,
            "HOUSECALL_LOG_LEVEL": "CRITICAL",
        }
        command = [sys.executable, "-m", "housecall.commands", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def book(self, **wanted: Any) -> dict[str, Any]:
        """Book an appointment in the sandbox: ``in_minutes``, ``minutes``, ``patient``, ``video``."""
        wanted = {"in_minutes": 5, "minutes": 15, **wanted}
        answer = self.http.post(f"{self.sandbox}/sandbox/appointments", json=wanted)
        assert answer.status_code == 201, answer.text
        booked: dict[str, Any] = answer.json()
        # The same person may have had texts about a visit that was cancelled since.
        known = self._texts_before.setdefault(booked["phone"], set())
        known |= {one["id"] for one in self.texts(booked["phone"])}
        return booked

    def change(self, appointment: str, **wanted: Any) -> None:
        """Move or cancel an appointment in the sandbox."""
        answer = self.http.patch(f"{self.sandbox}/sandbox/appointments/{appointment}", json=wanted)
        assert answer.is_success, answer.text

    def texts(self, to: str | None = None) -> list[dict[str, Any]]:
        """The texts that arrived since this phone's newest booking, newest first."""
        messages: list[dict[str, Any]] = self.http.get(f"{self.sandbox}/sandbox/messages").json()
        old = self._texts_before.get(to or "", set())
        return [one for one in messages if (to is None or one["to"] == to) and one["id"] not in old]

    def wait_for_text(self, to: str, *, more_than: int = 0, within_s: float = 30.0) -> dict[str, Any]:
        """The newest text to this number, once there are more than ``more_than``."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = self.texts(to)
            if len(found) > more_than:
                return found[0]
            time.sleep(0.1)
        raise AssertionError("no text arrived; " + self.log.read_text()[-3000:])

    def wait_for_link(self, to: str, *, more_than: int = 0) -> str:
        """The patient's link in the newest text to this number."""
        text = self.wait_for_text(to, more_than=more_than)
        return next(str(word) for word in text["body"].split() if "/v/" in word)
