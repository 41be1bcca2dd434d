"""The wizard's step for texts: consents and numbers."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.tenancy.administrators import SignedIn
from housecall.web.audience import Audience
from housecall.web.portal_guards import administrator
from housecall.web.setup_steps import show_step

routes = Audience("portal texts", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]


@routes.get("/portal/setup/messages")
async def messages(request: Request, person: Administrator) -> Response:
    """The step as it stands."""
    return await show_step(request, person, "portal/setup_messages.html", step="messages")
