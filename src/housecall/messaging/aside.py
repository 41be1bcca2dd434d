"""Where messages that are about no visit go and what they say: the answer to HELP, and tests of a wording."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.sealing import Sealer
from housecall.messaging.calendar import Event
from housecall.messaging.model import Channel, MessageKind, SuppressReason
from housecall.messaging.recipients import Due, Outcome, Recipient, Suppress
from housecall.messaging.sample import Clinic, sample_time, sample_values
from housecall.messaging.service import TEST
from housecall.tenancy import store
from housecall.tenancy.service import may_mail_address, may_text_number, may_write
from housecall.tenancy.store_departments import find_department
from housecall.tenancy.tables import Connection, Organisation
from housecall.tenancy.terms import may_text_from, terms_of

_USUAL_LENGTH = timedelta(minutes=20)


def is_aside(due: Due) -> bool:
    """Whether the message is about no visit."""
    return due.kind is MessageKind.help or due.subject_ref == TEST


async def resolve_aside(
    database: Database, sealer: Sealer, dues: Sequence[Due], *, public_url: str, now: datetime
) -> dict[uuid.UUID, Outcome]:
    """One outcome a message, by the rules of any other: consents, a number, a test connection's list."""
    async with database.work() as work:
        return {due.id: await _outcome(work, sealer, due, public_url, now) for due in dues}


async def _outcome(work: Work, sealer: Sealer, due: Due, public_url: str, now: datetime) -> Outcome:
    connection = await store.get_connection(work, due.org_id, due.connection_id)
    organisation = await store.get_organisation(work, due.org_id)
    is_mail = due.channel is Channel.email
    language, of = _read_instant(due.instant)
    department = await find_department(work, due.org_id, of)
    obstacle = may_write(connection) if is_mail else may_text_from(connection, department)
    if obstacle is not None:
        return Suppress(obstacle)
    if due.typed_address is None:
        return Suppress(SuppressReason.address_expired)
    may = may_mail_address if is_mail else may_text_number
    if not may(connection, due.typed_address, sealer):
        return Suppress(SuppressReason.not_listed)
    terms = terms_of(connection, department)
    return Recipient(
        number=due.typed_address,
        language=language,
        values=_values(due, connection, organisation, language, public_url, now),
        texts_from=terms.texts_from or "",
        texts_backup=terms.texts_backup,
        department=of,
        event=_event(due, now),
    )


def _read_instant(instant: str) -> tuple[str, str]:
    language, _, rest = instant.partition(".")
    department, dot, _ = rest.partition(".")
    # Before there were departments an instant had two parts.
    return language, department if dot else ""


def _values(
    due: Due,
    connection: Connection,
    organisation: Organisation,
    language: str,
    public_url: str,
    now: datetime,
) -> Mapping[str, str]:
    if due.subject_ref != TEST:
        return {"clinic": organisation.display_name, "phone": organisation.clinic_phone}
    clinic = Clinic(organisation.display_name, organisation.clinic_phone, connection.time_zone, public_url)
    return sample_values(clinic, language, now)


def _event(due: Due, now: datetime) -> Event:
    starts_at = sample_time(now)
    return Event(f"test-{due.id}@housecall", 1, starts_at, starts_at + _USUAL_LENGTH)
