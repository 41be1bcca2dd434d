"""What the pages of the setup do that asks an EHR: look at addresses, count visits, try launches."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from housecall.ehr.base import ClientKind, LocationRef, Persona, PractitionerRef, Vendor
from housecall.ehr.errors import EhrError
from housecall.ehr.findings import ValidationResult
from housecall.ehr.outward import Outward
from housecall.ehr.probing import probe_launch, probe_schedule
from housecall.kit.errors import HousecallError
from housecall.kit.findings import Finding, Level
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.examining import Question, examine
from housecall.tenancy.model import Environment
from housecall.tenancy.records import launch_record
from housecall.tenancy.setup import note_existing, note_record_test, note_validation, validated_about
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits.polling import spans_of
from housecall.visits.trying import try_launch
from housecall.web.house import House

_DAY: Final = timedelta(days=1)
_STANDING: Final = ("booked", "pending", "arrived", "checked-in")


async def look_at(house: House, person: SignedIn, connection_id: str, *, detect: bool) -> None:
    """The addresses of the connection were looked at, and what was found is kept with it."""
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
    outward = Outward(house.desk.ehr.network)
    try:
        found = await _examined(house, person, connection, outward, detect=detect)
    finally:
        await outward.close()
    async with house.database.work() as work:
        await note_validation(work, person.org_id, connection_id, found)


async def _examined(
    house: House, person: SignedIn, connection: Connection, outward: Outward, *, detect: bool
) -> dict[str, Any]:
    addresses = [("For clinicians", connection.base_url)]
    if connection.patient_base_url and connection.patient_base_url != connection.base_url:
        addresses.append(("For patients", connection.patient_base_url))
    parts, vendor, is_usable = [], None, True
    for title, base_url in addresses:
        question = Question(
            base_url=base_url,
            environment=Environment(connection.environment),
            client_kind=ClientKind(connection.client_kind),
            vendor=None if detect else Vendor(connection.vendor),
            release_confirmed=connection.release_confirmed_at is not None,
        )
        result = await _answer(house, person, question, outward)
        is_usable = is_usable and result.is_usable
        vendor = vendor or result.vendor
        parts.append({"title": title, "base_url": base_url, "findings": told(result.findings)})
    if is_usable and connection.system_client_id:
        parts.append(
            {
                "title": "The system account",
                "base_url": "",
                "findings": told([await _schedule(house, connection)]),
            }
        )
    return {
        "is_usable": is_usable,
        "vendor": vendor,
        "about": validated_about(connection),
        "at": house.clock.now().isoformat(),
        "parts": parts,
    }


async def _answer(house: House, person: SignedIn, question: Question, outward: Outward) -> ValidationResult:
    network, clock = house.desk.ehr.network, house.clock
    return await examine(
        house.database, person.org_id, question, network=network, clock=clock, outward=outward
    )


async def _schedule(house: House, connection: Connection) -> Finding:
    return await probe_schedule(
        house.desk.ehr.client(connection),
        practitioners=connection.practitioners,
        locations=connection.locations,
        start=house.clock.now(),
        window=_DAY,
    )


async def count_existing(house: House, person: SignedIn, connection_id: str) -> int:
    """How many visits that are booked now would be confirmed by a text or e-mail; raises an EhrError."""
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
    now, client, found = house.clock.now(), house.desk.ehr.client(connection), set[str]()
    for start, end in spans_of(now, _DAY, is_first=True, a_day=connection.feed_a_day):
        page = await client.list_appointments(
            practitioners=[PractitionerRef(one) for one in connection.practitioners],
            locations=[LocationRef(one) for one in connection.locations],
            start=max(start, now),
            end=end,
        )
        found.update(one.ref for one in page.appointments if one.is_virtual and one.start and one.start > now)
    count = len(found)
    async with house.database.work() as work:
        await note_existing(work, person.org_id, connection_id, count=count, now=now)
    return count


async def try_record(house: House, person: SignedIn, connection_id: str, persona: Persona) -> None:
    """The persona's launch record was tried on the EHR, and what came of it is kept and on record."""
    async with house.database.work() as work:
        connection = await get_connection(work, person.org_id, connection_id)
    outward = Outward(house.desk.ehr.network)
    try:
        findings = [*await _probed(house, connection, persona, outward)]
        if is_sandbox(house, connection) and all(one.level is not Level.fail for one in findings):
            findings.append(await _launched(house, connection, persona, outward))
    finally:
        await outward.close()
    found = {
        "at": house.clock.now().isoformat(),
        "outcome": _outcome(findings),
        "findings": told(findings),
        "is_launch": is_sandbox(house, connection),
    }
    async with house.database.work() as work:
        await note_record_test(
            work,
            person.org_id,
            connection_id,
            persona=persona,
            found=found,
            now=house.clock.now(),
            by=person.by,
        )


async def _probed(
    house: House, connection: Connection, persona: Persona, outward: Outward
) -> Sequence[Finding]:
    record = launch_record(connection, persona, house.public_url)
    if not record.client_id:
        mend = "Register the record with the EHR, and enter the client id it gives in the step Connections."
        return (Finding("client_id", Level.fail, "There is no client id yet.", mend),)
    return await probe_launch(
        house.desk.ehr.client_of(connection, persona),
        outward,
        redirect_url=record.redirect_url,
        persona=persona,
    )


async def _launched(house: House, connection: Connection, persona: Persona, outward: Outward) -> Finding:
    try:
        code = await sandbox_launch(house, persona, outward)
        count = await try_launch(
            house.desk, house.database, connection, launch=code, persona=persona, outward=outward
        )
    except HousecallError as fault:
        return Finding(
            "launch", Level.fail, f"A whole launch was tried. {fault.sentence}", "Mend this, then test again."
        )
    return Finding(
        "launch", Level.ok, f"A whole launch was tried and worked; it led to {count} video visits."
    )


def is_sandbox(house: House, connection: Connection) -> bool:
    """Whether this is the make-believe hospital, which gives out launches to programs."""
    sandbox = house.settings.text("HOUSECALL_SANDBOX_URL")
    return bool(sandbox) and connection.base_url.startswith(f"{sandbox}/")


async def sandbox_launch(house: House, persona: Persona, outward: Outward) -> str:
    """A launch from the chart, or the portal, of whoever has the next video visit in the sandbox."""
    sandbox = house.settings.text("HOUSECALL_SANDBOX_URL")
    book = json.loads((await outward.send("GET", f"{sandbox}/sandbox/appointments")).content)
    now = house.clock.now()
    video = [one for one in book if one["video"] and one["status"] in _STANDING]
    if not video:
        raise EhrError("The sandbox has no video visit to launch from: book one there.")
    nearest = min(video, key=lambda one: abs(datetime.fromisoformat(one["start"]) - now))
    form = {
        "persona": "patient" if persona == "patient" else "provider",
        "patient": nearest["patient"],
        "appointment": nearest["id"],
    }
    answer = (await outward.send("POST", f"{sandbox}/sandbox/launches", body=form)).json_object() or {}
    if not answer.get("launch"):
        raise EhrError("The sandbox gave no launch.")
    return str(answer["launch"])


def told(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Findings as they are kept."""
    return [{**asdict(one), "level": one.level.value} for one in findings]


def _outcome(findings: Sequence[Finding]) -> str:
    levels = {one.level for one in findings}
    return next((level.value for level in (Level.fail, Level.warn) if level in levels), Level.ok.value)
