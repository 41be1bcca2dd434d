"""The house of the launch benchmark: the web alone, which says with each answer how long it and the EHR took.

Run as a program it prints the launch address's beginning and serves until it is killed; its arguments are its
port, its data directory and the EHR's origin.
"""

import asyncio
import socket
import sys
import time
from contextvars import ContextVar
from typing import Any, Final

from benchmarks.launch_ehr import CLIENT
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from housecall.app import make_app
from housecall.audit.model import Actor, By
from housecall.compose import build_house, close_house, open_place
from housecall.ehr.outward import Answer, Outward
from housecall.kit.ids import OrgId
from housecall.kit.log import set_up_logging
from housecall.kit.settings import Settings
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation
from housecall.web.house import House
from housecall.web.server import DrainingServer, uvicorn_config

_BY: Final = By(Actor.operator, "bench")
_EHRS_MS: ContextVar[list[float]] = ContextVar("ehrs_ms")


class Timed:
    """Adds to each answer how long it took to begin, and how much of that was the EHR's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        spent: list[float] = []
        _EHRS_MS.set(spent)
        begun = time.perf_counter()

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                all_ms = (time.perf_counter() - begun) * 1000
                said = f"all;dur={all_ms:.3f}, ehr;dur={sum(spent):.3f}"
                message["headers"] = [*message["headers"], (b"server-timing", said.encode())]
            await send(message)

        await self._app(scope, receive, stamped)
        return None


def time_the_ehr() -> None:
    """What the EHR says that it took is kept for the request it was asked in; the way there and back is ours."""
    send = Outward.send

    async def timed(self: Outward, *args: Any, **named: Any) -> Answer:
        answer = await send(self, *args, **named)
        _EHRS_MS.get([]).append(float(answer.headers.get("x-took-ms", "0")))
        return answer

    Outward.send = timed  # type: ignore[method-assign]


async def declare(house: House, origin: str) -> str:
    """A connection to the EHR; its launch address."""
    declared = Declaration(
        base_url=f"{origin}/fhir",
        environment=Environment.test,
        vendor="generic",
        client_kind="public",
        client_id=CLIENT,
    )
    now = house.clock.now()
    async with house.database.work() as work:
        owner = await ensure_organisation(work, "bench", region="americas", now=now, by=_BY)
        connection = await declare_connection(
            work, OrgId(owner.id), declared, sealer=house.sealer, now=now, by=_BY
        )
    return f"{house.public_url}/ehr/launch/{connection.id}"


async def serve(port: str, data: str, origin: str) -> None:
    """Serve until killed."""
    settings = Settings(
        {
            "HOUSECALL_PORT": port,
            "HOUSECALL_DATA_DIR": data,
            "HOUSECALL_ALLOW_PRIVATE_ADDRESSES": "true",
            "HOUSECALL_LOG_LEVEL": "ERROR",
        }
    )
    place = open_place(settings)
    house = await build_house(settings, place)
    try:
        time_the_ehr()
        app = Timed(make_app(house))
        server = DrainingServer(uvicorn_config(app, settings), house.hub)
        listener = socket.create_server(("127.0.0.1", int(port)))
        print(await declare(house, origin), flush=True)
        await server.serve(sockets=[listener])
    finally:
        await close_house(house)
        place.leave()


if __name__ == "__main__":
    set_up_logging("ERROR")
    asyncio.run(serve(*sys.argv[1:4]))
