"""What this deployment stands on, tested live: the page, and one check at a time for its script."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.checks.model import Ground
from housecall.checks.registry import CHECKS, get_check, run_all, run_check
from housecall.tenancy.administrators import SignedIn
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.pages import render
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

routes = Audience("checks", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


@routes.get("/portal/checks")
async def checks_page(request: Request, person: Administrator, run: bool = False) -> Response:
    """The list; the script tests each, and without a script ``run`` tests them all before the page is shown."""
    results = {one.check.name: one for one in await run_all(_ground(request, person))} if run else {}
    return show(request, person, "portal/checks.html", here="checks", checks=CHECKS, results=results)


@routes.get("/portal/checks/{name}")
async def one_check(request: Request, name: str, person: Administrator) -> Response:
    """One check, tested now, as a piece of the page."""
    result = await run_check(get_check(name), _ground(request, person))
    return render(request, "portal/check.html", check=result.check, result=result)


def _ground(request: Request, person: SignedIn) -> Ground:
    house = house_of(request)
    return Ground(house.settings, house.database, house.desk, person.org_id)
