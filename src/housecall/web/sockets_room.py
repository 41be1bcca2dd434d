"""A page's place in one room: whom it may send signals to, and what it hears of the others."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from housecall.realtime.errors import PeerUnknown
from housecall.realtime.hub import Hub
from housecall.realtime.signalling import filter_signal
from housecall.visits.topics import participant_topic, room_topic

Message = dict[str, Any]

_JOINED: Final = "peer-joined"
_LEFT: Final = "peer-left"


class Place:
    """From entering a room until leaving it; knows ids only, and hears the room's topic.

    Who else is there is kept here, so that a signal needs no look into the database: some thirty of them pass
    within the second in which a call begins. What happens between the look into the room and ``open`` waits,
    so that the page hears first who is there and then, in order, what came after.
    """

    __slots__ = ("_hub", "_peers", "_relay_only", "_room", "_tell", "_waiting", "self_id", "visit_id")

    def __init__(self, hub: Hub, visit_id: str, self_id: str, *, tell: Callable[[Message], None]) -> None:
        self.visit_id, self.self_id = visit_id, self_id
        self._hub, self._tell = hub, tell
        self._relay_only = True
        self._waiting: list[Message] | None = []
        self._peers: set[str] = set()
        self._room = hub.subscribe(room_topic(visit_id), self)

    def know(self, peers: Iterable[str]) -> None:
        """These are in the room now."""
        self._peers = set(peers)

    def open(self, *, relay_only: bool) -> None:
        """The page has been told who is here: what came since follows, and signals may be sent."""
        self._relay_only = relay_only
        waiting, self._waiting = self._waiting, None
        for message in waiting or ():
            self._tell(message)

    def push(self, message: Message) -> None:
        """Hear of the room: who came and went."""
        peer = message.get("peer")
        if peer == self.self_id:
            return
        if message["type"] == _JOINED and peer:
            self._peers.add(peer)
        elif message["type"] == _LEFT:
            self._peers.discard(str(peer))
        self._pass_on(message)

    def hear(self, signal: Message) -> None:
        """Hear a signal, if who sent it is in this room."""
        if signal["from"] in self._peers:
            self._pass_on(signal)

    async def send(self, to: str, data: Any) -> None:
        """Pass ``data`` to a peer of this room; raises PeerUnknown or SignalInvalid."""
        if to not in self._peers:
            raise PeerUnknown
        passed = filter_signal(data, relay_only=self._relay_only)
        if passed is not None:
            signal = {"type": "signal", "from": self.self_id, "data": passed}
            await self._hub.publish(participant_topic(to), signal)

    def leave(self) -> None:
        """Hear no more of the room."""
        self._room.cancel()
        self._waiting = None

    def _pass_on(self, message: Message) -> None:
        if self._waiting is None:
            self._tell(message)
        else:
            self._waiting.append(message)
