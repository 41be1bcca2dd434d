"""Who comes into the portal: closed guards, one for each right, and the answer to those with another role.

A portal page's audience has one of these as its guard, and its routes declare the same one to get the person::

    routes = Audience("numbers", guard=administrator, include_in_schema=False)

    @routes.post("/portal/numbers")
    async def add(request: Request, person: Annotated[SignedIn, Depends(administrator)]) -> Response: ...

They also keep other sites out: an act must come from our own page (``web/origin.py``). Forms need nothing for it.
"""

from typing import Annotated, ClassVar, Final
from urllib.parse import urlencode

from fastapi import Depends, Request

from housecall.kit.errors import HousecallError, Kind
from housecall.tenancy.administrators import SignedIn, find_session
from housecall.tenancy.model import ROLES_WITH, Right
from housecall.web.house import house_of
from housecall.web.origin import refuse_foreign

SESSION_COOKIE: Final = "__Host-hc_portal"


class NotSignedIn(HousecallError):
    """Sign in to see this page."""

    kind: ClassVar[Kind] = Kind.unauthenticated
    code: ClassVar[str] = "web.not_signed_in"
    way_on: ClassVar[str] = "Sign in with your organisation's account; you come back to this page."

    def __init__(self, back_to: str = "/portal") -> None:
        super().__init__()
        self.link = (f"/portal/sign-in?{urlencode({'back_to': back_to})}", "Sign in")


class RoleNeeded(HousecallError):
    """This page needs another role."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "web.role_needed"
    way_on: ClassVar[str] = (
        "Your organisation gives out roles where its accounts are managed. Ask there, then sign in again."
    )
    link: ClassVar[tuple[str, str]] = ("/portal/account", "See what your role opens")


async def find_signed_in(request: Request) -> SignedIn | None:
    """The person by the portal's cookie, None for a stranger."""
    secret = request.cookies.get(SESSION_COOKIE)
    if not secret:
        return None
    house = house_of(request)
    async with house.database.work() as work:
        return await find_session(work, secret, now=house.clock.now())


async def signed_in(request: Request) -> SignedIn:
    """Somebody of the organisation, whatever their role; raises NotSignedIn, or RequestForeign for an act."""
    refuse_foreign(request, house_of(request).public_url)
    person = await find_signed_in(request)
    if person is None:
        raise NotSignedIn(request.url.path if request.method == "GET" else "/portal")
    # An error on the way is shown within the portal's own frame.
    request.state.person = person
    return person


Somebody = Annotated[SignedIn, Depends(signed_in)]


async def administrator(person: Somebody) -> SignedIn:
    """Somebody who may change settings; raises RoleNeeded naming the role."""
    return _with(Right.administer, person)


async def report_reader(person: Somebody) -> SignedIn:
    """Somebody who may read reports; raises RoleNeeded naming the roles."""
    return _with(Right.read_reports, person)


async def auditor(person: Somebody) -> SignedIn:
    """Somebody who may read the audit log; raises RoleNeeded naming the roles."""
    return _with(Right.read_audit, person)


async def visit_holder(person: Somebody) -> SignedIn:
    """A clinician, who may hold visits when the EHR cannot launch; raises RoleNeeded naming the role."""
    return _with(Right.hold_visits, person)


async def guest_inviter(person: Somebody) -> SignedIn:
    """Somebody who may give interpreters and relatives their links; raises RoleNeeded naming the roles."""
    return _with(Right.invite_guests, person)


def _with(right: Right, person: SignedIn) -> SignedIn:
    if not person.may(right):
        roles = " or ".join(role.value for role in ROLES_WITH[right])
        own = " and ".join(role.value for role in person.roles)
        raise RoleNeeded(f"This needs the role {roles}. You are signed in as {own}.")
    return person
