"""A real coturn on the loopback network, with short-lived credentials as in production."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

TURNSERVER: Final = shutil.which("turnserver") or "/usr/bin/turnserver"
# Neither is what a browser has for its own, so that no test takes a relay's address for somebody's.
HOST: Final = "127.0.0.3"
RELAYED_FROM: Final = "127.0.0.2"
SECRET: Final = "a secret of coturn and Housecall"
needs_coturn: Final = pytest.mark.skipif(not Path(TURNSERVER).exists(), reason="coturn is not installed here")


def free_port() -> int:
    """A port that is free for datagrams and for streams."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind((HOST, 0))
            port = int(stream.getsockname()[1])
            with contextlib.suppress(OSError):
                datagrams.bind((HOST, port))
                return port


class Coturn:
    """Runs while the block lasts; ``log`` tells what it did."""

    def __init__(self, *options: str, secret: str = SECRET, is_open: bool = False) -> None:
        self.port = free_port()
        self.secret = secret
        self._folder = Path(tempfile.mkdtemp(prefix="hc-coturn-", dir="/tmp"))
        os.chmod(self._folder, 0o755)
        guarded = ["--no-auth"] if is_open else ["--use-auth-secret", f"--static-auth-secret={secret}"]
        self._options = [*guarded, *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def udp(self) -> str:
        """Its address for datagrams, as a setting takes it."""
        return f"turn:{HOST}:{self.port}?transport=udp"

    @property
    def tcp(self) -> str:
        """Its address for streams."""
        return f"turn:{HOST}:{self.port}?transport=tcp"

    @property
    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("log*")))

    def wait_for_line(self, *parts: str, within_s: float = 5) -> bool:
        """Whether a line with all of these comes into the log in time."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if any(all(part in line for part in parts) for line in self.log.splitlines()):
                return True
            time.sleep(0.05)
        return False

    def settings(self, *urls: str) -> dict[str, str]:
        """What Housecall must be told to use it."""
        return {
            "HOUSECALL_TURN_URLS": ",".join(urls or (self.udp, self.tcp)),
            "HOUSECALL_TURN_SECRET": self.secret,
        }

    def start(self) -> Self:
        """It takes connections when this returns."""
        command = [
            TURNSERVER, "-n", f"--listening-ip={HOST}", f"--relay-ip={RELAYED_FROM}",
            f"--listening-port={self.port}", "--realm=housecall.test", "--no-tls", "--no-dtls", "--no-cli",
            # Two browsers of one machine meet on it; in production nobody's peer is the relay's own loopback.
            "--allow-loopback-peers", f"--log-file={self._folder}/log", "--simple-log", "--verbose",
            f"--pidfile={self._folder}/pid", f"--userdb={self._folder}/users", *self._options,
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log[-2000:]
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError("coturn did not start: " + self.log[-2000:])

    def kill(self) -> None:
        """It is gone from one instant to the next, and with it every way through it; ``start`` begins afresh."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        process.wait(5)

    def stop(self) -> None:
        """It is gone, and so is all it wrote."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
