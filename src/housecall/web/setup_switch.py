"""Switching a connection on, and saying what counts as a video visit on it."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.ehr.errors import EhrError
from housecall.kit.errors import HousecallError, Overtaken
from housecall.kit.ids import OrgId
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.connections import set_virtual_rules
from housecall.tenancy.errors import ReasonMissing, RuleUnknown
from housecall.tenancy.model import ConnectionState, Environment, Protection
from housecall.tenancy.protection import stand_of
from housecall.tenancy.service import go_live
from housecall.tenancy.setup import get_setup_at
from housecall.tenancy.store import get_connection, note_change
from housecall.tenancy.tables import Connection
from housecall.visits.matching import Trial, try_rules
from housecall.web import connection_form as forms
from housecall.web.answers import FORM_FAULTY, form_status, go_to
from housecall.web.audience import Audience
from housecall.web.house import House, house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_connection import HERE, read_connection, show_connection
from housecall.web.setup_steps import show_step

routes = Audience("setup switches", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]
_SHORTEST_REASON = 10


@routes.post(HERE + "/live")
async def live(request: Request, connection_id: str, person: Administrator) -> Response:
    """The connection is live; without a test launch only for a reason, which stays on record."""
    house = house_of(request)
    given = await request.form()
    reason = " ".join(str(given.get("reason", "")).split())[:500]
    connection, setup = await read_connection(request, person, connection_id)
    faults = {}
    if connection.state == ConnectionState.validated and len(reason) < _SHORTEST_REASON:
        faults["reason"] = ReasonMissing().sentence
    protection = await _protection(house, connection, is_overridden=bool(given.get("without_relay")))
    if protection is Protection.off and connection.environment == Environment.production:
        faults["without_relay"] = (
            "No relay works, so patients' browsers would learn clinicians' network addresses."
            " Have whoever runs Housecall set one up, or tick this box: it stays on record."
        )
    if faults:
        shown = forms.shown_of(connection, setup.typed)
        return await show_connection(
            request, person, connection, setup, shown, faults=faults, reason=reason, status=FORM_FAULTY
        )
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
        await go_live(
            work,
            connection,
            protection=protection,
            now=house.clock.now(),
            by=person.by,
            reason=reason or None,
        )
        await note_change(work, person.org_id, connection_id)
    return go_to(f"/portal/setup/connections/{connection_id}")


async def _protection(house: House, connection: Connection, *, is_overridden: bool) -> Protection:
    if connection.environment != Environment.production:
        return Protection.off
    standing = await stand_of(
        house.desk.meetings, ca_file=house.settings.text("HOUSECALL_CA_FILE"), override=is_overridden
    )
    return standing.protection


@routes.get(HERE + "/rules")
async def rules(
    request: Request, connection_id: str, person: Administrator, rules: str | None = None
) -> Response:
    """What counts as a video visit, and what of today's schedule does by these rules; nothing is changed."""
    return await _rules_page(request, person, connection_id, rules)


@routes.post(HERE + "/rules")
async def set_rules(request: Request, connection_id: str, person: Administrator) -> Response:
    """These rules hold from the next poll on."""
    house = house_of(request)
    given = await request.form()
    typed, version = str(given.get("rules", ""))[:4000], str(given.get("version", "0"))
    try:
        async with house.database.work() as work:
            await get_setup_at(work, person.org_id, connection_id, int(version) if version.isdecimal() else 0)
            await set_virtual_rules(
                work, person.org_id, connection_id, _lines(typed), now=house.clock.now(), by=person.by
            )
            await note_change(work, person.org_id, connection_id)
    except (RuleUnknown, Overtaken) as fault:
        return await _rules_page(request, person, connection_id, typed, fault=fault)
    return go_to(f"/portal/setup/connections/{connection_id}/rules?saved=yes")


async def _rules_page(
    request: Request,
    person: SignedIn,
    connection_id: str,
    typed: str | None,
    *,
    fault: HousecallError | None = None,
) -> Response:
    connection, setup = await read_connection(request, person, connection_id)
    stored = "\n".join(connection.virtual_rules)
    trial, away = None, None
    try:
        trial = await _tried(request, person, connection, typed)
    except RuleUnknown as unknown:
        fault = fault or unknown
    except EhrError as unread:
        away = unread
    return await show_step(
        request,
        person,
        "portal/setup_rules.html",
        step="connections",
        status=form_status(fault),
        connection=connection,
        version=setup.version,
        typed=stored if typed is None else typed,
        stored=stored,
        is_tried=typed is not None and typed.split() != stored.split(),
        fault=fault.sentence if fault else "",
        trial=trial,
        away=away,
        saved=bool(request.query_params.get("saved")),
    )


async def _tried(request: Request, person: SignedIn, connection: Connection, typed: str | None) -> Trial:
    house = house_of(request)
    return await try_rules(
        house.desk,
        house.database,
        OrgId(connection.org_id),
        connection.id,
        by=person.by,
        rules=None if typed is None else _lines(typed),
    )


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]
