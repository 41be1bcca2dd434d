"""A sandbox without a network: programs reach it in process, its calls to Housecall are caught."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from housecall.kit.clock import FakeClock
from housecall.sandbox import sandbox_app
from housecall.sandbox.house import House
from tests.sandbox.hospital import NOW, OPTIONS, Hospital


@pytest.fixture
async def hospital() -> AsyncIterator[Hospital]:
    clock = FakeClock(NOW)
    hooks: asyncio.Queue[httpx.Request] = asyncio.Queue()

    def outside(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/ehr/jwks.json":
            return httpx.Response(200, json=made.jwks)
        hooks.put_nowait(request)
        return httpx.Response(204)

    app = sandbox_app(OPTIONS, clock=clock, outward=httpx.MockTransport(outside))
    house: House = app.state.house
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=OPTIONS.own_url) as web:
        made = Hospital(web, house, clock, hooks)
        yield made
    await house.close()
