"""A visit's summary for the chart: filed by the clinician's own press, under their own access, once a visit."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import EhrClient, Note, PractitionerRef, Tokens
from housecall.ehr.errors import EhrError, EhrThrottled, EhrUnavailable, PersonGone
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits import store, store_writing
from housecall.visits.access import tokens_of
from housecall.visits.booking import Reading, read_booking
from housecall.visits.desk import Desk
from housecall.visits.errors import (
    EncounterMissing,
    SummaryFiled,
    SummaryTooEarly,
    SummaryUncertain,
    SummaryUnderWay,
)
from housecall.visits.model import ParticipantRole, VisitState, WriteKind, WriteState
from housecall.visits.tables import Launch, Participant, Visit

TITLE: Final = "Video visit summary"
# Longer than the EHR is waited for: after that whoever was sending is gone, and nobody knows what became of it.
_SENDING_LASTS: Final = timedelta(minutes=3)
_ROLES: Final = {
    ParticipantRole.clinician: ("clinician", "clinicians"),
    ParticipantRole.patient: ("patient", "patients"),
    ParticipantRole.family: ("family member", "family members"),
    ParticipantRole.interpreter: ("interpreter", "interpreters"),
}


async def file_summary(desk: Desk, database: Database, launch: Launch, visit_id: str) -> None:
    """The ended visit's summary is in the chart, authored by the clinician who launched.

    Raises SummaryTooEarly, SummaryFiled, SummaryUnderWay, EncounterMissing, an EhrError the EHR refused it with,
    or SummaryUncertain when nobody knows whether it took it: the next press looks in the chart before it sends.
    """
    org_id = OrgId(launch.org_id)
    encounter = await _encounter_of(desk, database, launch)
    was = await _take_up(desk, database, org_id, visit_id)
    try:
        note, client, tokens = await _write(desk, database, launch, visit_id, encounter)
        is_there = was is WriteState.unknown and await client.has_note(note, tokens=tokens)
    except HousecallError as fault:
        # Nothing was sent by this press; what an earlier one did is still not known.
        state = was if was is WriteState.unknown else WriteState.failed
        await _settle(desk, database, launch, visit_id, state, fault)
        raise
    if not is_there:
        await _send(desk, database, launch, visit_id, note=note, client=client, tokens=tokens)
    await _settle(desk, database, launch, visit_id, WriteState.done, None)


async def _send(
    desk: Desk,
    database: Database,
    launch: Launch,
    visit_id: str,
    *,
    note: Note,
    client: EhrClient,
    tokens: Tokens,
) -> None:
    try:
        await client.file_note(note, tokens=tokens)
    except EhrUnavailable as fault:
        if isinstance(fault, EhrThrottled):
            await _settle(desk, database, launch, visit_id, WriteState.failed, fault)
            raise
        # It may have come through: no EHR tells two of the same apart, so the chart is looked at.
        if await _is_there(client, note, tokens):
            return
        await _settle(desk, database, launch, visit_id, WriteState.unknown, fault)
        raise SummaryUncertain from None
    except HousecallError as fault:
        await _settle(desk, database, launch, visit_id, WriteState.failed, fault)
        raise


async def _is_there(client: EhrClient, note: Note, tokens: Tokens) -> bool:
    try:
        return await client.has_note(note, tokens=tokens)
    except EhrError:
        return False


async def _encounter_of(desk: Desk, database: Database, launch: Launch) -> str:
    async with database.work() as work:
        owner = await work.session.get_one(Launch, launch.handed_over_from or launch.id)
    if owner.encounter_ref_sealed is None:
        raise EncounterMissing
    return desk.sealer.open(owner.encounter_ref_sealed, purpose=f"encounter:{owner.id}")


async def _take_up(desk: Desk, database: Database, org_id: OrgId, visit_id: str) -> WriteState:
    """The press holds the summary, so that a second one sends nothing; answers what became of an earlier one."""
    now = desk.clock.now()
    async with database.work() as work:
        visit = await store.lock_visit(work, org_id, visit_id)
        if visit.state != VisitState.ended or visit.ended_at is None:
            raise SummaryTooEarly
        row = await store_writing.lock_row(work, org_id, visit_id, WriteKind.summary)
        was = WriteState(row.state) if row is not None else WriteState.wanted
        if was is WriteState.done:
            raise SummaryFiled
        if row is not None and was is WriteState.sending:
            if row.wanted_at > now - _SENDING_LASTS:
                raise SummaryUnderWay
            was = WriteState.unknown
        attempts = row.attempts if row is not None else 0
        await store_writing.put_wanted(work, org_id, visit_id, WriteKind.summary, now)
        row = await store_writing.lock_row(work, org_id, visit_id, WriteKind.summary)
        assert row is not None
        row.state, row.attempts = WriteState.sending.value, attempts + 1
        return was


async def _write(
    desk: Desk, database: Database, launch: Launch, visit_id: str, encounter: str
) -> tuple[Note, EhrClient, Tokens]:
    org_id = OrgId(launch.org_id)
    async with database.work() as work:
        visit = await store.get_visit(work, org_id, visit_id)
        connection = await get_connection(work, org_id, visit.connection_id)
        people = [person for person, _ in await store.list_people(work, org_id, [visit_id])]
    tokens = await tokens_of(desk, database, launch)
    client = desk.ehr.client(connection)
    found = await read_booking(Reading(desk, database, client, tokens), visit)
    if found.patient is None:
        raise PersonGone
    start, end = span_of(visit)
    note = Note(
        patient=found.patient,
        author=PractitionerRef(launch.user_ref or ""),
        encounter=encounter,
        title=TITLE,
        text=summary_text(visit, people, connection),
        start=start,
        end=end,
    )
    return note, client, tokens


async def _settle(
    desk: Desk,
    database: Database,
    launch: Launch,
    visit_id: str,
    state: WriteState,
    fault: HousecallError | None,
) -> None:
    now, org_id = desk.clock.now(), OrgId(launch.org_id)
    async with database.work() as work:
        await _note(work, org_id, visit_id, state, fault, now)
        if state is WriteState.done:
            by = By(Actor.clinician, launch.user_ref or "")
            await record(work, org_id, Act.summary_filed, by=by, subject=visit_id, at=now)


async def _note(
    work: Work, org_id: OrgId, visit_id: str, state: WriteState, fault: HousecallError | None, now: datetime
) -> None:
    row = await store_writing.lock_row(work, org_id, visit_id, WriteKind.summary)
    assert row is not None
    row.state = state.value
    row.done_at = now if state is WriteState.done else None
    row.last_error = fault.code if fault is not None else None


def span_of(visit: Visit) -> tuple[datetime, datetime]:
    """From when both were there to the end; a visit that did not come so far begins when it was opened."""
    assert visit.ended_at is not None
    return visit.began_at or visit.opened_at or visit.starts_at, visit.ended_at


def summary_text(visit: Visit, people: Sequence[Participant], connection: Connection) -> str:
    """Start, end, duration, wait and attendees by role, in English; nobody's name."""
    zone = _zone(connection.time_zone)
    start, end = span_of(visit)
    came = Counter(ParticipantRole(one.role) for one in people if one.first_connected_at is not None)
    lines = [
        TITLE,
        "",
        f"Start: {_time(start, zone)}",
        f"End: {_time(end, zone)}",
        f"Duration: {_length(round((end - start).total_seconds()))}",
        f"Wait in the lobby: {_length(visit.lobby_wait_s)}",
        f"Attendees: {_attendees(came)}",
    ]
    if visit.began_at is None:
        lines.append("Patient and clinician were not in the call together.")
    return "\n".join(lines) + "\n"


def _attendees(came: Counter[ParticipantRole]) -> str:
    said = [f"{came[role]} {words[came[role] != 1]}" for role, words in _ROLES.items() if came[role]]
    return ", ".join(said) or "none"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z (UTC%z)")


def _length(seconds: int | None) -> str:
    return "none" if seconds is None else f"{seconds // 60} min {seconds % 60} s"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
