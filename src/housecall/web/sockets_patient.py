"""The patient's live connection: their own state, and the room once they are admitted."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, assert_never

from starlette.requests import HTTPConnection

from housecall.db.work import Work
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.realtime import messages as said
from housecall.realtime.errors import (
    MessageInvalid,
    NotInRoom,
    SocketFailed,
    SocketReplaced,
    SocketUnauthenticated,
)
from housecall.realtime.hub import Subscription
from housecall.realtime.messages import Hello, PatientMessage
from housecall.realtime.socket import Socket
from housecall.visits import lobby
from housecall.visits.room import RoomView
from housecall.visits.seats import find_seat_by_holder
from housecall.visits.tables import Participant
from housecall.visits.telling import admitted_message
from housecall.visits.topics import participant_topic
from housecall.web.cookies import seat_cookie
from housecall.web.house import House
from housecall.web.patient_sight import let_through
from housecall.web.sockets_room import Message, Place
from housecall.web.sockets_tab import holder_of, is_of_tab
from housecall.web.sockets_warm import TO_GUEST, WarmGuest

log = logging.getLogger(__name__)

# A read of one patient's state takes this process 7 ms; when all are due at once, who acts must not wait for them.
_READS_PER_S: Final = 100

# In these states the patient is in the room, or called into it, and may hear of it; on hold they hear nothing.
IN_ROOM: Final = frozenset({"admitted", "connected", "reconnecting"})


async def enter_seat(house: House, connection: HTTPConnection, socket: Socket) -> "PatientPage":
    """The page of whoever holds the seat; raises SocketUnauthenticated for anybody else."""
    seat_id = connection.path_params["seat_id"]
    secret = connection.cookies.get(seat_cookie(seat_id)) or ""
    async with house.database.work() as work:
        seat = await find_seat_by_holder(work, seat_id, secret)
    if seat is None:
        raise SocketUnauthenticated
    return PatientPage(house, socket, OrgId(seat.org_id), seat.id)


class PatientPage:
    """One patient's page, as long as its socket lives; thousands of them wait, so it holds little.

    It hears the participant's own topic. The room's is heard only while the patient may be in the room.
    """

    __slots__ = (
        "_ear",
        "_entering",
        "_guest",
        "_holder",
        "_house",
        "_is_called",
        "_is_stale",
        "_org_id",
        "_participant_id",
        "_place",
        "_reading",
        "_rev",
        "_seat_id",
        "_socket",
        "_visit_id",
        "_waits",
    )

    def __init__(self, house: House, socket: Socket, org_id: OrgId, seat_id: str) -> None:
        self._house, self._socket = house, socket
        self._org_id, self._seat_id = org_id, seat_id
        self._holder = self._participant_id = self._visit_id = ""
        self._ear: Subscription | None = None
        self._place: Place | None = None
        self._reading: asyncio.Task[None] | None = None
        self._entering: asyncio.Task[None] | None = None
        self._guest: WarmGuest | None = None
        self._rev = 0
        self._is_called = self._is_stale = self._waits = False

    async def begin(self, hello: Hello) -> None:
        """The patient is here in this tab, and has their state; and the room, if they are called into it."""
        self._holder = holder_of(hello.tab)
        self._socket.on_reread = self._read_again_in_turn
        await self._sit_down()

    async def take(self, message: PatientMessage) -> None:
        """Do what the page asks; what comes of it is heard on the participant's topic."""
        match message:
            case said.Ping(n=n):
                await self._settled()
                self._tell({"type": "pong", "n": n})
            case said.Signal(to=to, data=data):
                await self._signal(to, data)
            case said.WarmSignal(warm=warm, data=data):
                if self._guest is not None:
                    await self._guest.send(warm, data)
            case said.Cool(warm=warm):
                if self._guest is not None and self._guest.id == warm:
                    self._end_warm_up()
            case said.Checking():
                await self._act(lobby.begin_checking)
            case said.Check(results=results, because=because):
                await self._act(lobby.record_check, results, because)
            case said.EnterLobby():
                await self._act(lobby.enter_lobby)
            case said.Joined():
                await self._settled()
                # Beside what follows: the signals that begin the call need not wait until this is written down.
                self._entering = asyncio.create_task(self._enter())
            case said.Leave():
                await self._act(lobby.patient_left)
            case said.ComeBack():
                await self._act(lobby.come_back)
            case said.Hello():
                raise MessageInvalid
            case _:
                assert_never(message)

    async def end(self) -> None:
        """The socket is gone: nothing is heard any more, and the patient is away unless another tab has them."""
        self._socket.on_reread = None
        await self._settled()
        if self._reading is not None:
            await asyncio.wait([self._reading])
        self._leave_room()
        self._end_warm_up()
        if self._ear is None:
            return
        self._ear.cancel()
        house = self._house
        async with house.database.work() as work:
            await lobby.patient_gone(house.desk, work, self._org_id, self._participant_id, self._holder)

    def push(self, message: Message) -> None:
        """Hear something on the participant's topic; what is not meant for a page goes no further."""
        match message["type"]:
            case "state":
                self._hear_state(message)
            case "admitted":
                self._hear_admitted(message)
            case "elsewhere":
                # As above: they may be back in the lobby.
                if self._is_called:
                    self._tell(message)
            case "signal":
                if self._place is not None:
                    self._place.hear(message)
            case "over":
                self._leave_room()
                self._tell(message)
            case "replaced":
                self._hear_replaced(message)
            case "reseated":
                self._read_again_soon()
            case "warm-ask":
                self._hear_ask(message)
            case kind if kind in TO_GUEST and self._guest is not None:
                self._guest.hear(message)

    def _tell(self, message: Message) -> None:
        """The only way to the page: what it may not have goes no further."""
        seen = let_through(message, is_in_room=self._is_called)
        if seen is not None:
            self._socket.push(seen)

    def _hear_state(self, message: Message) -> None:
        # Two acts at the same moment may be told in the wrong order.
        if message["rev"] < self._rev:
            return
        self._rev = message["rev"]
        self._is_called = message["state"] in IN_ROOM
        self._waits = message["state"] == "waiting"
        if not self._is_called:
            self._leave_room()
        if self._guest is not None and self._is_called:
            self._guest.admitted()
        elif not self._waits:
            self._end_warm_up()
        self._tell(message)

    def _hear_admitted(self, message: Message) -> None:
        # A meeting service may have taken so long that the patient is back in the lobby.
        if not self._is_called:
            return
        if self._place is None:
            self._place = self._new_place(message["peers"])
        self._tell(self._marked_room(message))
        self._place.open(relay_only=message["relay_only"])

    def _hear_replaced(self, message: Message) -> None:
        if is_of_tab(message["except_tab"], self._holder):
            return
        self._leave_room()
        self._tell({"type": "replaced"})
        self._socket.close(SocketReplaced())

    async def _sit_down(self) -> None:
        """The place of whoever sits on the seat now is held by this tab."""
        async with self._house.database.work() as work:
            person = await lobby.patient_of(work, self._org_id, self._seat_id)
            self._listen(person)
            state = await lobby.patient_back(self._house.desk, work, self._org_id, person.id, self._holder)
            view = await self._look_into_room(work, state)
        await self._show_room(view)

    def _listen(self, person: Participant) -> None:
        if self._ear is not None:
            self._ear.cancel()
        self._leave_room()
        self._end_warm_up()
        self._waits = False
        self._participant_id, self._visit_id, self._rev = person.id, person.visit_id, 0
        self._ear = self._house.hub.subscribe(participant_topic(person.id), self)

    async def _look_into_room(self, work: Work, state: Message) -> RoomView | None:
        if state["state"] not in IN_ROOM:
            return None
        view = await lobby.room_of(self._house.desk, work, self._org_id, self._seat_id)
        if view is not None and view.elsewhere is None:
            self._stand(view)
        return view

    def _stand(self, view: RoomView) -> None:
        """The room is heard from now on; called within the work that saw it, so that nothing is missed."""
        if self._place is None:
            self._place = self._new_place(view.peers)
        else:
            self._place.know(peer["peer"] for peer in view.peers)

    def _new_place(self, peers: list[dict[str, str]]) -> Place:
        place = Place(self._house.hub, self._visit_id, self._participant_id, tell=self._tell_room)
        place.know(peer["peer"] for peer in peers)
        return place

    async def _show_room(self, view: RoomView | None) -> None:
        """The page has what it needs to enter the room, unless the patient had to leave it meanwhile."""
        if view is not None and view.elsewhere is not None:
            self._tell(view.elsewhere)
            return
        place = self._place
        if view is None or place is None:
            return
        if not self._is_called:
            # On hold, or sent out of the room between two looks.
            self._leave_room()
            return
        try:
            message = await admitted_message(self._house.desk, view.self_id, view.peers)
        except HousecallError as error:
            # The socket goes on without the meeting service; the page asks again with its next ``joined``.
            self._leave_room()
            self._socket.refuse(error)
            return
        if self._place is place:
            self._tell(self._marked_room(message))
            place.open(relay_only=message["relay_only"])

    def _tell_room(self, message: Message) -> None:
        is_joined = message["type"] == "peer-joined" and self._guest is not None
        self._tell(self._marked(message) if is_joined else message)

    def _marked_room(self, message: Message) -> Message:
        return {**message, "peers": [self._marked(peer) for peer in message["peers"]]}

    def _marked(self, peer: Message) -> Message:
        return self._guest.marked(peer) if self._guest is not None else peer

    def _hear_ask(self, ask: Message) -> None:
        """A clinician looks at the visit: the page is told of a connection to make, and nothing else."""
        if not self._waits or not self._house.warms_up or self._socket.is_closing:
            return
        if self._guest is None or self._guest.gives_way_to(ask):
            self._end_warm_up()
            self._guest = WarmGuest(self._house, ask, tell=self._tell)

    def _end_warm_up(self) -> None:
        if self._guest is not None:
            self._guest.end()
            self._guest = None

    async def _join(self) -> None:
        house = self._house
        async with house.database.work() as work:
            view = await lobby.patient_joined(house.desk, work, self._org_id, self._seat_id)
            if view.elsewhere is not None:
                # They have gone there: the page knows the way already.
                return
            self._stand(view)
        await self._show_room(view)

    async def _enter(self) -> None:
        try:
            await self._join()
        except HousecallError as error:
            self._socket.refuse(error)
        except Exception:
            log.exception("A patient could not be entered into the room.")
            self._socket.close(SocketFailed())
        finally:
            self._entering = None

    async def _settled(self) -> None:
        """Acts come one after the other: an entrance that has begun is done."""
        if self._entering is not None:
            await asyncio.wait([self._entering])

    async def _signal(self, to: str, data: Any) -> None:
        if self._place is None:
            raise NotInRoom
        await self._place.send(to, data)

    async def _act(self, verb: Callable[..., Awaitable[Message]], *args: Any) -> None:
        await self._settled()
        async with self._house.database.work() as work:
            await verb(self._house.desk, work, self._org_id, self._seat_id, *args)

    def _leave_room(self) -> None:
        if self._place is not None:
            self._place.leave()
            self._place = None

    def _read_again_in_turn(self) -> None:
        """As when messages were lost, which happens to every page of the process at once."""
        within_s = self._house.hub.residents / _READS_PER_S
        wait_s = random.random() * within_s  # noqa: S311 - spreads load, guards nothing
        asyncio.get_running_loop().call_later(wait_s, self._read_again_soon)

    def _read_again_soon(self) -> None:
        if self._socket.on_reread is None:
            return
        self._is_stale = True
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_until_fresh())

    async def _read_until_fresh(self) -> None:
        try:
            while self._is_stale and not self._socket.is_closing:
                self._is_stale = False
                await self._read_again()
        except HousecallError as error:
            self._socket.refuse(error)
        except Exception:
            log.exception("A patient's state could not be read again.")
            self._socket.close(SocketFailed())
        finally:
            self._reading = None

    async def _read_again(self) -> None:
        """The page has the state as it is now; that of the visit which was begun again, if one was."""
        async with self._house.database.work() as work:
            person = await lobby.patient_of(work, self._org_id, self._seat_id)
            is_same = person.id == self._participant_id
            if is_same:
                state = await lobby.patient_state(self._house.desk, work, self._org_id, self._seat_id)
                self._hear_state(state)
                view = await self._look_into_room(work, state)
        if is_same:
            await self._show_room(view)
        else:
            await self._sit_down()
