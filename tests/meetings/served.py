"""The make-believe tenant over real HTTP, with its insides at hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import uvicorn

from housecall.kit.clock import Clock
from housecall.meetings.base import MadeMeeting, MeetingPlan
from housecall.meetings.teams.backend import TeamsAccount, TeamsMeetings
from housecall.sandbox import SandboxOptions, sandbox_app
from housecall.sandbox.house import House
from housecall.sandbox.teams.tenant import CLIENT_ID, TENANT_ID
from tests.sandbox.tenant import CERTIFICATE, CLINICIAN

PEM = CERTIFICATE.pem


@dataclass
class ServedTenant:
    """The tenant, listening; ``url`` is the sandbox's."""

    url: str
    house: House
    http: httpx.AsyncClient

    @property
    def switches(self) -> Any:
        return self.house.teams.switches

    def account(self, **change: Any) -> TeamsAccount:
        known: dict[str, Any] = {"tenant": TENANT_ID, "client_id": CLIENT_ID, "pem": PEM}
        return TeamsAccount(**known | change)

    def backend(self, clock: Clock, **change: Any) -> TeamsMeetings:
        """Teams as Housecall would reach it."""
        return TeamsMeetings(self.account(**change), clock, stand_in=self.url)

    async def call(self, **form: str) -> str:
        """Somebody does something in a meeting; answers whom, where somebody entered."""
        answer = await self.http.post("/sandbox/teams/calls", json=form)
        assert answer.is_success, answer.text
        return str(answer.json()["id"]) if answer.status_code == 201 else ""

    async def hold(self, made: MadeMeeting) -> None:
        """The meeting is held: a guest waits, is let in, everybody leaves."""
        guest = await self.call(do="enter", join_url=made.staff_url, name="A guest")
        await self.call(do="enter", join_url=made.staff_url, user=CLINICIAN)
        await self.call(do="admit", who=guest)
        await self.call(do="end", who=guest)


@contextlib.asynccontextmanager
async def serve_tenant(
    clock: Clock, *, housecall: str = "http://localhost:8000"
) -> AsyncIterator[ServedTenant]:
    """The sandbox on a free port, its tenant knowing our app's certificate."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        options = SandboxOptions(own_url=url, housecall_url=housecall, receipt_after=timedelta())
        app = sandbox_app(options, clock=clock)
        house: House = app.state.house
        house.teams.certificates.append(CERTIFICATE.public_pem)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
        )
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            async with httpx.AsyncClient(base_url=url, timeout=10) as http:
                yield ServedTenant(url, house, http)
        finally:
            server.should_exit = True
            await running


def a_plan(now: datetime, **change: Any) -> MeetingPlan:
    """A meeting in ten minutes, for twenty."""
    known: dict[str, Any] = {
        "external_id": "x_0001",
        "organiser": CLINICIAN,
        "start": now + timedelta(minutes=10),
        "end": now + timedelta(minutes=30),
    }
    return MeetingPlan(**known | change)
