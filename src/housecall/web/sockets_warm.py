"""The anonymous warm-up: two browsers connect through the relay before admission, and send nothing.

The patient's end decides: their one page takes one warm-up at a time, so that several clinicians, tabs or nodes
who look at once cannot be in each other's way. Each has a random id of its own that names neither side. It says
nothing of the room; only at admission is it said, to who was let in, which of those in the room is at its end.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from housecall.kit.errors import HousecallError
from housecall.kit.ids import short_id
from housecall.meetings.base import JoinDetails
from housecall.realtime.signalling import filter_signal
from housecall.visits.topics import participant_topic, warm_topic
from housecall.web.house import House

log = logging.getLogger(__name__)

Message = dict[str, Any]

# As long as a relay's allocation lives before it must be asked for again (RFC 8656 §3.2): a warm-up that is still
# wanted then begins anew, with ids and credentials of its own.
KEPT_S: Final = 600.0
# A page that took the warm-up says so at once; where nobody takes it, the clinician's page asks again later.
TAKEN_WITHIN_S: Final = 5.0
# Between being let in and the clinician's page being in the room, when one press does both.
KEPT_AFTER_ADMISSION_S: Final = 10.0

_ASK: Final = "warm-ask"
_TAKEN: Final = "warm-taken"
_BIND: Final = "warm-bind"
_SIGNAL: Final = "warm-signal"
_END: Final = "warm-end"
# What the patient's end hears of on the participant's own topic, besides an ask.
TO_GUEST: Final = frozenset({_SIGNAL, _BIND, _END})

# Words that are on their way to the other end when this end is done.
_sending: Final[set[asyncio.Task[None]]] = set()


class WarmGuest:
    """The patient's end: taken up by their page while they wait, and heard of by nobody else."""

    __slots__ = ("_asker", "_house", "_is_over", "_life", "_peer", "_tell", "id")

    def __init__(self, house: House, ask: Message, *, tell: Callable[[Message], None]) -> None:
        self.id: str = ask["warm"]
        self._house, self._tell = house, tell
        self._asker, self._peer = ask["asker"], ask["peer"]
        self._is_over = False
        self._life = asyncio.get_running_loop().call_later(KEPT_S, self.end)
        _send(self._open())

    @property
    def is_over(self) -> bool:
        """Whether it can be used no more."""
        return self._is_over

    def gives_way_to(self, ask: Message) -> bool:
        """To the same page that asks again, and to one that is in the room already; else the first one stays."""
        return self._is_over or ask["asker"] == self._asker or bool(ask["peer"] and not self._peer)

    def hear(self, message: Message) -> None:
        """Hear the clinician's end, or a word about it."""
        if message["warm"] != self.id or self._is_over:
            return
        if message["type"] == _SIGNAL:
            self._tell({"type": "warm-signal", "warm": self.id, "data": message["data"]})
        elif message["type"] == _BIND:
            self._peer = message["peer"]
        elif message["type"] == _END:
            self._finish()

    def marked(self, peer: Message) -> Message:
        """Somebody in the room as the patient hears of them: with this warm-up's id if it leads to them."""
        is_end = not self._is_over and self._peer and self._peer == peer.get("peer")
        return {**peer, "warm": self.id} if is_end else peer

    async def send(self, warm_id: str, data: Any) -> None:
        """Pass a signal to the clinician's end; one for a warm-up that is over goes nowhere."""
        passed = filter_signal(data, relay_only=True)
        if passed is not None and warm_id == self.id and not self._is_over:
            await self._house.hub.publish(warm_topic(self.id), {"type": _SIGNAL, "data": passed})

    def admitted(self) -> None:
        """The patient is let in: it is used within moments, or not at all."""
        if not self._is_over:
            self._life.cancel()
            self._life = asyncio.get_running_loop().call_later(KEPT_AFTER_ADMISSION_S, self.end)

    def end(self) -> None:
        """Both ends let go of it."""
        if not self._is_over:
            _send(self._house.hub.publish(warm_topic(self.id), {"type": _END}))
            self._finish()

    def _finish(self) -> None:
        self._is_over = True
        self._life.cancel()
        self._tell({"type": "cold", "warm": self.id})

    async def _open(self) -> None:
        details = await _details(self._house, self.id)
        if details is None:
            self.end()
        elif not self._is_over:
            # The other end first: it must know of the warm-up when the patient's page makes its offer.
            await self._house.hub.publish(warm_topic(self.id), {"type": _TAKEN})
            self._tell(_invitation(self.id, details))


class WarmHost:
    """The clinician's end, for one look at one visit."""

    __slots__ = ("_details", "_ear", "_house", "_is_over", "_is_taken", "_life", "_patient_id", "_tell", "id")

    def __init__(self, house: House, patient_id: str, *, tell: Callable[[Message], None]) -> None:
        self.id = short_id("w")
        self._house, self._patient_id, self._tell = house, patient_id, tell
        self._details: JoinDetails | None = None
        self._is_taken = self._is_over = False
        self._ear = house.hub.subscribe(warm_topic(self.id), self)
        self._life = asyncio.get_running_loop().call_later(TAKEN_WITHIN_S, self._give_up)

    async def ask(self, *, asker: str, peer: str) -> None:
        """The patient's page is asked; ``peer`` is who asks, where they are in the room already."""
        self._details = await _details(self._house, self.id)
        if self._details is not None:
            await self._say(_ASK, asker=asker, peer=peer)

    async def bind(self, peer: str) -> None:
        """The end is that participant from now on, or nobody of the room; the patient hears it if let in."""
        if not self._is_over:
            await self._say(_BIND, peer=peer)

    def push(self, message: Message) -> None:
        """Hear the patient's end."""
        match message["type"]:
            case "warm-taken":
                self._taken()
            case "warm-signal":
                self._tell({"type": "warm-signal", "warm": self.id, "data": message["data"]})
            case "warm-end":
                self._finish()

    async def send(self, warm_id: str, data: Any) -> None:
        """Pass a signal to the patient's end; one for a warm-up that is over goes nowhere."""
        passed = filter_signal(data, relay_only=True)
        if passed is not None and warm_id == self.id and not self._is_over:
            await self._say(_SIGNAL, data=passed)

    def end(self) -> None:
        """Both ends let go of it."""
        if not self._is_over:
            _send(self._say(_END))
            self._finish()

    def _taken(self) -> None:
        if self._details is None or self._is_taken:
            return
        self._is_taken = True
        self._life.cancel()
        # The patient's end keeps the time; this is for one that died without a word.
        self._life = asyncio.get_running_loop().call_later(KEPT_S + TAKEN_WITHIN_S, self._finish)
        self._tell(_invitation(self.id, self._details))

    def _give_up(self) -> None:
        self.end()

    def _finish(self) -> None:
        self._is_over = True
        self._life.cancel()
        self._ear.cancel()
        if self._is_taken:
            self._tell({"type": "cold", "warm": self.id})

    async def _say(self, kind: str, **fields: Any) -> None:
        message = {"type": kind, "warm": self.id, **fields}
        await self._house.hub.publish(participant_topic(self._patient_id), message)


def _invitation(warm_id: str, details: JoinDetails) -> Message:
    return {"type": "warm", "warm": warm_id, "ice_servers": details.ice_servers, "relay_only": True}


async def _details(house: House, warm_id: str) -> JoinDetails | None:
    """The relay under the warm-up's own id; None where that cannot be had, and admission goes without."""
    try:
        details = await house.desk.meetings.join_details(warm_id)
    except HousecallError:
        return None
    return details if details.relay_only else None


def _send(words: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(_guarded(words))
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _guarded(words: Coroutine[Any, Any, None]) -> None:
    try:
        await words
    except Exception:
        log.exception("A warm-up's word could not be sent.")
