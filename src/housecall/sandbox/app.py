"""The sandbox as one application."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from housecall.kit.clock import Clock, SystemClock
from housecall.sandbox import identity, machine
from housecall.sandbox.auth import discovery
from housecall.sandbox.auth.clients import Registry, seed_clients
from housecall.sandbox.auth.grants import Grants
from housecall.sandbox.booking import OVER
from housecall.sandbox.doors import DOORS, Doors
from housecall.sandbox.errors import FhirRefused, RequestRefused
from housecall.sandbox.fhir import server
from housecall.sandbox.house import House
from housecall.sandbox.keeping import Notebook
from housecall.sandbox.manners.registry import MANNERS
from housecall.sandbox.options import SandboxOptions
from housecall.sandbox.pages import chart, clinician, patient_portal, phone, schedule
from housecall.sandbox.post import smtp
from housecall.sandbox.seed.days import seed
from housecall.sandbox.siu import Interface
from housecall.sandbox.switches import Switches
from housecall.sandbox.teams import directory, login, meetings, reports, subscriptions
from housecall.sandbox.teams import machine as teams_machine
from housecall.sandbox.teams import pages as teams_pages
from housecall.sandbox.teams.tenant import TENANT, Tenant
from housecall.sandbox.teams.tenant import Switches as TenantSwitches
from housecall.sandbox.texts import gateway
from housecall.sandbox.wire import say_fhir_no, say_no
from housecall.sandbox.world import World

# What happened is on disk this long after it happened, whatever kills the sandbox.
_SAVE_AFTER_S: Final = 0.05
# A long record may take its time to write: never more than a twentieth of the sandbox's.
_REST_TIMES: Final = 20
SERVICE_MAIL: Final = "virtual.care@prairieview.example"
_STATIC: Final = Path(__file__).parent / "pages" / "static"


def sandbox_app(
    options: SandboxOptions,
    *,
    clock: Clock | None = None,
    outward: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """The make-believe hospital; ``outward`` carries its calls to Housecall (the network if not given)."""
    house = _open_house(options, clock or SystemClock(), outward)
    seed(house.world)
    house.teams.staff(list(house.world.record.practitioners.values()), SERVICE_MAIL)
    app = Starlette(
        routes=[
            *schedule.ROUTES,
            *clinician.ROUTES,
            *chart.ROUTES,
            *phone.ROUTES,
            *patient_portal.ROUTES,
            *machine.ROUTES,
            *gateway.ROUTES,
            *identity.ROUTES,
            *discovery.routes_of(options),
            *house.manner.routes,
            *server.routes_of(options),
            *login.ROUTES,
            *directory.ROUTES,
            *meetings.ROUTES,
            *reports.ROUTES,
            *subscriptions.ROUTES,
            *teams_pages.ROUTES,
            *teams_machine.ROUTES,
            Route("/healthz", healthy),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={RequestRefused: say_no, FhirRefused: say_fhir_no},
        lifespan=_lifespan,
    )
    app.state.house = house
    return app


def _open_house(options: SandboxOptions, clock: Clock, outward: httpx.AsyncBaseTransport | None) -> House:
    """The house as it was left; faults that were switched on are over."""
    world = World(clock, options.data_dir)
    notebook = Notebook(options.data_dir, "doors.json", DOORS)
    doors = (notebook.read() or Doors()).fitting(options.housecall_url)
    tenancy = Notebook(options.data_dir, "teams.json", TENANT)
    teams = tenancy.read() or Tenant()
    teams.switches = TenantSwitches()
    return House(
        options=options,
        manner=MANNERS[options.vendor],
        clock=clock,
        world=world,
        clients=Registry(seed_clients(options.housecall_url), doors.clients),
        grants=Grants(clock, doors.held, world.touch),
        # Housecall is on this machine: a proxy of the environment must not come between.
        outward=httpx.AsyncClient(transport=outward, timeout=10, trust_env=False),
        doors=notebook,
        tenancy=tenancy,
        teams=teams,
        switches=Switches(launch_url=doors.launch_url, patient_launch_url=doors.patient_launch_url),
    )


async def healthy(request: Request) -> Response:
    """The sandbox is up."""
    return PlainTextResponse("ok")


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    house: House = app.state.house
    house.begin(_keep_saving(house))
    gateway.go_on(house)
    post = await smtp.listen(house, house.options.mail_socket) if house.options.mail_socket else None
    if house.options.siu_port is not None:
        interface = Interface(house, house.options.siu_port)
        house.world.tell = interface.tell
        for visit in house.world.record.appointments.values():
            if visit.is_video and visit.status not in OVER and visit.end > house.clock.now():
                interface.tell(visit, "booked")
        house.begin(interface.run())
    try:
        yield
    finally:
        if post is not None:
            post.close()
        await house.close()


async def _keep_saving(house: House) -> None:
    while True:
        await house.world.changed.wait()
        await asyncio.sleep(_SAVE_AFTER_S)
        begun = time.monotonic()
        house.save()
        await asyncio.sleep((time.monotonic() - begun) * _REST_TIMES)
