"""The same demo in its parts, each a process of its own: so that Housecall can be killed and the EHR goes on."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import httpx

from housecall.sandbox.options import ADDRESSES
from tests.stories.demo import Demo, free_port

_SECRET = "a-secret-of-sixteen-or-more"


class Parts(Demo):
    """``housecall serve`` beside the sandbox, declared by ``housecall connect`` as an operator does."""

    vendor = "millennium"
    _sandbox_process: subprocess.Popen[bytes] | None = None
    _messages_process: subprocess.Popen[bytes] | None = None

    def __init__(self, **settings: str) -> None:
        super().__init__(**settings)
        self.siu_port = free_port()

    def start(self) -> "Parts":
        command = [sys.executable, "-m", "housecall.sandbox", "--port", str(self.port + 1)]
        command += ["--housecall", self.url, "--data", str(self.folder / "sandbox")]
        command += ["--vendor", self.vendor, "--siu-port", str(self.siu_port)]
        with self.log.open("ab") as log:
            self._sandbox_process = subprocess.Popen(
                command, env={**os.environ, "SANDBOX_GATEWAY_SECRET": _SECRET}, stdout=log, stderr=log
            )
        self._until(f"{self.sandbox}/sandbox/settings")
        addresses = self.connect()
        where = {name: addresses[name] for name in ("launch_url", "patient_launch_url")}
        self.http.post(f"{self.sandbox}/sandbox/settings", json=where)
        self.serve()
        if self.vendor == "epic":
            self.hear_messages(addresses["id"])
        return self

    def of(self, vendor: str) -> "Parts":
        """The same with that vendor's manners; before it is started."""
        self.vendor = vendor
        return self

    def hear_messages(self, connection: str) -> None:
        """``housecall siu`` for the connection."""
        command = [sys.executable, "-m", "housecall.commands", "siu", "--connection", connection]
        with self.log.open("ab") as log:
            self._messages_process = subprocess.Popen(
                [*command, "--port", str(self.siu_port)], env=self.environment(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.siu_port), 1):
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-3000:])

    def connect(self, *more: str) -> dict[str, str]:
        """Declare the connection; what the command printed."""
        base = self.sandbox + ADDRESSES[self.vendor].fhir
        locations = [one["id"] for one in self.http.get(f"{self.sandbox}/sandbox/locations").json()]
        command = [sys.executable, "-m", "housecall.commands", "connect"]
        command += ["--base-url", base, "--environment", "test"]
        if "--client-id" not in more:
            command += ["--client-id", "housecall-clinician", "--client-secret", "sandbox-clinician-secret"]
        if self.vendor == "epic":
            command += ["--system-client-id", "housecall-asymmetric", "--write-back", "presence"]
        elif "--system-client-id" not in more:
            command += ["--system-client-id", "housecall-system"]
            command += ["--system-client-secret", "sandbox-system-secret"]
        if self.vendor == "millennium":
            command += ["--location", *locations]
        command += ["--texts-from", "+15550100100", "--texts-to", "any"]
        command += ["--consent-send", "--consent-attendees", "--frame-ancestor", self.sandbox, *more]
        found: dict[str, str] = self._command(command)
        return found

    def rotate_key(self) -> dict[str, Any]:
        """``housecall rotate-key``; what it printed."""
        return self._command([sys.executable, "-m", "housecall.commands", "rotate-key"])

    def invite(self, organisation: str = "default") -> str:
        """The address that ``housecall admin invite`` printed."""
        command = [sys.executable, "-m", "housecall.commands", "admin", "invite"]
        return str(self._command([*command, "--organisation", organisation])["url"])

    def _command(self, command: list[str]) -> dict[str, Any]:
        done = subprocess.run(command, env=self.environment(), capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def serve(self) -> None:
        """Start Housecall, and wait until it is ready."""
        command = [sys.executable, "-m", "housecall.commands", "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_ready()

    def kill(self) -> None:
        """Housecall alone is gone from one instant to the next; its database's server goes on."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
        for process in (self._messages_process, self._sandbox_process):
            if process is not None:
                process.terminate()
                process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.http.close()

    def environment(self) -> dict[str, str]:
        """What Housecall's processes are told."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOUSECALL_")},
            "HOUSECALL_PORT": str(self.port),
            "HOUSECALL_DATA_DIR": str(self.folder / "data"),
            "HOUSECALL_FEED_EVERY_S": "2",
            "HOUSECALL_ALLOW_PRIVATE_ADDRESSES": "127.0.0.0/8",
            "HOUSECALL_SMS_GATEWAY_URL": f"{self.sandbox}/gateway",
            "HOUSECALL_SMS_GATEWAY_SECRET": _SECRET,
            **self._settings,
        }

    def _until(self, url: str) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if self.http.get(url).is_success:
                    return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-3000:])
