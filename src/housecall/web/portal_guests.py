"""Interpreters' and relatives' links made in the portal: a day's visits by time and place, and each visit's guests."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from fastapi import Depends, Form, Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.kit.languages import ENGLISH_NAMES
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.service import is_working
from housecall.tenancy.store import get_connection, get_organisation, list_connections
from housecall.tenancy.tables import Connection
from housecall.visits import guests, store
from housecall.visits.errors import (
    AddressMissing,
    GuestInvalid,
    MailAddressInvalid,
    NumberInvalid,
    TooManyGuests,
)
from housecall.visits.guest_texting import invite_and_send, send_invitation
from housecall.visits.model import OVER, ParticipantState
from housecall.visits.tables import Visit
from housecall.visits.views import View, visit_view, visit_views
from housecall.visits.worklist import MOST_ROWS, span_of
from housecall.web.answers import FORM_FAULTY, go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.message_words import KINDS, STATES, reason_words
from housecall.web.portal_guards import guest_inviter
from housecall.web.portal_pages import show

routes = Audience("portal guests", guard=guest_inviter, include_in_schema=False)
Inviter = Annotated[SignedIn, Depends(guest_inviter)]
_DAY: Final = "/portal/guests"
_VISIT: Final = _DAY + "/{visit_id}"

_ROLES: Final = {"interpreter": "Interpreter", "family": "Family"}
_NAMES: Final = Locale("en").languages
# Those whom the panel offers, too.
_LANGUAGES: Final[list[str]] = json.loads(Path(__file__).with_name("guest_languages.json").read_text())
_WHERE: Final = {
    ParticipantState.invited: "Not here yet",
    ParticipantState.opened: "Opened the link",
    ParticipantState.checking: "Testing camera and microphone",
    ParticipantState.waiting: "Waiting in the lobby",
    ParticipantState.left: "Left",
    ParticipantState.declined: "Not admitted",
}
_MENDABLE: Final = (AddressMissing, GuestInvalid, MailAddressInvalid, NumberInvalid, TooManyGuests)


@dataclass(frozen=True)
class Said:
    """What the page of one visit says besides how it stands: a link to pass on, a fault, what was typed."""

    made: str = ""
    link: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    done: str = ""


@routes.get(_DAY)
async def list_day(
    request: Request, person: Inviter, connection: str = "", day: date | None = None
) -> Response:
    """A day's visits, by time, place and clinician as the EHR numbers them: no names are there to show."""
    house = house_of(request)
    async with house.database.work() as work:
        there = [one for one in await list_connections(work, person.org_id) if is_working(one)]
        chosen = next((one for one in there if one.id == connection), there[0] if there else None)
        rows: list[tuple[Visit, datetime, View]] = []
        if chosen is not None:
            zone = ZoneInfo(chosen.time_zone)
            day = day or house.clock.now().astimezone(zone).date()
            start, end = span_of(chosen, day)
            found = await store.list_day(work, person.org_id, chosen.id, start, end, most=MOST_ROWS)
            visits = [one for one in found if one.state not in OVER and start <= one.starts_at < end]
            views = await visit_views(work, person.org_id, visits)
            rows = [
                (one, one.starts_at.astimezone(zone), view) for one, view in zip(visits, views, strict=True)
            ]
    return show(
        request,
        person,
        "portal/guests.html",
        here="guests",
        connections=[(one.id, f"{one.base_url.split('/')[2]} ({one.environment})") for one in there],
        chosen=chosen,
        day=day,
        rows=rows,
        roles=_ROLES,
        name_of=language_name,
    )


@routes.get(_VISIT)
async def show_visit(request: Request, person: Inviter, visit_id: str, done: str = "") -> Response:
    """The visit's guests, each with state and link, and the form for one more."""
    said = Said(done={"sent": "The link is on its way.", "withdrawn": "The link is dead."}.get(done, ""))
    return await _page(request, person, visit_id, said)


@routes.post(_VISIT)
async def invite(
    request: Request,
    person: Inviter,
    visit_id: str,
    role: Annotated[str, Form(max_length=20)] = "",
    language: Annotated[str, Form(max_length=8)] = "",
    to: Annotated[str, Form(max_length=254)] = "",
) -> Response:
    """One more guest has a link, which the answer shows; sent as well where an address was typed."""
    house, to = house_of(request), to.strip()
    try:
        async with house.database.work() as work:
            made = await invite_and_send(
                house.desk, work, person.org_id, visit_id, role=role, language=language, to=to, by=person.by
            )
    except _MENDABLE as fault:
        typed = {"role": role, "language": language, "to": to}
        said = Said(faults={_field_of(fault): fault.sentence}, typed=typed)
        return await _page(request, person, visit_id, said, status=FORM_FAULTY)
    done = "The link is made and on its way." if to else "The link is made: copy it, and pass it on."
    said = Said(made=made.participant, link=made.link, done=done)
    return await _page(request, person, visit_id, said)


@routes.post(_VISIT + "/{participant}/link")
async def show_link(request: Request, person: Inviter, visit_id: str, participant: str) -> Response:
    """The guest's link once more, to be copied."""
    house = house_of(request)
    async with house.database.work() as work:
        link = await guests.show_link(
            house.desk, work, person.org_id, visit_id, who=participant, by=person.by
        )
    return await _page(request, person, visit_id, Said(made=participant, link=link))


@routes.post(_VISIT + "/{participant}/send")
async def send_link(
    request: Request,
    person: Inviter,
    visit_id: str,
    participant: str,
    to: Annotated[str, Form(max_length=254)] = "",
) -> Response:
    """The guest's link leaves to what was typed; or the page again, with what is wrong with it."""
    house, typed = house_of(request), to.strip()
    try:
        async with house.database.work() as work:
            await send_invitation(
                house.desk,
                work,
                person.org_id,
                visit_id,
                who=participant,
                typed=typed or None,
                by=person.by,
            )
    except _MENDABLE as fault:
        name = f"to-{participant}"
        said = Said(faults={name: fault.sentence}, typed={name: typed})
        return await _page(request, person, visit_id, said, status=FORM_FAULTY)
    return _back(visit_id, "sent")


@routes.post(_VISIT + "/{participant}/withdraw")
async def withdraw(request: Request, person: Inviter, visit_id: str, participant: str) -> Response:
    """The guest's link is dead."""
    house = house_of(request)
    async with house.database.work() as work:
        await guests.withdraw(house.desk, work, person.org_id, visit_id, who=participant, by=person.by)
    return _back(visit_id, "withdrawn")


def language_name(code: str | None) -> str:
    """The language in English, the code itself where it has no name there."""
    if code == "sgn":
        return "Sign language"
    return ENGLISH_NAMES.get(code or "") or _NAMES.get(code or "", code or "")


def _back(visit_id: str, done: str) -> Response:
    return go_to(f"{_VISIT.format(visit_id=visit_id)}?done={done}")


def _field_of(fault: HousecallError) -> str:
    return "role" if isinstance(fault, GuestInvalid | TooManyGuests) else "to"


async def _read(work: Work, org_id: OrgId, visit_id: str) -> tuple[Visit, Connection, View]:
    visit = await store.get_visit(work, org_id, visit_id)
    return (
        visit,
        await get_connection(work, org_id, visit.connection_id),
        await visit_view(work, org_id, visit),
    )


async def _page(
    request: Request, person: SignedIn, visit_id: str, said: Said, *, status: int = 200
) -> Response:
    house = house_of(request)
    async with house.database.work() as work:
        visit, connection, view = await _read(work, person.org_id, visit_id)
        owner = await get_organisation(work, person.org_id)
    zone = ZoneInfo(connection.time_zone)
    codes = [*ENGLISH_NAMES, *(code for code in _LANGUAGES if code not in ENGLISH_NAMES)]
    return show(
        request,
        person,
        "portal/guests_visit.html",
        here="guests",
        status=status,
        visit=visit,
        starts_at=visit.starts_at.astimezone(zone),
        zone=connection.time_zone,
        people=[{**one, "where": _WHERE.get(one["state"], "In the call")} for one in view["guests"]],
        is_over=visit.state in OVER,
        said=said,
        roles=_ROLES,
        languages_there=[(code, language_name(code)) for code in codes],
        name_of=language_name,
        told=_told,
        tells_guests=owner.keeps_guest_addresses,
    )


def _told(message: dict[str, Any] | None) -> str:
    """How far the newest message to a guest has come."""
    if message is None:
        return ""
    because = f": {reason_words(message['reason'], message['channel'])}" if message["reason"] else ""
    return f"{KINDS[message['kind']]}: {STATES[message['state']].lower()}{because}"
