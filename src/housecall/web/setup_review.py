"""The wizard's last step: what to register with each EHR, trying it, and what is still missing."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.ehr.base import Persona
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.kit.ids import OrgId
from housecall.messaging.numbers import list_numbers
from housecall.messaging.verifying import held_back
from housecall.messaging.verifying_words import warn_of
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.errors import ConnectionUnknown
from housecall.tenancy.readiness import lacks_of
from housecall.tenancy.records import launch_record, system_record
from housecall.tenancy.service import is_working
from housecall.tenancy.setup import get_setup
from housecall.tenancy.store import get_connection, list_connections
from housecall.tenancy.tables import Connection
from housecall.visits.store import find_newest_launch
from housecall.web.answers import go_to
from housecall.web.audience import Audience
from housecall.web.handbook import drawn
from housecall.web.house import House, house_of
from housecall.web.portal_guards import administrator
from housecall.web.setup_acts import is_sandbox, sandbox_launch, try_record
from housecall.web.setup_steps import STATE_WORDS, show_step

routes = Audience("setup review", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]
HERE = "/portal/setup/review/{connection_id}/{persona}"
Which = Literal["provider", "patient"]
_PERSONAS: Final[dict[Which, Persona]] = {"provider": "practitioner", "patient": "patient"}
_HOW_TO: Final = Path(__file__).parents[3] / "docs" / "how-to"
_KIND_WORDS: Final = {
    "symmetric": "Confidential, with a secret",
    "asymmetric": "Confidential, with a key set (private_key_jwt)",
    "public": "Public",
}


@routes.get("/portal/setup/review")
async def review(request: Request, person: Administrator) -> Response:
    """What to register with each EHR, what its tests showed, and how far the whole is."""
    house = house_of(request)
    async with house.database.work() as work:
        found = [one for one in await list_connections(work, person.org_id) if one.state != "draft"]
        numbers = await list_numbers(work, person.org_id)
    return await show_step(
        request,
        person,
        "portal/setup_review.html",
        step="review",
        connections=[
            await _shown(house, person, one) | {"warnings": warn_of(held_back(numbers, one))} for one in found
        ],
        kind_words=_KIND_WORDS,
        state_words=STATE_WORDS,
    )


@routes.get("/portal/setup/guide/{vendor}")
async def guide(request: Request, vendor: str, person: Administrator) -> Response:
    """The handbook's page on connecting this vendor's EHR; raises ConnectionUnknown for no vendor."""
    vendors = [str(one) for one in PROFILES]
    if vendor not in vendors:
        raise ConnectionUnknown
    path = _HOW_TO / f"connect-{vendor}.md"
    # A package without its handbook says where the page is.
    text = drawn(path.read_text(encoding="utf-8"), guides=vendors) if path.is_file() else ""
    return await show_step(
        request, person, "portal/guide.html", step="review", text=text, name=f"docs/how-to/{path.name}"
    )


@routes.post(HERE + "/test")
async def test(request: Request, connection_id: str, persona: Which, person: Administrator) -> Response:
    """The record was tried on the EHR; back to the review, where the result stands."""
    await try_record(house_of(request), person, connection_id, _PERSONAS[persona])
    return go_to(f"/portal/setup/review#{persona}-{connection_id}")


@routes.get(HERE + "/open")
async def open_window(
    request: Request, connection_id: str, persona: Which, person: Administrator
) -> Response:
    """On to a launch as the sandbox begins it, in this window."""
    house = house_of(request)
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
    if not is_sandbox(house, connection):
        raise ConnectionUnknown("Only the sandbox can be launched from here. Open a chart in the EHR.")
    record = launch_record(connection, _PERSONAS[persona], house.public_url)
    outward = Outward(house.desk.ehr.network)
    try:
        code = await sandbox_launch(house, _PERSONAS[persona], outward)
    finally:
        await outward.close()
    return go_to(f"{record.launch_url}?iss={record.base_url}&launch={code}")


async def _shown(house: House, person: SignedIn, connection: Connection) -> dict[str, Any]:
    lacks = lacks_of(connection)
    return {
        "connection": connection,
        "is_working": is_working(connection),
        "lacks": lacks,
        "is_ready": not any(lack.is_needed for lack in lacks),
        "records": [await _record(house, person, connection, which) for which in _PERSONAS],
        "system": system_record(connection, house.public_url),
        "guide": f"/portal/setup/guide/{connection.vendor}",
        "has_guide": connection.vendor in PROFILES,
    }


async def _record(house: House, person: SignedIn, connection: Connection, which: Which) -> dict[str, Any]:
    persona = _PERSONAS[which]
    async with house.database.work() as work:
        setup = await get_setup(work, person.org_id, connection.id)
        newest = await find_newest_launch(work, OrgId(connection.org_id), connection.id, persona)
    tested = setup.record_tests.get(persona)
    return {
        "which": which,
        "record": launch_record(connection, persona, house.public_url),
        "tested": tested,
        "tested_at": datetime.fromisoformat(tested["at"]) if tested else None,
        "newest": newest,
        "can_open": is_sandbox(house, connection),
    }
