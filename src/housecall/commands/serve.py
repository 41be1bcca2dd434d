"""``housecall serve`` and ``housecall work``: the web, the worker, or both in one process."""

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
from typing import ClassVar

import uvloop

from housecall.app import make_app
from housecall.compose import Place, build_house, close_house, open_place
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.settings import Settings
from housecall.web.house import House
from housecall.web.server import DrainingServer, uvicorn_config
from housecall.worker import Worker

log = logging.getLogger(__name__)


class PortTaken(HousecallError):
    """The port is in use by another program."""

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "commands.port_taken"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("serve", help="run the web and the worker")
    parser.add_argument("--web-only", action="store_true", help="leave the worker to `housecall work`")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    listener = bind(settings.text("HOUSECALL_HOST"), settings.port)
    place = open_place(settings)
    try:
        uvloop.run(serve(settings, place, listener, with_worker=not arguments.web_only))
    finally:
        place.leave()
    return 0


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; taken before anything else starts, so that a busy port is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise PortTaken(
            f"Port {port} is in use by another program: choose another with PORT= or HOUSECALL_PORT."
        ) from None
    listener.listen(2048)
    listener.set_inheritable(False)
    return listener


async def serve(settings: Settings, place: Place, listener: socket.socket, *, with_worker: bool) -> None:
    """Run the web on ``listener``, and the worker beside it; returns after a tidy stop."""
    house = await build_house(settings, place)
    try:
        beside = running_worker(house) if with_worker else contextlib.nullcontext()
        async with house.database.queue.open_async(), beside:
            server = DrainingServer(uvicorn_config(make_app(house), settings), house.hub)
            await server.serve(sockets=[listener])
    finally:
        await close_house(house)


class running_worker:
    """A worker in the background of this process, for as long as the block lasts."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(Worker(self._house).run())

    async def __aexit__(self, *error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class work:
    """``housecall work``: the worker alone."""

    @staticmethod
    def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
        """Add the command."""
        parser = commands.add_parser("work", help="run the worker alone, beside `housecall serve --web-only`")
        parser.set_defaults(run=work.run)

    @staticmethod
    def run(settings: Settings, arguments: argparse.Namespace) -> int:
        """Work until told to stop."""
        place = open_place(settings)
        try:
            uvloop.run(work_until_stopped(settings, place))
        finally:
            place.leave()
        return 0


async def work_until_stopped(settings: Settings, place: Place) -> None:
    """The worker until SIGINT or SIGTERM."""
    house = await build_house(settings, place)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with house.database.queue.open_async(), running_worker(house):
            await house.hub.start()
            await stop.wait()
    finally:
        await close_house(house)
