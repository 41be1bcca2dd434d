"""A post office for the tests: an organisation, a connection, a resolver twin, the shipped provider twin."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.messaging import service
from housecall.messaging.model import Channel, MessageKind, SuppressReason
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Due, Later, Outcome, Recipient, Suppress
from housecall.messaging.tables import Message
from housecall.tenancy.model import Environment
from housecall.tenancy.service import (
    Declaration,
    declare_connection,
    ensure_organisation,
    may_text,
    may_text_number,
)
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection

OPERATOR = By(Actor.operator, "tests")
NURSE = By(Actor.clinician, "user-1")
OURS = "+18335550100"
VALUES = {"clinic": "Lakeside", "time": "Tue, Nov 24, 9:15 AM CST", "link": "http://localhost:8000/v/abc"}


def number_of(subject: str) -> str:
    """The number of a make-believe person, the same each time and everybody's own."""
    return f"+1312555{sum(ord(sign) * 31**place for place, sign in enumerate(subject)) % 10_000:04d}"


@dataclass
class TwinResolver:
    """Knows everybody's number and keeps tenancy's rules; ``says`` holds other outcomes by subject."""

    database: Database
    sealer: Sealer
    says: dict[str, Outcome] = field(default_factory=dict)
    fault: HousecallError | None = None
    forgets: set[str] = field(default_factory=set)
    asked: list[list[Due]] = field(default_factory=list)

    async def resolve(self, messages: Sequence[Due]) -> Mapping[uuid.UUID, Outcome]:
        self.asked.append(list(messages))
        if self.fault is not None:
            raise self.fault
        known = [due for due in messages if due.subject_ref not in self.forgets]
        return {due.id: await self._outcome(due) for due in known}

    async def _outcome(self, due: Due) -> Outcome:
        if due.subject_ref in self.says:
            return self.says[due.subject_ref]
        async with self.database.work() as work:
            connection = await get_connection(work, due.org_id, due.connection_id)
        obstacle = may_text(connection)
        if obstacle is not None:
            return Suppress(obstacle)
        number = due.typed_address or number_of(due.subject_ref)
        if not may_text_number(connection, number, self.sealer):
            return Suppress(SuppressReason.not_listed)
        return Recipient(
            number=number,
            language="en",
            values=VALUES,
            texts_from=connection.texts_from or "",
            texts_backup=connection.texts_backup,
        )


@dataclass
class Office:
    """What the tests ask for things; everything due is sent by ``send``."""

    database: Database
    clock: FakeClock
    sealer: Sealer
    provider: MemoryProvider
    resolver: TwinResolver
    org_id: OrgId
    connection: Connection
    changed: list[tuple[OrgId, str]] = field(default_factory=list)

    def outbox(self, provider: TextProvider | None = None, **more: Any) -> Outbox:
        """A worker's outbox; any number of them may be made."""
        return Outbox(
            self.database,
            Providers({Channel.sms: provider or self.provider}),
            self.resolver,
            self.clock,
            self.sealer,
            self.hear,
            **more,
        )

    async def send(self) -> int:
        return await self.outbox().send_due()

    async def plan(
        self,
        subject: str = "visit-1",
        kind: MessageKind = MessageKind.reminder,
        instant: str = "m15",
        *,
        in_minutes: float = 0,
    ) -> Message:
        async with self.database.work() as work:
            return await service.plan(
                work,
                self.org_id,
                connection_id=self.connection.id,
                subject_ref=subject,
                kind=kind,
                instant=instant,
                channel=Channel.sms,
                due_at=self.clock.now() + timedelta(minutes=in_minutes),
                now=self.clock.now(),
            )

    async def send_typed(self, address: str, subject: str = "visit-1", instant: str = "press-1") -> Message:
        """Somebody typed an address and pressed send."""
        async with self.database.work() as work:
            return await service.send_now(
                work,
                self.org_id,
                connection_id=self.connection.id,
                subject_ref=subject,
                kind=MessageKind.link,
                instant=instant,
                now=self.clock.now(),
                requested_by=NURSE,
                typed_address=address,
                sealer=self.sealer,
            )

    async def cancel(self, subject: str = "visit-1", reason: str = "visit_cancelled") -> int:
        async with self.database.work() as work:
            return await service.cancel_planned(
                work, self.org_id, subject_ref=subject, reason=reason, now=self.clock.now()
            )

    async def fresh(self, message: Message) -> Message:
        """The message as it stands in the database now."""
        async with self.database.work() as work:
            return await work.session.get_one(Message, message.id)

    async def states(self) -> dict[str, str]:
        """Every message's state by subject."""
        async with self.database.work() as work:
            return {one.subject_ref: one.state for one in await work.session.scalars(select(Message))}

    async def acts(self, message: Message | None = None) -> list[str]:
        """The words of the audit log, in order; of one message when given."""
        of_one = AuditEntry.subject == str(message.id) if message else AuditEntry.act.startswith("messaging:")
        async with self.database.work() as work:
            chosen = select(AuditEntry.act).where(of_one).order_by(AuditEntry.id)
            return list(await work.session.scalars(chosen))

    async def everything_stored(self) -> str:
        """Every row of the tables that this room writes, as text."""
        tables = ("message", "typed_address", "refusal", "audit_entry", "procrastinate_jobs")
        async with self.database.work() as work:
            rows = [
                str(row)
                for table in tables
                for row in await work.session.execute(text(f"SELECT t::text FROM {table} AS t"))
            ]
        return "\n".join(rows)

    def texts_to(self, number: str) -> list[str]:
        return [one.body for one in self.provider.sent if one.to == number]

    async def hear(self, org_id: OrgId, subject: str) -> None:
        self.changed.append((org_id, subject))


def declaration(**more: Any) -> Declaration:
    """A connection that may text anybody, unless told otherwise."""
    usual: dict[str, Any] = {
        "base_url": "http://127.0.0.1:9/fhir",
        "environment": Environment.test,
        "vendor": "generic",
        "client_kind": "public",
        "client_id": "housecall",
        "texts_from": OURS,
        "texts_to": ("any",),
        "consent_send": True,
        "consent_attendees": True,
    }
    return Declaration(**(usual | more))


async def open_office(
    database: Database, clock: FakeClock, sealer: Sealer, name: str = "lakeside", **declared: Any
) -> Office:
    async with database.work() as work:
        organisation = await ensure_organisation(work, name, region="americas", now=clock.now(), by=OPERATOR)
        org_id = OrgId(organisation.id)
        connection = await declare_connection(
            work, org_id, declaration(**declared), sealer=sealer, now=clock.now(), by=OPERATOR
        )
    resolver = TwinResolver(database, sealer)
    return Office(database, clock, sealer, MemoryProvider(), resolver, org_id, connection)


def later(office: Office, **amount: float) -> Later:
    """The outcome: ask again then."""
    return Later(office.clock.now() + timedelta(**amount))
