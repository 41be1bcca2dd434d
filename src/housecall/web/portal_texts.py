"""The wizard's step for texts: consents, numbers, and which number each EHR's texts leave from."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, Response

from housecall.db.work import Work
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.messaging import number_store, numbers
from housecall.messaging.accounts import OWN
from housecall.messaging.providers.base import ProviderError
from housecall.messaging.verifying_words import say
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.consent import Consent, standing_consents, wording
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.store import list_connections
from housecall.web import texts_words as words
from housecall.web.answers import form_status, go_to
from housecall.web.audience import Audience
from housecall.web.hooks_azure import hook_keys
from housecall.web.house import House, house_of
from housecall.web.pages import render
from housecall.web.portal_guards import administrator
from housecall.web.setup_steps import show_step
from housecall.web.texts_form import (
    FormFault,
    ask_carriers,
    bring,
    do_act,
    keep_choices,
    prove,
    read_pressed,
    text_code,
)

routes = Audience("portal texts", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]

_HERE: Final = "/portal/setup/messages"
_NEXT: Final = "/portal/setup/review"

# Where a fault of a rule is shown that does not name its place.
_PLACES: Final = {
    "messaging.number_invalid": "brought",
    "messaging.number_taken": "brought",
    "messaging.account_invalid": "accounts",
    "messaging.illegal_number_move": "numbers",
    "messaging.number_unknown": "numbers",
}


@routes.get("/portal/setup/messages")
async def messages(request: Request, person: Administrator, saved: str = "") -> Response:
    """The step as it stands."""
    return await _page(request, person, saved=saved)


@routes.get("/portal/setup/messages/numbers")
async def list_numbers(request: Request, person: Administrator) -> HTMLResponse:
    """The numbers alone, for the page to follow them while they come."""
    async with house_of(request).database.work() as work:
        there = await _numbers(work, person.org_id)
    return render(request, "portal/_numbers.html", faults={}, **there)


@routes.post("/portal/setup/messages")
async def press(request: Request, person: Administrator) -> Response:
    """What the form holds is kept, and the pressed button's act is done; faults are shown in their places."""
    house = house_of(request)
    fields = {name: str(value) for name, value in (await request.form()).items()}
    try:
        await _do(house, person, fields)
    except FormFault as fault:
        return await _page(request, person, typed=fields, faults={fault.field: str(fault)})
    except ProviderError:
        sentence = "The provider did not answer. Nothing was done; try again in a minute."
        place = "numbers" if read_pressed(fields).act == "verified" else "brought"
        return await _page(request, person, typed=fields, faults={place: sentence})
    except HousecallError as fault:
        if fault.code not in _PLACES:
            raise
        return await _page(request, person, typed=fields, faults={_PLACES[fault.code]: str(fault)})
    act = read_pressed(fields).act
    return go_to(_NEXT if act == "next" else f"{_HERE}?saved={act}")


async def _do(house: House, person: SignedIn, fields: Mapping[str, str]) -> None:
    pressed = read_pressed(fields)
    async with house.database.work() as work:
        await keep_choices(house, work, person, pressed)
    if pressed.act == "bring":
        proof = await bring(house, person, pressed)
    elif pressed.act == "prove":
        await prove(house, person, pressed)
        proof = None
    elif pressed.act == "verified":
        await ask_carriers(house, person, pressed)
        proof = None
    else:
        async with house.database.work() as work:
            proof = await do_act(house, work, person, pressed)
    if proof is not None:
        again = pressed[f"phone-{pressed.target}"]
        await text_code(house, person, proof, again or pressed["phone"])


async def _page(
    request: Request,
    person: SignedIn,
    *,
    saved: str = "",
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> HTMLResponse:
    house = house_of(request)
    async with house.database.work() as work:
        consents = await standing_consents(work, person.org_id)
        connections = [
            one for one in await list_connections(work, person.org_id) if one.state != ConnectionState.draft
        ]
        values: dict[str, Any] = await _numbers(work, person.org_id)
        accounts = {one.provider: one for one in await number_store.list_accounts(work, person.org_id)}
        troubles = await number_store.list_troubles(work, person.org_id)
        providers = await house.carriers.available(work, person.org_id)
    return await show_step(
        request,
        person,
        "portal/setup_messages.html",
        step="messages",
        status=form_status(faults),
        consents=[(what, wording(what), consents.get(what)) for what in Consent],
        by_command=any(one.consent_send_at and one.consent_attendees_at for one in connections),
        connections=connections,
        accounts=accounts,
        own=OWN,
        troubles=[
            (words.PROVIDERS[one.provider], words.TROUBLES[one.trouble], one.since) for one in troubles
        ],
        providers=[(name, words.PROVIDERS[name]) for name in providers],
        azure_hook=f"{house.public_url}/hooks/azure?key={hook_keys(house.sealer)[0]}",
        twilio_hook=f"{house.public_url}/hooks/twilio",
        typed=typed or {},
        faults=faults or {},
        saved=saved,
        **values,
    )


async def _numbers(work: Work, org_id: OrgId) -> dict[str, Any]:
    there = await numbers.list_numbers(work, org_id)
    return {"numbers": there, "working": numbers.working(there), "words": words, "say": say}
