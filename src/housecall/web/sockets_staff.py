"""The clinician's live connection: snapshots of the launch's visits, and the rooms they join from this tab."""

from datetime import timedelta
from typing import assert_never

from starlette.requests import HTTPConnection

from housecall.audit.model import Actor, By
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.realtime import messages as said
from housecall.realtime.errors import MessageInvalid, NotInRoom, SocketUnauthenticated
from housecall.realtime.hub import Subscription
from housecall.realtime.messages import Hello, Signal, StaffMessage
from housecall.realtime.socket import Socket
from housecall.visits import room
from housecall.visits.errors import VisitUnknown
from housecall.visits.launches import find_launch
from housecall.visits.model import TAKING_PART
from housecall.visits.room import RoomView
from housecall.visits.store import list_people, list_visits, list_with_successors
from housecall.visits.tables import Launch
from housecall.visits.topics import participant_topic, staff_topic
from housecall.visits.views import View, visit_views
from housecall.web.cookies import launch_cookie
from housecall.web.house import House
from housecall.web.sockets_beside import Reread, note_activity
from housecall.web.sockets_room import Message, Place
from housecall.web.sockets_tab import holder_of, is_of_tab
from housecall.web.sockets_warm import WarmHost


async def enter_panel(house: House, connection: HTTPConnection, socket: Socket) -> "StaffPage":
    """The page of the clinician whose launch it is; raises SocketUnauthenticated for anybody else."""
    launch_id = connection.path_params["launch_id"]
    secret = connection.cookies.get(launch_cookie(launch_id)) or ""
    async with house.database.work() as work:
        launch = await find_launch(work, launch_id, secret, now=house.clock.now())
        if launch is None or launch.persona != "practitioner" or not launch.user_ref:
            raise SocketUnauthenticated
        visit_ids = await list_with_successors(work, OrgId(launch.org_id), launch.visit_ids)
    return StaffPage(house, socket, launch, visit_ids)


class Stay:
    """A clinician in one visit's room from this tab; all that is heard of it names the visit."""

    __slots__ = ("_ear", "_page", "place")

    def __init__(self, page: "StaffPage", visit_id: str, self_id: str) -> None:
        self._page = page
        self.place = Place(page.house.hub, visit_id, self_id, tell=self._tell)
        self._ear = page.house.hub.subscribe(participant_topic(self_id), self)

    def push(self, message: Message) -> None:
        """Hear something on the clinician's own topic."""
        match message["type"]:
            case "signal":
                self.place.hear(message)
            case "over":
                self._finish(message)
            case "replaced":
                if not is_of_tab(message["except_tab"], self._page.holder):
                    self._finish({"type": "replaced"})

    def stop(self) -> None:
        """Hear no more of the room."""
        self._ear.cancel()
        self.place.leave()

    def _finish(self, message: Message) -> None:
        self._page.forget(self)
        self._tell(message)

    def _tell(self, message: Message) -> None:
        self._page.socket.push({**message, "visit": self.place.visit_id})


class StaffPage:
    """One page of a clinician: the panel, or a call in a tab of its own."""

    __slots__ = (
        "_by",
        "_early",
        "_launch_id",
        "_org_id",
        "_reread",
        "_stays",
        "_user_ref",
        "_visits",
        "_warm",
        "holder",
        "house",
        "socket",
    )

    def __init__(self, house: House, socket: Socket, launch: Launch, visit_ids: list[str]) -> None:
        self.house, self.socket = house, socket
        self.holder = ""
        self._launch_id, self._org_id = launch.id, OrgId(launch.org_id)
        self._user_ref = launch.user_ref or ""
        self._by = By(Actor.clinician, self._user_ref)
        self._visits: dict[str, Subscription | None] = dict.fromkeys(visit_ids)
        self._stays: dict[str, Stay] = {}
        self._warm: dict[str, WarmHost] = {}
        # Snapshots heard while the first ones are read: the page is welcomed first.
        self._early: list[Message] | None = []
        self._reread = Reread(socket, self._read_again)

    async def begin(self, hello: Hello) -> None:
        """Every visit of the launch is followed, and rooms that this tab was in are entered again."""
        self.holder = holder_of(hello.tab)
        self._reread.begin()
        if hello.resume:
            await self._come_back()
        for visit_id in self._visits:
            self._follow(visit_id)
        await self._welcome()
        early, self._early = self._early, None
        for message in early or ():
            self.socket.push(message)

    async def take(self, message: StaffMessage) -> None:
        """Do what the page asks."""
        match message:
            case said.Ping(n=n):
                self.socket.push({"type": "pong", "n": n})
            case said.Signal():
                await self._signal(message)
            case said.WarmSignal(visit=visit_id, warm=warm, data=data):
                if visit_id in self._warm:
                    await self._warm[visit_id].send(warm, data)
            case said.Warm(visit=visit_id):
                await self._warm_up(self._known(visit_id))
            case said.Cool(visit=visit_id):
                self._cool(visit_id)
            case said.Join(visit=visit_id):
                await self._join(self._known(visit_id))
            case said.Leave(visit=visit_id):
                await self._leave(self._known(visit_id))
            case said.Active(idle_s=idle_s):
                note_activity(self.house, self._launch_id, timedelta(seconds=idle_s))
            case said.Hello():
                raise MessageInvalid
            case _:
                assert_never(message)

    async def end(self) -> None:
        """The socket is gone: the clinician is away from every room that no other tab has taken over."""
        await self._reread.end()
        for subscription in self._visits.values():
            if subscription is not None:
                subscription.cancel()
        for visit_id in list(self._warm):
            self._cool(visit_id)
        house, stays = self.house, list(self._stays)
        for stay in list(self._stays.values()):
            self.forget(stay)
        for visit_id in stays:
            async with house.database.work() as work:
                await room.staff_gone(
                    house.desk, work, self._org_id, visit_id, user_ref=self._user_ref, tab=self.holder
                )

    def push(self, message: Message) -> None:
        """Hear a snapshot of a visit; one begun again on the same appointment is followed as well."""
        if message["type"] != "visit":
            return
        if message["visit"]["visit"] not in self._visits:
            self._follow(message["visit"]["visit"])
        if self._early is None:
            self.socket.push(message)
        else:
            self._early.append(message)

    def forget(self, stay: Stay) -> None:
        """This tab is in that room no more."""
        stay.stop()
        if self._stays.get(stay.place.visit_id) is stay:
            del self._stays[stay.place.visit_id]

    def _known(self, visit_id: str) -> str:
        if visit_id not in self._visits:
            raise VisitUnknown
        return visit_id

    def _follow(self, visit_id: str) -> None:
        self._visits[visit_id] = self.house.hub.subscribe(staff_topic(visit_id), self)

    async def _welcome(self) -> None:
        async with self.house.database.work() as work:
            visits = await list_visits(work, self._org_id, list(self._visits))
            views: list[View] = await visit_views(work, self._org_id, visits, now=self.house.clock.now())
        self.socket.push(
            {
                "type": "welcome",
                "launch": self._launch_id,
                "server_now": self.house.clock.now().isoformat(),
                "warm_up": self.house.warms_up,
                "visits": views,
            }
        )

    async def _come_back(self) -> None:
        async with self.house.database.work() as work:
            people = await list_people(work, self._org_id, list(self._visits))
            mine = [
                person.visit_id
                for person, _ in people
                if person.user_ref == self._user_ref
                and person.state in TAKING_PART
                and is_of_tab(person.tab, self.holder)
            ]
        for visit_id in mine:
            try:
                await self._take_up(visit_id)
            except HousecallError as error:
                # This room is lost to the page, and it hears so; the others and the panel are not.
                await self._leave(visit_id)
                self.socket.refuse(error)

    async def _take_up(self, visit_id: str) -> None:
        """The call goes on; the page asks for the room itself once its picture is there."""
        house = self.house
        async with house.database.work() as work:
            view = await room.staff_back(
                house.desk,
                work,
                self._org_id,
                visit_id,
                user_ref=self._user_ref,
                tab=self.holder,
                by=self._by,
            )
            stay = self._stand(visit_id, view) if view is not None else None
        if stay is not None:
            relay_only = (await house.desk.meetings.join_details(stay.place.self_id)).relay_only
            stay.place.open(relay_only=relay_only)

    async def _join(self, visit_id: str) -> None:
        house = self.house
        async with house.database.work() as work:
            view = await room.join(
                house.desk,
                work,
                self._org_id,
                visit_id,
                user_ref=self._user_ref,
                tab=self.holder,
                by=self._by,
            )
            stay = self._stand(visit_id, view)
            if (host := self._warm.get(visit_id)) is not None:
                # Before the room hears that we are in it, so that the patient's page finds the warm-up named.
                await host.bind(view.self_id)
        try:
            await self._show_room(stay, view)
        except HousecallError:
            await self._leave(visit_id)
            raise

    def _stand(self, visit_id: str, view: RoomView) -> Stay:
        """The room is heard from now on; called within the work that saw it, so that nothing is missed."""
        stay = self._stays.get(visit_id)
        if stay is None:
            stay = self._stays[visit_id] = Stay(self, visit_id, view.self_id)
        stay.place.know(peer["peer"] for peer in view.peers)
        return stay

    async def _show_room(self, stay: Stay, view: RoomView) -> None:
        # Outside of any unit of work, since a meeting service may take its time.
        details = await self.house.desk.meetings.join_details(view.self_id)
        visit_id = stay.place.visit_id
        if self._stays.get(visit_id) is not stay:
            return
        self.socket.push(
            {
                "type": "room",
                "visit": visit_id,
                "self": view.self_id,
                "ice_servers": details.ice_servers,
                "relay_only": details.relay_only,
                "peers": view.peers,
            }
        )
        stay.place.open(relay_only=details.relay_only)

    async def _leave(self, visit_id: str) -> None:
        stay = self._stays.get(visit_id)
        if stay is not None:
            self.forget(stay)
        if (host := self._warm.get(visit_id)) is not None:
            await host.bind("")
        house = self.house
        async with house.database.work() as work:
            await room.leave(
                house.desk,
                work,
                self._org_id,
                visit_id,
                user_ref=self._user_ref,
                tab=self.holder,
                by=self._by,
            )

    async def _signal(self, message: Signal) -> None:
        stay = self._stays.get(self._known(message.visit))
        if stay is None:
            raise NotInRoom
        await stay.place.send(message.to, message.data)

    async def _warm_up(self, visit_id: str) -> None:
        """A connection without a picture to the patient who waits, where that is allowed; else nothing happens."""
        self._cool(visit_id)
        if not self.house.warms_up:
            return
        async with self.house.database.work() as work:
            patient_id = await room.find_waiting_patient(work, self._org_id, visit_id)
        if patient_id is None:
            return
        host = self._warm[visit_id] = WarmHost(
            self.house, patient_id, tell=lambda message: self.socket.push({**message, "visit": visit_id})
        )
        stay = self._stays.get(visit_id)
        await host.ask(asker=self.holder, peer=stay.place.self_id if stay is not None else "")

    def _cool(self, visit_id: str) -> None:
        host = self._warm.pop(visit_id, None)
        if host is not None:
            host.end()

    async def _read_again(self) -> None:
        await self._welcome()
        for visit_id, stay in list(self._stays.items()):
            async with self.house.database.work() as work:
                peers = await room.peers_of(work, self._org_id, visit_id, stay.place.self_id)
                stay.place.know(peer["peer"] for peer in peers)
            await self._show_room(stay, RoomView(stay.place.self_id, peers))
