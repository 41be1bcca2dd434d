"""What a visit in a department gets: by the rules and the words that count when it is found and written to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from housecall.kit.languages import direction, has_texts
from housecall.messaging.editing import Which
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.sample import Clinic, Preview, preview
from housecall.messaging.templates import shipped
from housecall.messaging.wordings import Wordings, read_wordings
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.model import Channels
from housecall.tenancy.store import get_connection, get_organisation
from housecall.tenancy.store_departments import get_department
from housecall.tenancy.tables import Connection, Department
from housecall.tenancy.terms import Terms, is_open, may_text_in, may_write_in, terms_of
from housecall.tenancy.timing import say_reminder
from housecall.visits.texting import CARRIED_BY
from housecall.web.audience import Audience
from housecall.web.department_form import SERVICES
from housecall.web.house import house_of
from housecall.web.message_words import KINDS, REASONS, message_languages
from housecall.web.portal_guards import administrator
from housecall.web.portal_pages import show

routes = Audience("department previews", guard=administrator, include_in_schema=False)
Administrator = Annotated[SignedIn, Depends(administrator)]

# When each leaves; a reminder's own times stand in its place.
_WHEN: Final = {
    MessageKind.confirmation: "When it is booked",
    MessageKind.reminder: "",
    MessageKind.changed: "When it is moved",
    MessageKind.cancelled: "When it is cancelled",
    MessageKind.link: "When staff send the link",
    MessageKind.ready: "When staff are ready for a patient who left the page",
}


@dataclass(frozen=True)
class Letter:
    """One message on one channel as it would be sent."""

    which: Which
    drawn: Preview
    is_own: bool

    @property
    def is_mail(self) -> bool:
        """Whether it is an e-mail."""
        return self.which.channel is Channel.email


@routes.get("/portal/departments/{department_id}/preview")
async def show_preview(
    request: Request, person: Administrator, department_id: str, language: str = "en"
) -> Response:
    """Whether appointments here are visits, where they are held, and what patients read, from which number."""
    house, language = house_of(request), language if has_texts(language, "messages") else "en"
    async with house.database.work() as work:
        department = await get_department(work, person.org_id, department_id)
        connection = await get_connection(work, person.org_id, department.connection_id)
        organisation = await get_organisation(work, person.org_id)
        wordings = await read_wordings(work, person.org_id)
    clinic = Clinic(
        organisation.display_name, organisation.clinic_phone, connection.time_zone, house.public_url
    )
    told = _Told(connection, department, clinic, wordings, language, house.clock.now())
    return show(
        request,
        person,
        "portal/department_preview.html",
        here="departments",
        department=department,
        is_open=is_open(connection, department),
        facts=told.facts(),
        obstacle=told.obstacle(),
        rows=told.rows(),
        language_now=language,
        languages_there=message_languages(),
        words_direction=direction(language),
    )


@dataclass(frozen=True)
class _Told:
    """All that decides what a visit here gets."""

    connection: Connection
    department: Department
    clinic: Clinic
    wordings: Wordings
    language: str
    now: datetime

    @property
    def terms(self) -> Terms:
        return terms_of(self.connection, self.department)

    @property
    def channels(self) -> tuple[Channel, ...]:
        return CARRIED_BY[Channels(self.connection.channels)]

    def facts(self) -> list[tuple[str, str, bool]]:
        """What counts, in words, and whether it is the department's own."""
        terms, own = self.terms, self.department
        facts = [
            (
                "Held in",
                SERVICES.get(terms.meeting_service, terms.meeting_service),
                own.meeting_service is not None,
            )
        ]
        if Channel.sms in self.channels:
            numbers = " or ".join(filter(None, (terms.texts_from, terms.texts_backup)))
            facts.append(("Texts from", numbers or "no number yet", own.texts_from is not None))
        facts.append(("Reminders", _say(terms) or "none", own.reminder_offsets_min is not None))
        return facts

    def obstacle(self) -> str:
        """Why nothing, or no text, would leave now; empty where it would."""
        may = may_text_in if Channel.sms in self.channels else may_write_in
        reason = may(self.connection, self.department)
        return REASONS.get(reason, reason) if reason else ""

    def rows(self) -> list[tuple[str, str, list[Letter]]]:
        """Each message: what it is, when it leaves, and how it reads on each channel."""
        when = _WHEN | {MessageKind.reminder: f"Before the visit: {_say(self.terms)}"}
        return [
            (KINDS[kind], said, [self._letter(kind, channel) for channel in self.channels])
            for kind, said in when.items()
            if kind is not MessageKind.reminder or self.terms.reminders_min
        ]

    def _letter(self, kind: MessageKind, channel: Channel) -> Letter:
        which = Which(kind, channel, self.language, self.department.id)
        said = self.wordings.find(kind, channel, self.language, self.department.id)
        is_own = (self.department.id, kind.value, channel.value, self.language) in self.wordings.own
        drawn = preview(which, said or shipped(kind, channel, self.language), self.clinic, self.now)
        return Letter(which, drawn, is_own)


def _say(terms: Terms) -> str:
    return " ".join(map(say_reminder, terms.reminders_min))
