"""The EHR's entrance: launch, redirect back, our public keys. Open on purpose: a launch is how one signs in."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from housecall.ehr.base import Persona
from housecall.kit.errors import HousecallError, Kind
from housecall.tenancy import store as tenancy_store
from housecall.tenancy.errors import ConnectionAmbiguous, ConnectionUnknown, EnvironmentMixed, TenancyError
from housecall.tenancy.keys import JWKS_FRESH_FOR, published_keys
from housecall.tenancy.tables import Connection
from housecall.visits.launches import begin_launch, finish_launch
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.cookies import launch_cookie, set_launch_cookie
from housecall.web.house import House, house_of


def frameable(request: Request) -> None:
    """Pages of this audience hold nothing of anybody and no button that acts: any EHR may frame them."""
    request.state.frame_ancestors = "*"


routes = Audience("launch", guard=frameable, include_in_schema=False)

# The origins that the vendor's embed library lists for its own hosts.
MPAGES_PARENTS: Final = (
    "https://embedded.cerner.com",
    "https://embedded.sandboxcerner.com",
    "https://embedded.devcerner.com",
    "https://embedded.applications.ca.cerner.com",
    "https://embedded.applications.au.cerner.com",
    "https://embedded.ca.cernerpowerchart.net",
    "https://embedded.au.cernerpowerchart.net",
    "https://embedded.emea-2.cerner.com",
)

Text = Annotated[str | None, Query(max_length=4096)]


class LaunchIncomplete(HousecallError):
    """Housecall was opened without the EHR's launch. It must be opened from a patient's chart."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "web.launch_incomplete"


@routes.get("/ehr/launch")
async def launch(request: Request, iss: Text = None, launch: Text = None) -> Response:
    """A clinician's launch at the address without a connection: works while one connection has that base URL."""
    return await _begin(request, None, iss, launch)


@routes.get("/ehr/launch/{connection_id}")
async def launch_connection(
    request: Request, connection_id: str, iss: Text = None, launch: Text = None
) -> Response:
    """A clinician's launch."""
    return await _begin(request, connection_id, iss, launch)


@routes.get("/ehr/callback")
async def callback(
    request: Request, state: Text = None, code: Text = None, error: Text = None, error_uri: Text = None
) -> Response:
    """The EHR's answer to a clinician's launch; leads to the panel in the same frame."""
    house = house_of(request)
    finished = await finish_launch(
        house.desk,
        house.database,
        state=state,
        code=code,
        error=error,
        cookie_of=lambda launch_id: request.cookies.get(launch_cookie(launch_id)),
    )
    return go_to(f"/panel/{finished.id}", is_secret=True)


@routes.get("/ehr/jwks.json")
async def jwks(request: Request) -> Response:
    """Our public keys, for EHRs that check signed assertions."""
    async with house_of(request).database.work() as work:
        keys = await published_keys(work)
    return JSONResponse(
        keys, headers={"Cache-Control": f"public, max-age={int(JWKS_FRESH_FOR.total_seconds())}"}
    )


async def _begin(request: Request, connection_id: str | None, iss: str | None, code: str | None) -> Response:
    if not iss or not code:
        raise LaunchIncomplete
    house = house_of(request)
    connection = await find_launched_connection(house, connection_id, iss)
    begun = await begin_launch(house.desk, house.database, connection, launch=code, persona="practitioner")
    response = go_to(begun.authorization_url, is_secret=True)
    set_launch_cookie(response, begun.launch_id, begun.cookie_secret)
    return response


async def find_launched_connection(
    house: House, connection_id: str | None, iss: str, *, persona: Persona = "practitioner"
) -> Connection:
    """The connection that was launched; nothing is ever asked of an address that is not connected."""
    base_url = iss.rstrip("/")
    async with house.database.work() as work:
        candidates = await tenancy_store.list_connections_by_base_url(work, base_url)
        if connection_id is not None:
            found = await tenancy_store.find_connection_anywhere(work, connection_id)
            if found is None or _base_of(found, persona) != base_url:
                raise _mixed_up(found, candidates)
            return found
    if not candidates:
        raise ConnectionUnknown
    if len(candidates) > 1:
        raise ConnectionAmbiguous
    return candidates[0]


def _mixed_up(found: Connection | None, candidates: Sequence[Connection]) -> TenancyError:
    """Why a launch does not fit the connection it names: both are named where it is the organisation's other one."""
    for one in candidates:
        if found and one.org_id == found.org_id and one.environment != found.environment:
            return EnvironmentMixed(
                f"The EHR launched from the address of the {one.environment} connection ({one.base_url}), but this"
                f" launch address belongs to the {found.environment} connection ({found.base_url})."
                " Register each connection's own launch address with its own EHR."
            )
    return ConnectionUnknown()


def _base_of(connection: Connection, persona: Persona) -> str:
    own = connection.patient_base_url if persona == "patient" else None
    return own or connection.base_url


def frame_ancestors_of(connection: Connection) -> str:
    """Who may frame the panel: the EHR's own origin and those listed on the connection, port included.

    Empty for an MPages component: there every ancestor would have to be listed, the site's own too, so the page
    hides until its frame has said who it is (``mpages_parents_of``).
    """
    if connection.is_mpages:
        return ""
    parts = urlsplit(connection.base_url)
    return " ".join(dict.fromkeys([f"{parts.scheme}://{parts.netloc}", *connection.frame_ancestors]))


def mpages_parents_of(connection: Connection) -> str:
    """The frames that an MPages component shows itself in; empty for a connection that is none."""
    return " ".join([*MPAGES_PARENTS, *connection.frame_ancestors]) if connection.is_mpages else ""
