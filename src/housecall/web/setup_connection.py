"""One connection's pages: its form, what was found at its address, its rules, and switching it on and off."""

import json
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.ehr.errors import EhrError
from housecall.kit.errors import Overtaken
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.connections import confirm_release
from housecall.tenancy.errors import ConnectionDouble, NotValidated
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.readiness import lacks_of
from housecall.tenancy.service import is_working
from housecall.tenancy.setup import (
    drop_draft,
    finish_draft,
    get_setup,
    is_validated,
    pause,
    resume,
    save_settings,
)
from housecall.tenancy.spending import read_spending
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection, ConnectionSetup
from housecall.web import connection_form as forms
from housecall.web.answers import FORM_FAULTY, FORM_OVERTAKEN, fresh, go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_acts import count_existing, look_at
from housecall.web.setup_steps import STATE_WORDS, show_step

routes = Audience("setup of a connection", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]
HERE = "/portal/setup/connections/{connection_id}"


@routes.get(HERE)
async def form(request: Request, connection_id: str, person: Administrator) -> Response:
    """The form as it was left, with what the last look at the address found."""
    connection, setup = await read_connection(request, person, connection_id)
    return await show_connection(request, person, connection, setup, forms.shown_of(connection, setup.typed))


@routes.post(HERE)
async def send(request: Request, connection_id: str, person: Administrator) -> Response:
    """The form is kept; then, as the pressed button says, its address is looked at, or it is done."""
    house = house_of(request)
    connection, setup = await read_connection(request, person, connection_id)
    given = await request.form()
    filled = forms.read_form(given, connection, house.sealer)
    deed = str(given.get("deed", "save"))
    is_draft = connection.state == ConnectionState.draft
    if deed == "count" and not is_draft:
        return await _count(request, person, connection_id)
    if filled.faults and not is_draft:
        return await _again(request, person, connection, setup, filled)
    try:
        await _save(request, person, connection_id, filled)
    except Overtaken:
        return await _clash(request, person, connection_id, filled)
    if deed == "count":
        return await _count(request, person, connection_id)
    if deed == "validate":
        if not filled.typed["base_url"]:
            filled.faults["base_url"] = "Give the address first."
            return await _again(
                request, person, *await read_connection(request, person, connection_id), filled
            )
        await look_at(house, person, connection_id, detect=not filled.typed["vendor"])
        return go_to(f"/portal/setup/connections/{connection_id}#validation")
    if deed == "done" and is_draft:
        return await _done(request, person, connection_id, filled)
    if filled.faults:
        return await _again(request, person, *await read_connection(request, person, connection_id), filled)
    return go_to(f"/portal/setup/connections?done={connection_id}")


@routes.post(HERE + "/keep")
async def keep(request: Request, connection_id: str, person: Administrator) -> Response:
    """A draft's form is kept while it is being typed; answers the version it is then."""
    connection, _ = await read_connection(request, person, connection_id)
    if connection.state != ConnectionState.draft:
        return fresh({"kept": False})
    filled = forms.read_form(await request.form(), connection, house_of(request).sealer)
    version = await _save(request, person, connection_id, filled)
    return fresh({"kept": True, "version": version})


@routes.post(HERE + "/remove")
async def remove(request: Request, connection_id: str, person: Administrator) -> Response:
    """The draft is gone."""
    house = house_of(request)
    async with house.database.work() as work:
        await drop_draft(work, person.org_id, connection_id, now=house.clock.now(), by=person.by)
    return go_to("/portal/setup/connections?removed=yes")


@routes.post(HERE + "/pause")
async def pause_it(request: Request, connection_id: str, person: Administrator) -> Response:
    """Nothing runs on the connection until it is resumed."""
    house = house_of(request)
    async with house.database.work() as work:
        await pause(work, person.org_id, connection_id, now=house.clock.now(), by=person.by)
    return go_to(f"/portal/setup/connections/{connection_id}")


@routes.post(HERE + "/resume")
async def resume_it(request: Request, connection_id: str, person: Administrator) -> Response:
    """The connection works again."""
    house = house_of(request)
    async with house.database.work() as work:
        await resume(work, person.org_id, connection_id, now=house.clock.now(), by=person.by)
    return go_to(f"/portal/setup/connections/{connection_id}")


@routes.post(HERE + "/release")
async def release(request: Request, connection_id: str, person: Administrator) -> Response:
    """It is on record who says that the EHR's release is late enough; then the address is looked at again."""
    house = house_of(request)
    async with house.database.work() as work:
        await confirm_release(work, person.org_id, connection_id, now=house.clock.now(), by=person.by)
        setup = await get_setup(work, person.org_id, connection_id)
    await look_at(house, person, connection_id, detect=bool(setup.typed and not setup.typed.get("vendor")))
    return go_to(f"/portal/setup/connections/{connection_id}#validation")


async def _count(request: Request, person: SignedIn, connection_id: str) -> Response:
    """The visits that are booked now are counted."""
    try:
        await count_existing(house_of(request), person, connection_id)
    except EhrError as fault:
        connection, setup = await read_connection(request, person, connection_id)
        shown = forms.shown_of(connection, setup.typed)
        return await show_connection(
            request, person, connection, setup, shown, faults={"confirm_existing": fault.sentence}, status=502
        )
    return go_to(f"/portal/setup/connections/{connection_id}#confirm_existing")


async def read_connection(
    request: Request, person: SignedIn, connection_id: str
) -> tuple[Connection, ConnectionSetup]:
    """The connection and how it is being set up; raises ConnectionUnknown."""
    async with house_of(request).database.work() as work:
        setup = await get_setup(work, person.org_id, connection_id)
        return await get_connection(work, person.org_id, connection_id), setup


async def _save(request: Request, person: SignedIn, connection_id: str, filled: forms.Filled) -> int:
    house = house_of(request)
    async with house.database.work() as work:
        setup = await save_settings(
            work,
            person.org_id,
            connection_id,
            version=filled.version,
            typed=filled.typed,
            values=filled.values,
            secrets=filled.secrets,
            sealer=house.sealer,
            now=house.clock.now(),
            by=person.by,
        )
        return setup.version


async def _done(request: Request, person: SignedIn, connection_id: str, filled: forms.Filled) -> Response:
    house = house_of(request)
    try:
        if not filled.faults:
            async with house.database.work() as work:
                await finish_draft(work, person.org_id, connection_id, now=house.clock.now(), by=person.by)
            return go_to(f"/portal/setup/connections?done={connection_id}")
    except (NotValidated, ConnectionDouble) as fault:
        filled.faults["base_url"] = fault.sentence
    return await _again(request, person, *await read_connection(request, person, connection_id), filled)


async def _again(
    request: Request,
    person: SignedIn,
    connection: Connection,
    setup: ConnectionSetup,
    filled: forms.Filled,
) -> Response:
    """The form with its faults in place, and all that was typed."""
    kept = _kept(request, connection, filled)
    return await show_connection(
        request, person, connection, setup, filled.typed, faults=filled.faults, kept=kept, status=FORM_FAULTY
    )


def _kept(request: Request, connection: Connection, filled: forms.Filled) -> dict[str, str]:
    sealer = house_of(request).sealer
    return {name: forms.seal_secret(sealer, connection.id, secret) for name, secret in filled.secrets.items()}


async def _clash(request: Request, person: SignedIn, connection_id: str, filled: forms.Filled) -> Response:
    """The form for whoever came second: what the first one changed, and all that was typed."""
    connection, setup = await read_connection(request, person, connection_id)
    shown, clashes = forms.merge(filled, forms.shown_of(connection, setup.typed))
    return await show_connection(
        request,
        person,
        connection,
        setup,
        shown,
        faults=filled.faults,
        kept=_kept(request, connection, filled),
        clashes=clashes,
        status=FORM_OVERTAKEN,
    )


async def show_connection(
    request: Request,
    person: SignedIn,
    connection: Connection,
    setup: ConnectionSetup,
    shown: forms.Typed,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    """The connection's page, with the form as it is given."""
    is_draft = connection.state == ConnectionState.draft
    house = house_of(request)
    values = {
        "spending": await read_spending(house.database, person.org_id, connection.id, house.clock.now()),
        "faults": {},
        "kept": {},
        "clashes": (),
        "connection": connection,
        "setup": setup,
        "shown": shown,
        # As it is stored, not as it was typed: what the next save is compared with.
        "was": json.dumps(forms.shown_of(connection, setup.typed)),
        "is_draft": is_draft,
        "is_working": is_working(connection),
        "is_validated": is_validated(connection, setup),
        "lacks": () if is_draft else lacks_of(connection),
        "choices": forms,
        "state_words": STATE_WORDS,
        "reason": "",
    }
    return await show_step(
        request,
        person,
        "portal/setup_connection.html",
        step="connections",
        status=status,
        **{**values, **more},
    )
