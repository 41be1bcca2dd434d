"""The server under the application: how it listens, and how it stops without cutting anybody off unasked."""

import contextlib
import gc
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from housecall.kit.settings import Settings
from housecall.realtime.hub import Hub
from housecall.realtime.messages import LARGEST_MESSAGE_BYTES

# How long sockets have to move to another node before they are closed.
DRAIN_WITHIN: Final = timedelta(seconds=2)
# How long requests may finish after that.
_REQUESTS_WITHIN_S: Final = 3
# A web process keeps tens of thousands of small long-lived objects; looking through all of them takes tens of
# milliseconds, so the collector's oldest generation is left alone far longer than by default (10).
_COLLECT: Final = (20_000, 20, 100)

# A line that is gone without a word is known to be after both: the panel then says since when. The browser's
# network answers by itself, also for a page that is hidden and hardly runs.
_PING_EVERY_S: Final = 10.0
_PONG_WITHIN_S: Final = 8.0

# What the protocol below offers an application in its scope's extensions.
CARE: Final = "housecall.care"


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own protocol, and besides two things that it does not offer.

    A stuck connection can be cut: a close waits until the other end reads, and one that never does would be
    held for ever. And the request can be forgotten: its headers are a quarter of what a waiting socket holds.
    """

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][CARE] = {"abort": self.transport.abort, "forget": self.forget}

    def forget(self) -> None:
        """Drop the request's and the answer's headers; whoever needs them has read them."""
        self.request.headers.clear()
        self.response.headers.clear()
        self.scope["headers"] = []


class DrainingServer(uvicorn.Server):
    """A server that asks every socket to move before it closes them.

    uvicorn closes sockets before the application's own shutdown begins, too late to say anything to them.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then leave what was loaded out of the collector's rounds."""
        await super().startup(sockets=sockets)
        # Without looking first: a start leaves next to no garbage, and to find that takes a tenth of a second.
        gc.freeze()
        gc.set_threshold(*_COLLECT)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, and return: raised again, it would end the process before the house is closed."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, let the sockets move, then stop as usual."""
        for server in self.servers:
            server.close()
        await self._hub.drain(DRAIN_WITHIN)
        await super().shutdown(sockets=sockets)


def uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    """uvicorn as this house needs it; forwarded addresses are believed from named proxies only."""
    return uvicorn.Config(
        app,
        host=settings.text("HOUSECALL_HOST"),
        port=settings.port,
        ws=SocketProtocol,
        ws_max_size=2 * LARGEST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        # Beside the protocol's own heartbeat: a page cannot see these frames, and that one may be slowed down.
        ws_ping_interval=_PING_EVERY_S,
        ws_ping_timeout=_PONG_WITHIN_S,
        timeout_graceful_shutdown=_REQUESTS_WITHIN_S,
        access_log=False,
        server_header=False,
        # Its informative lines hold callers' addresses.
        log_config=None,
        log_level="warning",
        proxy_headers=bool(settings.words("HOUSECALL_TRUSTED_PROXIES")),
        forwarded_allow_ips=list(settings.words("HOUSECALL_TRUSTED_PROXIES")),
    )
