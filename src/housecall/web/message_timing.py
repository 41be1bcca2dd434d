"""How and when each connection's messages leave: by text or e-mail, which reminders, which quiet hours."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Form, Request
from starlette.responses import Response

from housecall.kit.errors import Overtaken
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.errors import QuietHoursInvalid, ReminderInvalid
from housecall.tenancy.model import Channels
from housecall.tenancy.store import get_connection, list_connections
from housecall.tenancy.tables import Connection
from housecall.tenancy.timing import QuietHours, Timing, read_reminder, say_reminder
from housecall.visits.timing import change_timing
from housecall.web.answers import FORM_FAULTY, FORM_OVERTAKEN, go_to
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

routes = Audience("portal message timing", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]

_PAGE: Final = "/portal/messages/timing"
CHANNEL_WORDS: Final = (
    (Channels.text.value, "Texts"),
    (Channels.email.value, "E-mails"),
    (Channels.both.value, "Texts and e-mails"),
    (Channels.text_else_email.value, "Texts; e-mails to those who cannot be texted"),
)


@dataclass(frozen=True)
class TimingForm:
    """One connection's form: what it holds, as typed, and what is wrong with it."""

    connection: Connection
    channels: str
    reminders: str
    quiet_from: str
    quiet_until: str
    before: str
    faults: dict[str, str]


@routes.get(_PAGE)
async def show_timing(request: Request, person: Administrator, saved: str = "") -> Response:
    """Every connection with its own choice."""
    return await _page(request, person, saved=saved)


@routes.post(_PAGE + "/{connection_id}")
async def save_timing(
    request: Request,
    person: Administrator,
    connection_id: str,
    channels: Annotated[str, Form()] = "",
    reminders: Annotated[str, Form()] = "",
    quiet_from: Annotated[str, Form()] = "",
    quiet_until: Annotated[str, Form()] = "",
    before: Annotated[str, Form()] = "",
) -> Response:
    """The connection's messages leave so from now on, reminders planned already included."""
    house = house_of(request)
    async with house.database.work() as work:
        await get_connection(work, person.org_id, connection_id)
    typed = (channels, reminders, quiet_from, quiet_until, before)
    timing, faults = _read(channels, reminders, quiet_from, quiet_until)
    status = FORM_FAULTY
    if timing is not None:
        try:
            async with house.database.work() as work:
                await change_timing(
                    house.desk, work, person.org_id, connection_id, timing, before=before, by=person.by
                )
            return go_to(f"{_PAGE}?saved={connection_id}#{connection_id}")
        except Overtaken as overtaken:
            faults, status = {"channels": overtaken.sentence}, FORM_OVERTAKEN
            # Saving what was typed a second time is then a choice.
            typed = (*typed[:4], "")
    return await _page(request, person, typed={connection_id: (typed, faults)}, status=status)


def _read(
    channels: str, reminders: str, quiet_from: str, quiet_until: str
) -> tuple[Timing | None, dict[str, str]]:
    faults: dict[str, str] = {}
    if channels not in set(Channels):
        faults["channels"] = "Choose what carries the messages."
    minutes: tuple[int, ...] = ()
    quiet = QuietHours()
    try:
        minutes = tuple(
            sorted({read_reminder(one) for one in reminders.replace(",", " ").split()}, reverse=True)
        )
    except ReminderInvalid as fault:
        faults["reminders"] = fault.sentence
    try:
        quiet = QuietHours.read(f"{quiet_from}-{quiet_until}" if quiet_from or quiet_until else "off")
    except QuietHoursInvalid as fault:
        faults["quiet_from"] = fault.sentence
    return (None, faults) if faults else (Timing(Channels(channels), minutes, quiet), {})


async def _page(
    request: Request,
    person: SignedIn,
    *,
    typed: dict[str, tuple[tuple[str, ...], dict[str, str]]] | None = None,
    saved: str = "",
    status: int = 200,
) -> Response:
    async with house_of(request).database.work() as work:
        connections = await list_connections(work, person.org_id)
    return show(
        request,
        person,
        "portal/timing.html",
        here="timing",
        status=status,
        forms_there=[_form(one, (typed or {}).get(one.id)) for one in connections],
        channel_words=CHANNEL_WORDS,
        saved=saved,
    )


def _form(connection: Connection, typed: tuple[tuple[str, ...], dict[str, str]] | None) -> TimingForm:
    timing = Timing.of(connection)
    begin, _, end = str(timing.quiet).partition("-")
    stands = (
        timing.channels.value,
        " ".join(say_reminder(one) for one in timing.reminders_min),
        begin if end else "",
        end,
        timing.mark,
    )
    values, faults = typed or (stands, {})
    channels, reminders, quiet_from, quiet_until, before = values
    return TimingForm(connection, channels, reminders, quiet_from, quiet_until, before or timing.mark, faults)
