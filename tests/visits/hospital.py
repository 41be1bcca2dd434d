"""A clinic whose EHR is the shipped twin: people, appointments, launches."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from housecall.db.database import Database
from housecall.ehr.base import (
    Appointment,
    AppointmentStatus,
    AuthorizationRequest,
    Clinician,
    EhrClient,
    PatientRef,
    Person,
    Persona,
    PractitionerRef,
)
from housecall.ehr.memory import MemoryEhr
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.messaging.model import Channel
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.tables import Message
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.tables import Connection
from housecall.visits.launches import Begun, begin_launch, finish_launch
from housecall.visits.polling import poll_connection
from housecall.visits.recipients import VisitRecipients
from housecall.visits.tables import Launch, Visit
from tests.visits.clinic import Clinic, an_appointment, open_clinic

EVERY = timedelta(seconds=30)
ANNA = PatientRef("patient-anna")
BORIS = PatientRef("patient-boris")
DOCTOR = PractitionerRef("practitioner-1")


class OneEhr(EhrDirectory):
    """Leads every connection to the same EHR in memory."""

    def __init__(self, ehr: EhrClient) -> None:
        self.ehr = ehr

    def client(self, connection: Connection) -> EhrClient:
        return self.ehr

    def client_of(self, connection: Connection, persona: Persona) -> EhrClient:
        return self.ehr


def a_person(ref: PatientRef = ANNA, **changed: Any) -> Person:
    person = Person(
        ref=ref,
        display_name="Anna Holm",
        birth_date=date(1948, 3, 9),
        is_deceased=False,
        is_active=True,
        replaced_by=None,
        language="da",
        sms_number="+15550140001",
        sms_refusal=None,
        email=None,
        email_refusal="no_email",
    )
    return replace(person, **changed)


@dataclass
class Hospital:
    """A clinic and its EHR; ``launch`` plays the browser's part of a launch."""

    clinic: Clinic
    ehr: MemoryEhr

    def book(
        self,
        ref: str = "a-1",
        *,
        in_minutes: float = 60,
        patient: PatientRef | None = ANNA,
        version: str = "1",
        **changed: Any,
    ) -> Appointment:
        start = self.clinic.now + timedelta(minutes=in_minutes)
        made = replace(
            an_appointment(ref, start, start + timedelta(minutes=30)),
            patient=patient,
            practitioners=(DOCTOR,),
            version=version,
            **changed,
        )
        self.ehr.put_appointment(made)
        return made

    def move(self, appointment: Appointment, *, by: timedelta, version: str) -> Appointment:
        assert appointment.start
        assert appointment.end
        moved = replace(appointment, start=appointment.start + by, end=appointment.end + by, version=version)
        self.ehr.put_appointment(moved)
        return moved

    def cancel(self, appointment: Appointment, version: str = "9") -> None:
        self.ehr.put_appointment(replace(appointment, status=AppointmentStatus.cancelled, version=version))

    async def poll(self) -> int:
        """One poll, due now."""
        self.clinic.later(seconds=EVERY.total_seconds())
        clinic = self.clinic
        return await poll_connection(clinic.desk, clinic.database, clinic.connection.id, feed_every=EVERY)

    async def begin(self) -> Begun:
        clinic = self.clinic
        return await begin_launch(
            clinic.desk, clinic.database, clinic.connection, launch="launch-1", persona="practitioner"
        )

    def approve(self, begun: Begun, **context: Any) -> tuple[str, str]:
        """The clinician signs in: state and code, as the browser brings them back."""
        state = parse_qs(urlsplit(begun.authorization_url).query)["state"][0]
        request = AuthorizationRequest(begun.authorization_url, state, "", "")
        return state, self.ehr.approve(request, user=DOCTOR, **{"patient": ANNA, **context})

    async def finish(self, begun: Begun, state: str | None, code: str | None, **other: Any) -> Launch:
        clinic = self.clinic
        given: dict[str, Any] = {"error": None, "cookie_of": lambda _: begun.cookie_secret, **other}
        return await finish_launch(clinic.desk, clinic.database, state=state, code=code, **given)

    async def launch(self, **context: Any) -> Launch:
        begun = await self.begin()
        return await self.finish(begun, *self.approve(begun, **context))

    async def visits(self) -> list[Visit]:
        async with self.clinic.database.work() as work:
            return list(
                await work.session.scalars(select(Visit).order_by(Visit.appointment_ref, Visit.ordinal))
            )

    async def messages(self, state: str | None = None) -> list[Message]:
        async with self.clinic.database.work() as work:
            found = await work.session.scalars(select(Message).order_by(Message.due_at, Message.kind))
            return [one for one in found if state is None or one.state == state]

    async def kinds(self, state: str = "planned") -> list[str]:
        return [one.kind for one in await self.messages(state)]

    async def have_left(self) -> None:
        """Everything planned for now was sent."""
        async with self.clinic.database.work() as work:
            for one in await work.session.scalars(select(Message).where(Message.due_at <= self.clinic.now)):
                if one.state == "planned":
                    one.state, one.queued_at = "accepted", self.clinic.now


def outbox_of(hospital: Hospital) -> tuple[Outbox, MemoryProvider]:
    """The outbox of this hospital, and the provider that keeps what it sends, texts and e-mails alike."""
    clinic, provider = hospital.clinic, MemoryProvider()

    async def nobody(*_: Any) -> None:
        return None

    resolver = VisitRecipients(clinic.desk, clinic.database)
    providers = Providers({Channel.sms: provider, Channel.email: provider})
    return Outbox(clinic.database, providers, resolver, clinic.clock, clinic.desk.sealer, nobody), provider


async def open_hospital(database: Database, clock: FakeClock, sealer: Sealer) -> Hospital:
    clinic = await open_clinic(database, clock, sealer)
    ehr = MemoryEhr(clock)
    clinic.desk = replace(clinic.desk, ehr=OneEhr(ehr))
    ehr.put_person(a_person())
    ehr.put_person(a_person(BORIS, display_name="Boris Lund", sms_number="+15550140002", language="en"))
    ehr.put_clinician(Clinician(DOCTOR, "Dr. Ines Marsh"))
    async with database.work() as work:
        connection = await work.session.get_one(Connection, clinic.connection.id)
        connection.texts_from, connection.texts_to = "+15550100100", ["any"]
        connection.consent_send_at = connection.consent_attendees_at = clock.now()
    clinic.connection = connection
    return Hospital(clinic, ehr)
