"""MLLP frames out of a stream of bytes, however it is cut: ``0x0B``, the message, ``0x1C 0x0D``.

Source: HL7 Minimal Lower Layer Protocol, release 1.
"""

from collections.abc import Iterator
from typing import Final

from housecall.ehr.errors import FrameTooLarge

_START: Final = b"\x0b"
_END: Final = b"\x1c\x0d"


def frame(message: bytes) -> bytes:
    """The message as it goes over the wire."""
    return _START + message + _END


class Framer:
    """Keeps what has come of a frame, at most ``limit`` bytes and the last read, until its end is there.

    What stands between frames is passed over. A start within a frame means that the frame before was cut off:
    it is dropped and never answered, so that its sender sends it again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._searched = 0
        self._passed_over = 0
        self.is_inside = False

    def feed(self, arrived: bytes) -> Iterator[bytes]:
        """The messages that are whole now, in order; raises FrameTooLarge."""
        self._kept += arrived
        while self._enter():
            end = self._kept.find(_END, self._searched)
            restart = self._kept.find(_START, self._searched, end if end >= 0 else len(self._kept))
            if restart >= 0:
                self._leave(restart)
                continue
            if (end if end >= 0 else len(self._kept)) > self._limit:
                raise FrameTooLarge
            if end < 0:
                # The end may be cut between its two bytes.
                self._searched = max(0, len(self._kept) - 1)
                return
            message = bytes(self._kept[:end])
            self._leave(end + len(_END))
            yield message

    def _enter(self) -> bool:
        """Whether a frame has begun; bytes before it are gone."""
        if self.is_inside:
            return True
        start = self._kept.find(_START)
        self._passed_over += len(self._kept) if start < 0 else start
        if self._passed_over > self._limit:
            raise FrameTooLarge
        self._leave(len(self._kept) if start < 0 else start + 1)
        self.is_inside = start >= 0
        if self.is_inside:
            self._passed_over = 0
        return self.is_inside

    def _leave(self, until: int) -> None:
        """What stands before ``until`` is done with."""
        del self._kept[:until]
        self._searched = 0
        self.is_inside = False
