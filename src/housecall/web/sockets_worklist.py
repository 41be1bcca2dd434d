"""The live list of the day: snapshots of the visits on it, as they come, change and go."""

from datetime import timedelta

from starlette.requests import HTTPConnection

from housecall.realtime import messages as said
from housecall.realtime.errors import MessageInvalid, SocketUnauthenticated
from housecall.realtime.hub import Subscription
from housecall.realtime.messages import Hello, StaffMessage
from housecall.realtime.socket import Socket
from housecall.tenancy.administrators import find_session
from housecall.tenancy.model import Right
from housecall.tenancy.store import get_connection
from housecall.visits.launches import find_launch
from housecall.visits.topics import worklist_topic
from housecall.visits.worklist import Listing, Whose, list_views, listing_for, listing_of
from housecall.web.cookies import launch_cookie
from housecall.web.house import House
from housecall.web.portal_guards import SESSION_COOKIE
from housecall.web.sockets_beside import Reread, note_activity
from housecall.web.sockets_room import Message


async def enter_worklist(house: House, connection: HTTPConnection, socket: Socket) -> "WorklistPage":
    """The list of the clinician whose launch it is; raises SocketUnauthenticated for anybody else."""
    launch_id = connection.path_params["launch_id"]
    secret = connection.cookies.get(launch_cookie(launch_id)) or ""
    whose = Whose.place if connection.query_params.get("whose") == Whose.place else Whose.mine
    now = house.clock.now()
    async with house.database.work() as work:
        launch = await find_launch(work, launch_id, secret, now=now)
        if launch is None or launch.persona != "practitioner" or not launch.user_ref:
            raise SocketUnauthenticated
        listing = await listing_for(work, launch, whose, now)
    return WorklistPage(house, socket, listing, launch.id)


async def enter_today(house: House, connection: HTTPConnection, socket: Socket) -> "WorklistPage":
    """The list of a whole connection for a clinician signed in by account; raises SocketUnauthenticated else."""
    secret, now = connection.cookies.get(SESSION_COOKIE) or "", house.clock.now()
    async with house.database.work() as work:
        person = await find_session(work, secret, now=now) if secret else None
        if person is None or not person.may(Right.hold_visits):
            raise SocketUnauthenticated
        wanted = connection.query_params.get("connection", "")
        listing = listing_of(await get_connection(work, person.org_id, wanted), now)
    return WorklistPage(house, socket, listing)


class WorklistPage:
    """One page with the list; it hears the whole connection and passes on what is on its list."""

    def __init__(self, house: House, socket: Socket, listing: Listing, launch_id: str | None = None) -> None:
        self.house, self.socket = house, socket
        self._launch_id, self._listing = launch_id, listing
        self._shown: set[str] = set()
        # Snapshots heard while the list is read: the page is welcomed first.
        self._early: list[Message] | None = []
        self._reread = Reread(socket, self._welcome)
        self._ear: Subscription | None = None

    async def begin(self, hello: Hello) -> None:
        """The page has the whole list."""
        self._reread.begin()
        self._ear = self.house.hub.subscribe(worklist_topic(self._listing.connection_id), self)
        await self._welcome()

    async def take(self, message: StaffMessage) -> None:
        """Signs of life only: what is done on the list is a request with an answer."""
        match message:
            case said.Ping(n=n):
                self.socket.push({"type": "pong", "n": n})
            case said.Active(idle_s=idle_s):
                if self._launch_id is not None:
                    note_activity(self.house, self._launch_id, timedelta(seconds=idle_s))
            case _:
                raise MessageInvalid

    async def end(self) -> None:
        """The socket is gone: nothing is heard any more."""
        if self._ear is not None:
            self._ear.cancel()
        await self._reread.end()

    def push(self, message: Message) -> None:
        """Hear of a visit of the connection."""
        if self._early is not None:
            self._early.append(message)
            return
        view = message["visit"]
        if self._listing.holds(view, message["of"]):
            self._shown.add(view["visit"])
            self.socket.push({"type": "visit", "visit": view})
        elif view["visit"] in self._shown:
            self._shown.discard(view["visit"])
            self.socket.push({"type": "gone", "visit": view["visit"]})

    async def _welcome(self) -> None:
        self._early = self._early or []
        try:
            now = self.house.clock.now()
            async with self.house.database.work() as work:
                views = await list_views(work, self._listing, now)
            self._shown = {view["visit"] for view in views}
            self.socket.push(
                {
                    "type": "worklist",
                    "server_now": now.isoformat(),
                    "until": self._listing.end.isoformat(),
                    "visits": views,
                }
            )
        finally:
            # What came meanwhile is told even where the reading failed: the page has an older list then.
            early, self._early = self._early, None
            for message in early:
                self.push(message)
