"""What a clinician's socket has done beside it: the EHR told of activity, and its page read anew after a gap."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from housecall.kit.errors import HousecallError
from housecall.realtime.errors import SocketFailed
from housecall.realtime.socket import Socket
from housecall.visits.access import note_active
from housecall.web.house import House

log = logging.getLogger(__name__)

# Notes to an EHR that have not been answered yet: cut short, a refresh token already changed would be lost.
_noting: Final[set[asyncio.Task[None]]] = set()


def note_activity(house: House, launch_id: str, idle: timedelta) -> None:
    """The EHR hears of it in its time: it may take seconds to answer, and signals must not wait for it."""
    task = asyncio.create_task(_note(house, launch_id, idle))
    _noting.add(task)
    task.add_done_callback(_noting.discard)


async def _note(house: House, launch_id: str, idle: timedelta) -> None:
    try:
        await note_active(house.desk, house.database, launch_id, idle)
    except Exception:
        log.exception("A clinician's activity could not be noted.")


class Reread:
    """Reads a page anew when messages may have been lost, one reading at a time."""

    __slots__ = ("_read", "_reading", "_socket")

    def __init__(self, socket: Socket, read: Callable[[], Awaitable[None]]) -> None:
        self._socket, self._read = socket, read
        self._reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on the socket's loss of messages is mended."""
        self._socket.on_reread = self._soon

    async def end(self) -> None:
        """No reading begins any more, and one under way is over."""
        self._socket.on_reread = None
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def _soon(self) -> None:
        if self._reading is None:
            self._reading = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._read()
        except HousecallError as error:
            self._socket.refuse(error)
        except Exception:
            log.exception("A clinician's page could not be read again.")
            self._socket.close(SocketFailed())
        finally:
            self._reading = None
