"""What is still there after the sandbox was stopped, or killed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from housecall.kit.clock import FakeClock
from housecall.sandbox import SandboxOptions, sandbox_app
from housecall.sandbox.__main__ import read_options
from tests.sandbox.hospital import CALLBACK, NOW, OPTIONS, Hospital

Start = Callable[..., Awaitable[Hospital]]
TEXT = {
    "reference": "ref-1",
    "from": "+18335550100",
    "to": "+13125550110",
    "body": "Your visit is at 9:10 AM.",
}


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a sandbox on the same data each time; the one before is stopped first."""
    running: list[Hospital] = []
    clock = FakeClock(NOW)

    async def stop() -> None:
        for each in running:
            await each.web.aclose()
            await each.house.close()
        running.clear()

    async def begin(**change: object) -> Hospital:
        await stop()
        hooks: asyncio.Queue[httpx.Request] = asyncio.Queue()

        def outside(request: httpx.Request) -> httpx.Response:
            hooks.put_nowait(request)
            return httpx.Response(202)

        options = replace(OPTIONS, data_dir=tmp_path, **change)
        app = sandbox_app(options, clock=clock, outward=httpx.MockTransport(outside))
        web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OPTIONS.own_url)
        running.append(Hospital(web, app.state.house, clock, hooks))
        return running[0]

    yield begin
    await stop()


async def test_tokens_given_before_a_restart_open_and_renew_after_it(start: Start) -> None:
    hospital = await start()
    tokens = await hospital.tokens()

    hospital = await start()

    read = await hospital.fhir("GET", "/Patient/12880100", str(tokens["access_token"]))
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": "housecall-public",
    }
    renewed = await hospital.web.post(OPTIONS.token_url, data=form)
    assert (read.status_code, renewed.status_code) == (200, 200)


async def test_a_launch_under_way_is_finished_after_a_restart_and_spent_by_it(start: Start) -> None:
    hospital = await start()
    launch = await hospital.launch()
    back = await hospital.authorize(launch=launch)

    hospital = await start()

    assert (await hospital.exchange(back["code"])).status_code == 200
    assert "invalid-launch-code" in (await hospital.authorize(launch=launch))["error_uri"]


async def test_registered_apps_and_launch_addresses_are_kept_but_faults_end(start: Start) -> None:
    hospital = await start()
    form = {"client_id": "mine", "kind": "public", "redirect_uris": [CALLBACK]}
    await hospital.web.post("/sandbox/clients", json=form)
    switches = {"launch_url": "http://localhost:8000/ehr/launch/c_1", "ehr": "down"}
    await hospital.web.post("/sandbox/settings", json=switches)

    hospital = await start()

    shown = (await hospital.web.get("/sandbox/settings")).json()
    assert (shown["launch_url"], shown["ehr"]) == (switches["launch_url"], "up")
    assert "code" in await hospital.authorize(client_id="mine")


async def test_addresses_of_another_housecall_are_forgotten(start: Start) -> None:
    hospital = await start()
    await hospital.web.post("/sandbox/settings", json={"launch_url": "http://localhost:8000/ehr/launch/c_1"})

    hospital = await start(housecall_url="http://localhost:9000")

    assert (await hospital.web.get("/sandbox/settings")).json()["launch_url"] is None


async def test_a_text_taken_before_a_restart_is_delivered_after_it(start: Start) -> None:
    hospital = await start(receipt_after=timedelta(hours=1))
    await hospital.web.post("/gateway", json=TEXT)

    hospital = await start()
    again = await hospital.web.post("/gateway", json=TEXT)
    async with hospital_awake(hospital):
        receipt = json.loads((await hospital.next_hook()).content)
    hospital = await start()
    async with hospital_awake(hospital):
        await asyncio.sleep(0)

    assert again.json()["repeated"] is True
    assert (receipt["reference"], receipt["status"]) == ("ref-1", "delivered")
    assert hospital.hooks.empty()


class hospital_awake:
    """The sandbox's background work goes on within it, as it does in a running process."""

    def __init__(self, hospital: Hospital) -> None:
        self._app = hospital.web._transport.app  # type: ignore[attr-defined]

    async def __aenter__(self) -> None:
        self._lifespan = self._app.router.lifespan_context(self._app)
        await self._lifespan.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._lifespan.__aexit__(None, None, None)


async def test_a_file_that_cannot_be_read_is_put_aside_and_the_day_begins_anew(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sandbox.json").write_text('{"patients": 5}')
    (tmp_path / "doors.json").write_text("{")

    hospital = await start()

    assert len((await hospital.web.get("/sandbox/patients")).json()) == 30
    assert (tmp_path / "sandbox.unreadable").exists()
    assert (tmp_path / "doors.unreadable").exists()


def test_the_gateways_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_GATEWAY_SECRET", "a-secret-of-the-demo")

    options, host, port = read_options(["--port", "9001", "--housecall", "http://localhost:9000/"])

    assert options == SandboxOptions(
        own_url="http://127.0.0.1:9001",
        housecall_url="http://localhost:9000",
        gateway_secret="a-secret-of-the-demo",
    )
    assert (host, port) == ("127.0.0.1", 9001)


def test_nothing_told_is_lost_when_the_sandbox_is_killed(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as web:
        first = run(port, tmp_path, web)
        booked = web.post("/sandbox/appointments", json={"in_minutes": 30}).json()
        web.post("/gateway", json=TEXT)
        time.sleep(0.4)
        first.send_signal(signal.SIGKILL)
        first.wait(5)

        second = run(port, tmp_path, web)
        try:
            kept = web.get(f"/sandbox/appointments/{booked['id']}")
            texts = web.get("/sandbox/messages").json()
        finally:
            second.terminate()
            second.wait(10)

    assert kept.json()["patient"] == booked["patient"]
    assert [each["reference"] for each in texts] == ["ref-1"]


def run(port: int, folder: Path, web: httpx.Client) -> subprocess.Popen[bytes]:
    """The sandbox as a process, up and answering."""
    command = [sys.executable, "-m", "housecall.sandbox", "--port", str(port), "--data", str(folder)]
    # Housecall is nowhere: receipts wait for it and are no matter here.
    process = subprocess.Popen(
        [*command, "--housecall", "http://localhost:1"], env=os.environ.copy(), stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        assert process.poll() is None, "the sandbox did not start"
        try:
            web.get("/healthz").raise_for_status()
            return process
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the sandbox does not answer")
