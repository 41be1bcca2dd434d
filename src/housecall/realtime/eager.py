"""Beginning at once what will most likely not have to wait."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


def start_now(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """``work`` has run up to its first wait; what is left of it goes on as a task, None where nothing is.

    A task begins only when everything else that is ready has had its turn, and a frame that its socket could
    take at once would wait for all of that. (Python 3.12 has ``eager_start`` for this; we begin at 3.11.)
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.create_task(_go_on(_Begun(work, waits_for)))


class _Begun:
    """A coroutine that has run as far as ``waits_for``; awaiting it goes on from there."""

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work, self._waits_for = work, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    value = yield waits_for
                except BaseException as error:
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(value)
            except StopIteration:
                return


async def _go_on(begun: _Begun) -> None:
    await begun
