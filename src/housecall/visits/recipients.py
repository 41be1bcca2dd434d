"""Whom a message about a visit goes to: read from the EHR when it is sent, in a few reads for a whole batch."""

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus, PatientRef, Person
from housecall.ehr.errors import EhrError, EhrThrottled
from housecall.ehr.readers import zone_of
from housecall.kit.ids import OrgId
from housecall.messaging.model import Channel, MessageKind, SuppressReason
from housecall.messaging.recipients import Due, Hold, Later, Outcome, Recipient, Suppress
from housecall.messaging.templates import localise_time
from housecall.tenancy.model import Channels
from housecall.tenancy.service import may_mail_address, may_text_number
from housecall.tenancy.store import get_connection, get_organisation
from housecall.tenancy.store_departments import find_departments
from housecall.tenancy.tables import Connection, Department, Organisation
from housecall.tenancy.terms import may_text_in, may_write_in, terms_of
from housecall.tenancy.timing import QuietHours
from housecall.visits import store
from housecall.visits.booking import stand_in
from housecall.visits.desk import Desk
from housecall.visits.events import event_of
from housecall.visits.guest_recipients import resolve_guests
from housecall.visits.links import make_link
from housecall.visits.model import VisitState, is_instant
from housecall.visits.scene import visit_window
from housecall.visits.tables import Seat, Visit
from housecall.visits.texting import is_by_wish

log = logging.getLogger(__name__)

_ASK_AGAIN: Final = timedelta(seconds=30)
# A person wants these to leave now.
_BY_HAND: Final = frozenset({MessageKind.link, MessageKind.ready})
_OFF: Final = frozenset({AppointmentStatus.cancelled, AppointmentStatus.entered_in_error})


@dataclass
class _About:
    """What we know ourselves of one message's visit."""

    due: Due
    visit: Visit
    seat: Seat
    connection: Connection
    department: Department | None
    organisation: Organisation
    # What stands in for the appointment, where the visit has none.
    stands_in: Appointment | None = None


@dataclass
class _Read:
    """What the EHR said: appointments and people; held for one batch."""

    appointments: dict[AppointmentRef, Appointment] = field(default_factory=dict, repr=False)
    people: dict[PatientRef, Person] = field(default_factory=dict, repr=False)

    def person_of(self, ref: str) -> Person | None:
        appointment = self.appointments.get(AppointmentRef(ref))
        person = self.people.get(appointment.patient) if appointment and appointment.patient else None
        while person is not None and person.replaced_by is not None and person.replaced_by in self.people:
            person = self.people[person.replaced_by]
        return person


class VisitRecipients:
    """The resolver for everything that is about a visit."""

    def __init__(self, desk: Desk, database: Database) -> None:
        self._desk = desk
        self._database = database

    async def resolve(self, messages: Sequence[Due]) -> Mapping[uuid.UUID, Outcome]:
        """One outcome a message; a connection whose EHR is away delays its own messages only."""
        outcomes: dict[uuid.UUID, Outcome] = {}
        by_org: dict[OrgId, list[Due]] = {}
        for due in messages:
            by_org.setdefault(due.org_id, []).append(due)
        abouts: list[_About] = []
        async with self._database.work() as work:
            for org_id, dues in by_org.items():
                abouts += await self._look(work, org_id, dues, outcomes)
        by_connection: dict[str, list[_About]] = {}
        for about in abouts:
            by_connection.setdefault(about.connection.id, []).append(about)
        for together in by_connection.values():
            outcomes.update(await self._resolve_together(together))
        return outcomes

    async def _look(
        self, work: Work, org_id: OrgId, dues: Sequence[Due], outcomes: dict[uuid.UUID, Outcome]
    ) -> list[_About]:
        """What we know of one organisation's messages; those that nobody must get have their outcome."""
        organisation = await get_organisation(work, org_id)
        outcomes.update(await resolve_guests(self._desk, work, org_id, dues, organisation))
        dues = [due for due in dues if due.id not in outcomes]
        visits = await store.find_visits(work, org_id, {due.subject_ref for due in dues})
        connections = {
            connection_id: await get_connection(work, org_id, connection_id)
            for connection_id in {visit.connection_id for visit in visits.values()}
        }
        homes = {visit.department_id for visit in visits.values() if visit.department_id}
        departments = await find_departments(work, org_id, homes)
        seats = await self._seats(work, org_id, visits.values())
        abouts = []
        for due in dues:
            visit = visits.get(due.subject_ref)
            if visit is None:
                outcomes[due.id] = Suppress(SuppressReason.visit_over)
                continue
            connection = connections[visit.connection_id]
            seat = seats.get((connection.id, visit.appointment_ref))
            department = departments.get(visit.department_id or "")
            may = may_text_in if due.channel is Channel.sms else may_write_in
            obstacle = may(connection, department) or self._too_late(due, visit, connection)
            if obstacle is not None or seat is None:
                outcomes[due.id] = Suppress(obstacle or SuppressReason.visit_over)
                continue
            booking = await self._stand_in(work, visit)
            abouts.append(_About(due, visit, seat, connection, department, organisation, booking))
        return abouts

    async def _stand_in(self, work: Work, visit: Visit) -> Appointment | None:
        return await stand_in(work, self._desk.sealer, visit) if is_instant(visit.appointment_ref) else None

    async def _seats(self, work: Work, org_id: OrgId, visits: Iterable[Visit]) -> dict[tuple[str, str], Seat]:
        refs: dict[str, set[str]] = {}
        for visit in visits:
            refs.setdefault(visit.connection_id, set()).add(visit.appointment_ref)
        return {
            (connection_id, ref): seat
            for connection_id, of_it in refs.items()
            for ref, seat in (await store.find_newest_seats(work, org_id, connection_id, of_it)).items()
        }

    def _too_late(self, due: Due, visit: Visit, connection: Connection) -> str | None:
        is_cancelled = visit.state == VisitState.cancelled
        if due.kind is MessageKind.cancelled:
            return None if is_cancelled else SuppressReason.visit_moved
        if is_cancelled:
            return SuppressReason.visit_cancelled
        now = self._desk.clock.now()
        if visit.state == VisitState.ended or visit_window(visit, connection).is_past(now):
            return SuppressReason.visit_over
        if due.kind is MessageKind.reminder and visit.starts_at <= now:
            return SuppressReason.too_late
        return None

    async def _resolve_together(self, abouts: list[_About]) -> dict[uuid.UUID, Outcome]:
        try:
            read = await self._read(abouts)
        except EhrError as fault:
            log.warning("Recipients could not be read from the EHR.", extra={"code": fault.code})
            wait = fault.retry_after if isinstance(fault, EhrThrottled) else _ASK_AGAIN
            return {about.due.id: Later(self._desk.clock.now() + wait) for about in abouts}
        await self._remember_manners(abouts, read)
        return {about.due.id: self._outcome(about, read) for about in abouts}

    async def _read(self, abouts: list[_About]) -> _Read:
        # A typed-in address needs nobody's record.
        abouts = [one for one in abouts if not one.due.typed_address]
        if not abouts:
            return _Read()
        client = self._desk.ehr.client(abouts[0].connection)
        read = _Read({one.stands_in.ref: one.stands_in for one in abouts if one.stands_in})
        refs = {AppointmentRef(one.visit.appointment_ref) for one in abouts if not one.stands_in}
        if refs:
            read.appointments |= await client.read_appointments(sorted(refs))
        patients = {one.patient for one in read.appointments.values() if one.patient}
        read.people = await client.read_people(sorted(patients))
        merged = {one.replaced_by for one in read.people.values() if one.replaced_by} - read.people.keys()
        if merged:
            read.people |= await client.read_people(sorted(merged))
        return read

    async def _remember_manners(self, abouts: list[_About], read: _Read) -> None:
        """Language and time zone are kept on the seat while its visit lasts, so that the link's pages have them."""
        new = {}
        for about in abouts:
            person = read.person_of(about.visit.appointment_ref)
            if person is None:
                continue
            language = person.language or about.seat.language
            if (language, person.time_zone) != (about.seat.language, about.seat.time_zone):
                new[about.seat.id] = (OrgId(about.visit.org_id), language, person.time_zone)
        if not new:
            return
        async with self._database.work() as work:
            for seat_id, (org_id, language, time_zone) in sorted(new.items()):
                await store.keep_manners(work, org_id, seat_id, language=language, time_zone=time_zone)

    def _outcome(self, about: _About, read: _Read) -> Outcome:
        if about.due.typed_address is not None:
            return self._checked(about, about.due.typed_address, None, None)
        appointment = read.appointments.get(AppointmentRef(about.visit.appointment_ref))
        if appointment is None:
            return Later(self._desk.clock.now() + _ASK_AGAIN)
        if about.due.kind is not MessageKind.cancelled:
            if appointment.status in _OFF:
                return Suppress(SuppressReason.visit_cancelled)
            # Moved a moment ago: the feed is about to plan it anew, with the right time and link.
            if about.due.kind is MessageKind.reminder and appointment.start != about.visit.starts_at:
                return Suppress(SuppressReason.visit_moved)
        person = read.person_of(about.visit.appointment_ref)
        if appointment.patient is None and about.stands_in is not None:
            is_text = about.due.channel is Channel.sms
            return Suppress(SuppressReason.no_mobile if is_text else SuppressReason.no_email)
        if person is None:
            return Later(self._desk.clock.now() + _ASK_AGAIN)
        address = _address(about, person)
        if isinstance(address, Suppress):
            return address
        held = self._held_until(about, person)
        return Hold(held) if held else self._checked(about, address, person, appointment)

    def _held_until(self, about: _About, person: Person) -> datetime | None:
        """When the patient's quiet hours are over; what a person sends by hand never waits for that."""
        if about.due.kind in _BY_HAND:
            return None
        zone = zone_of(_zone(about, person))
        quiet = QuietHours.of(about.connection)
        return quiet.held_until(self._desk.clock.now(), starts_at=about.visit.starts_at, zone=zone)

    def _checked(
        self, about: _About, address: str, person: Person | None, appointment: Appointment | None
    ) -> Outcome:
        may = may_text_number if about.due.channel is Channel.sms else may_mail_address
        if not may(about.connection, address, self._desk.sealer):
            return Suppress(SuppressReason.not_listed)
        language = person.language if person else None
        spoken = language or about.seat.language or about.organisation.language
        clinic = about.organisation.display_name
        terms = terms_of(about.connection, about.department)
        return Recipient(
            number=address,
            language=spoken,
            values={
                "clinic": clinic,
                "place": (appointment.place if appointment else None) or clinic,
                "phone": about.organisation.clinic_phone,
                "time": localise_time(about.visit.starts_at, _zone(about, person), spoken),
                "link": make_link(self._desk, about.seat),
            },
            texts_from=terms.texts_from or "",
            event=event_of(self._desk, about.visit),
            texts_backup=terms.texts_backup,
            department=about.visit.department_id or "",
        )


def _zone(about: _About, person: Person | None) -> str:
    """The patient's own as the EHR has it now, else what is known of it, else the clinic's."""
    return (person.time_zone if person else about.seat.time_zone) or about.connection.time_zone


def _address(about: _About, person: Person) -> str | Suppress:
    """The patient's number or address, as the message is a text or an e-mail; or why it is neither."""
    if about.due.channel is Channel.sms:
        if person.sms_number is None or person.sms_refusal is not None:
            return Suppress(person.sms_refusal or SuppressReason.no_mobile)
        return person.sms_number
    if person.email is None or person.email_refusal is not None:
        return Suppress(person.email_refusal or SuppressReason.no_email)
    is_fallback = about.connection.channels == Channels.text_else_email and not is_by_wish(about.due.instant)
    can_be_texted = person.sms_number is not None and person.sms_refusal is None
    if is_fallback and can_be_texted and may_text_in(about.connection, about.department) is None:
        return Suppress(SuppressReason.goes_by_text)
    return person.email
