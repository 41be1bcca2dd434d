"""What messages say: each organisation's own wordings, seen as patients see them, and tried on oneself."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, Request
from starlette.responses import Response

from housecall.db.work import Work
from housecall.kit.errors import HousecallError, Kind, Overtaken
from housecall.kit.languages import ENGLISH_NAMES, direction, has_texts
from housecall.messaging.editing import (
    EDITABLE,
    Stand,
    Which,
    check,
    find_which,
    list_own,
    read_stand,
    reset_template,
    save_template,
)
from housecall.messaging.errors import TemplateRefused
from housecall.messaging.model import Channel, MessageState
from housecall.messaging.sample import Clinic, Preview, preview
from housecall.messaging.service import send_test
from housecall.messaging.store import find_message
from housecall.messaging.tables import Message
from housecall.messaging.templates import Wording
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.store import get_organisation, list_connections
from housecall.tenancy.store_departments import get_department, list_departments
from housecall.tenancy.tables import Connection, Department
from housecall.visits.addresses import typed_address
from housecall.visits.errors import MailAddressInvalid, NumberInvalid
from housecall.web.answers import FORM_FAULTY, FORM_OVERTAKEN, go_to
from housecall.web.audience import Audience
from housecall.web.house import House, house_of
from housecall.web.message_words import CHANNELS, KINDS, message_languages, message_line
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

routes = Audience("portal message templates", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]

_LIST: Final = "/portal/messages/templates"
_ONE: Final = "/portal/messages/templates/{kind}/{channel}/{language}"

_PAGE: Final = "portal/template.html"

# How long the page waits for a test to leave before it is shown.
_WAIT_S: Final = 4.0


class TemplateUnknown(HousecallError):
    """There is no such message to edit."""

    kind: ClassVar[Kind] = Kind.not_found
    code: ClassVar[str] = "web.template_unknown"


@dataclass(frozen=True)
class Shown:
    """What the page of one wording shows."""

    which: Which
    wording: Wording
    stand: Stand
    faults: dict[str, str]
    banner: tuple[str, str] | None = None
    typed: str = ""


@routes.get(_LIST)
async def list_templates(
    request: Request, person: Administrator, language: str = "en", department: str = ""
) -> Response:
    """Every message, in one language: as shipped, or in the organisation's or a department's own words."""
    house, language = house_of(request), language if has_texts(language, "messages") else "en"
    async with house.database.work() as work:
        whose = await get_department(work, person.org_id, department) if department else None
        own = await list_own(work, person.org_id, department)
        there = await list_departments(work, person.org_id)
    return show(
        request,
        person,
        "portal/templates.html",
        here="templates",
        language_now=language,
        languages_there=message_languages(),
        rows=[
            (
                KINDS[kind],
                [(CHANNELS[channel], Which(kind, channel, language, department)) for channel in Channel],
            )
            for kind in EDITABLE
        ],
        own=own,
        whose=whose,
        departments=there,
    )


@routes.get(_ONE)
async def show_template(
    request: Request,
    person: Administrator,
    kind: str,
    channel: str,
    language: str,
    saved: str = "",
    test: uuid.UUID | None = None,
    department: str = "",
) -> Response:
    """One wording, with what it looks like."""
    which = _which(kind, channel, language, department)
    async with house_of(request).database.work() as work:
        stand = await read_stand(work, person.org_id, which)
    banner = _SAVED.get(saved)
    if test is not None:
        banner = await _test_result(house_of(request), person, test)
    return await _page(request, person, Shown(which, stand.wording, stand, {}, banner))


@routes.post(_ONE)
async def save(
    request: Request,
    person: Administrator,
    kind: str,
    channel: str,
    language: str,
    body: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    version: Annotated[int, Form()] = 0,
    act: Annotated[str, Form()] = "save",
    department: str = "",
) -> Response:
    """The wording is saved, or only drawn where ``act`` is preview; what was typed is never lost."""
    which = _which(kind, channel, language, department)
    house, wording = house_of(request), _typed(body, subject)
    async with house.database.work() as work:
        stand = await read_stand(work, person.org_id, which)
    if act == "preview":
        shown = Shown(which, wording, _at(stand, version), check(which, wording))
        # The page's script asks for the drawing alone, while somebody types.
        part = "portal/_preview.html" if request.headers.get("x-part") == "preview" else _PAGE
        return await _page(request, person, shown, template=part)
    try:
        async with house.database.work() as work:
            await save_template(
                work, person.org_id, which, wording, version=version, by=person.by, now=house.clock.now()
            )
    except TemplateRefused as refusal:
        shown = Shown(which, wording, _at(stand, version), refusal.faults)
        return await _page(request, person, shown, status=FORM_FAULTY)
    except Overtaken as overtaken:
        # Shown with the new version: saving again is then a choice.
        shown = Shown(
            which, wording, stand, {}, ("warn", f"{overtaken.sentence} Theirs: “{stand.wording.body}”")
        )
        return await _page(request, person, shown, status=FORM_OVERTAKEN)
    return _back(which, "saved=yes")


@routes.post(_ONE + "/reset")
async def reset(
    request: Request,
    person: Administrator,
    kind: str,
    channel: str,
    language: str,
    version: Annotated[int, Form()] = 0,
    department: str = "",
) -> Response:
    """It is said as shipped again, or a department says it as the whole organisation."""
    which, house = _which(kind, channel, language, department), house_of(request)
    try:
        async with house.database.work() as work:
            await reset_template(
                work, person.org_id, which, version=version, by=person.by, now=house.clock.now()
            )
    except Overtaken as overtaken:
        async with house.database.work() as work:
            stand = await read_stand(work, person.org_id, which)
        shown = Shown(which, stand.wording, stand, {}, ("warn", overtaken.sentence))
        return await _page(request, person, shown, status=FORM_OVERTAKEN)
    return _back(which, "saved=reset-department" if which.department else "saved=reset")


@routes.post(_ONE + "/test")
async def try_on_oneself(
    request: Request,
    person: Administrator,
    kind: str,
    channel: str,
    language: str,
    to: Annotated[str, Form()] = "",
    connection: Annotated[str, Form()] = "",
    department: str = "",
) -> Response:
    """The saved wording leaves to the number or address typed in, by the rules of every other message."""
    which, house = _which(kind, channel, language, department), house_of(request)
    async with house.database.work() as work:
        stand = await read_stand(work, person.org_id, which)
        chosen = _chosen(await _connections(work, person, which), connection)
        try:
            if chosen is None:
                raise TemplateRefused({"to": "Connect an EHR first: its number and consents are used."})
            address = typed_address(to, which.channel, chosen)
        except (TemplateRefused, NumberInvalid, MailAddressInvalid) as fault:
            shown = Shown(which, stand.wording, stand, {"to": fault.sentence}, typed=to)
            return await _page(request, person, shown, status=FORM_FAULTY)
        message = await send_test(
            work, person.org_id, connection_id=chosen.id, which=which, to=address, by=person.by,
            sealer=house.sealer, now=house.clock.now(),
        )  # fmt: skip
        sent_id = message.id
    return _back(which, f"test={sent_id}")


_SAVED: Final = {
    "yes": ("ok", "Saved. The next message says it so."),
    "reset": ("ok", "It is said as shipped again."),
    "reset-department": ("ok", "It is said as in the whole organisation again."),
}


async def _test_result(house: House, person: SignedIn, message_id: uuid.UUID) -> tuple[str, str]:
    """What became of the test, once it is known or the patience is over."""
    end = asyncio.get_running_loop().time() + _WAIT_S
    while True:
        async with house.database.work() as work:
            message = await find_message(work, person.org_id, message_id)
        if message is None or _is_settled(message) or asyncio.get_running_loop().time() > end:
            break
        await asyncio.sleep(0.2)
    if message is None:
        raise TemplateUnknown
    tone = {"accepted": "ok", "delivered": "ok", "planned": "warn", "queued": "warn"}.get(
        message.state, "fault"
    )
    return tone, f"Test: {message_line(message)}"


def _is_settled(message: Message) -> bool:
    return message.state not in (MessageState.planned, MessageState.queued)


async def _page(
    request: Request, person: SignedIn, shown: Shown, *, status: int = 200, template: str = _PAGE
) -> Response:
    house, which = house_of(request), shown.which
    async with house.database.work() as work:
        connections = await _connections(work, person, which)
        whose = await _whose(work, person, which)
        clinic = await _clinic(work, house, person)
    return show(
        request,
        person,
        template,
        here="templates",
        status=status,
        shown=shown,
        which=which,
        whose=whose,
        kind_name=KINDS[which.kind],
        channel_name=CHANNELS[which.channel],
        language_name=ENGLISH_NAMES[which.language],
        is_mail=which.channel is Channel.email,
        words_direction=direction(which.language),
        drawn=_drawn(shown, clinic, house),
        connections=[(one.id, f"{one.base_url} ({one.environment})") for one in connections],
    )


def _drawn(shown: Shown, clinic: Clinic, house: House) -> Preview | None:
    # A wording with a fault in its fields cannot be filled in; its fault is shown instead.
    if check(shown.which, shown.wording):
        return None
    return preview(shown.which, shown.wording, clinic, house.clock.now())


async def _clinic(work: Work, house: House, person: SignedIn) -> Clinic:
    organisation = await get_organisation(work, person.org_id)
    connections = await list_connections(work, person.org_id)
    zone = connections[0].time_zone if connections else "UTC"
    return Clinic(organisation.display_name, organisation.clinic_phone, ZoneInfo(zone).key, house.public_url)


async def _whose(work: Work, person: SignedIn, which: Which) -> Department | None:
    """The department whose words these are, None for the whole organisation's; raises DepartmentUnknown."""
    return await get_department(work, person.org_id, which.department) if which.department else None


async def _connections(work: Work, person: SignedIn, which: Which) -> list[Connection]:
    """By whose rules a test can be sent: a department's by its own connection's."""
    whose, there = await _whose(work, person, which), await list_connections(work, person.org_id)
    return [one for one in there if whose is None or one.id == whose.connection_id]


def _chosen(connections: Any, wanted: str) -> Connection | None:
    there: list[Connection] = list(connections)
    return next((one for one in there if one.id == wanted), there[0] if there and not wanted else None)


def _which(kind: str, channel: str, language: str, department: str) -> Which:
    which = find_which(kind, channel, language, department)
    if which is None:
        raise TemplateUnknown
    return which


def _typed(body: str, subject: str) -> Wording:
    # Browsers send lines of a form with CR LF.
    return Wording(body.replace("\r\n", "\n").strip(), subject.strip())


def _at(stand: Stand, version: int) -> Stand:
    """As it stood when the form was opened, so that saving it later still notices a change in between."""
    return Stand(stand.wording, stand.is_own, version)


def _back(which: Which, query: str) -> Response:
    of = f"&department={which.department}" if which.department else ""
    return go_to(f"{_LIST}/{which.kind}/{which.channel}/{which.language}?{query}{of}")
