"""The running hospital: everything a request needs to find, in one place."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
from starlette.requests import Request

from housecall.kit.clock import Clock
from housecall.sandbox.auth.clients import Registry
from housecall.sandbox.auth.grants import Grants
from housecall.sandbox.auth.keys import Keys
from housecall.sandbox.doors import Doors
from housecall.sandbox.fhir.paging import Pages
from housecall.sandbox.keeping import Notebook
from housecall.sandbox.manner import Manner
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.switches import Switches
from housecall.sandbox.teams.keys import GraphKeys
from housecall.sandbox.teams.tenant import Tenant
from housecall.sandbox.world import World

if TYPE_CHECKING:
    from housecall.sandbox.manners.context_linking import Told

_LOG_KEEPS: Final = 5000


@dataclass(frozen=True)
class Asked:
    """One FHIR request as it was logged for tests."""

    method: str
    path: str
    query: str
    status: int
    client: str | None
    at: datetime


@dataclass(frozen=True)
class SignIn:
    """Somebody signed in for Housecall's portal; the code it is kept under waits to be exchanged."""

    role: str
    redirect_uri: str
    challenge: str | None
    nonce: str | None
    expires: datetime


@dataclass
class House:
    """Holds the sandbox's parts; one for each app."""

    options: SandboxOptions
    manner: Manner
    clock: Clock
    world: World
    clients: Registry
    grants: Grants
    outward: httpx.AsyncClient
    doors: Notebook[Doors]
    tenancy: Notebook[Tenant]
    keys: Keys = field(default_factory=Keys)
    portal_keys: Keys = field(default_factory=Keys)
    teams: Tenant = field(default_factory=Tenant)
    graph_keys: GraphKeys = field(default_factory=GraphKeys)
    graph_asked: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=_LOG_KEEPS))
    graph_received: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_KEEPS))
    graph_told: deque[tuple[dict[str, Any], int]] = field(default_factory=lambda: deque(maxlen=_LOG_KEEPS))
    switches: Switches = field(default_factory=Switches)
    pages: Pages = field(default_factory=Pages)
    sign_ins: dict[str, SignIn] = field(default_factory=dict)
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=_LOG_KEEPS))
    recent: deque[float] = field(default_factory=deque)  # moments of FHIR requests, for throttling
    told: "list[Told]" = field(default_factory=list)  # who is connected, in the order it was told
    returned: list[bytes] = field(
        default_factory=list
    )  # notifications on letters that could not be delivered
    _chores: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, chore: Coroutine[None, None, None]) -> None:
        """Do something in the background; it is stopped with the sandbox."""
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def close(self) -> None:
        """Background work stops, the record is on disk."""
        for chore in list(self._chores):
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.outward.aclose()
        self.save()

    def save(self) -> None:
        """All that is remembered over a restart is on disk."""
        self.world.save()
        self.tenancy.write(self.teams)
        self.doors.write(
            Doors(
                housecall_url=self.options.housecall_url,
                clients=self.clients.added,
                held=self.grants.held,
                launch_url=self.switches.launch_url,
                patient_launch_url=self.switches.patient_launch_url,
            )
        )

    @property
    def launch_url(self) -> str:
        """Where a clinician's launch leads."""
        return self.switches.launch_url or f"{self.options.housecall_url}/ehr/launch"

    @property
    def patient_launch_url(self) -> str:
        """Where a patient's launch leads."""
        return self.switches.patient_launch_url or f"{self.options.housecall_url}/ehr/patient/launch"


def house_of(request: Request) -> House:
    """The hospital this request came to."""
    house = request.app.state.house
    assert isinstance(house, House)
    return house
