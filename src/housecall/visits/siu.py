"""The feed by HL7 messages: each is kept, put in order, and brings its visit to where the EHR says.

Message ids and FHIR versions are two clocks. So with a system account a message only says that there is
something to read, and ``siu_reading.py`` reads it; without one the message itself is the appointment.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus
from housecall.ehr.hl7.reply import Ack, Answer
from housecall.ehr.hl7.siu import IGNORED, RESOURCE_EVENTS, ScheduleMessage
from housecall.kit.errors import HousecallError, Kind
from housecall.kit.ids import OrgId
from housecall.tenancy.errors import ConnectionNotWorking, ConnectionUnknown
from housecall.tenancy.service import is_working
from housecall.tenancy.store import find_connection_anywhere
from housecall.tenancy.tables import Connection
from housecall.visits import store, store_siu
from housecall.visits.desk import Desk
from housecall.visits.errors import AppointmentWithoutStart
from housecall.visits.model import VisitState
from housecall.visits.schedule import take_in
from housecall.visits.tables import SiuMessage, Visit

log = logging.getLogger(__name__)

READ_APPOINTMENT: Final = "visits.read_appointment"
# Long enough for every repetition and every message that was stuck on its way.
KEPT_FOR: Final = timedelta(days=90)
_BY: Final = By(Actor.system, "siu")

_S = AppointmentStatus
_OFF: Final = frozenset({_S.cancelled, _S.entered_in_error})
# Refused for good; after any other fault the sender does well to send it again.
_FOR_GOOD: Final = frozenset({Kind.invalid, Kind.not_found, Kind.forbidden})


@dataclass(frozen=True)
class SiuFeed:
    """One connection's feed: what its listener asks for every message."""

    desk: Desk
    database: Database
    connection_id: str
    confirm: bool = True

    async def __call__(self, message: ScheduleMessage) -> Answer:
        """Accepted once the message is committed; refused or failed with the code of the fault."""
        try:
            async with self.database.work() as work:
                await take_message(self.desk, work, self.connection_id, message, confirm=self.confirm)
        except HousecallError as fault:
            log.warning(
                "An SIU message was not taken.",
                extra={"connection": self.connection_id, "hl7_event": message.event, "code": fault.code},
            )
            return Answer(Ack.refused if fault.kind in _FOR_GOOD else Ack.fault, fault.code)
        return Answer(Ack.accepted)


async def take_message(
    desk: Desk, work: Work, connection_id: str, message: ScheduleMessage, *, confirm: bool
) -> None:
    """The message is kept, and counts as far as nothing newer is known; taken twice it counts once.

    Raises ConnectionUnknown, ConnectionNotWorking, AppointmentWithoutStart.
    """
    connection = await find_connection_anywhere(work, connection_id)
    if connection is None:
        raise ConnectionUnknown
    if not is_working(connection):
        raise ConnectionNotWorking
    org_id, ref, now = OrgId(connection.org_id), message.ref, desk.clock.now()
    is_ignored = ref is None or message.event in IGNORED
    if ref is not None and not is_ignored:
        await store.lock_appointment(work, org_id, connection.id, ref)
    kept = await store_siu.keep_message(
        work, org_id, connection.id, message, is_virtual=_kind_told(message, connection), now=now
    )
    if kept is None or ref is None or is_ignored:
        return
    picture = fold(await store_siu.list_messages(work, org_id, connection.id, ref))
    if kept not in picture.sources:
        return
    await record(work, org_id, Act.siu_taken, by=_BY, subject=ref, at=now, event=message.event)
    if has_system_account(connection):
        await work.enqueue(
            READ_APPOINTMENT, connection_id=connection.id, appointment_ref=ref, confirm=confirm
        )
        return
    newest = await store.find_newest_visit(work, org_id, connection.id, ref)
    told = message if newest is None or picture.newest == kept else None
    appointment = appointment_of(picture, ref, newest, told, version=f"siu:{kept}")
    await _take_at_once(desk, work, connection, appointment, newest, confirm=confirm)


async def _take_at_once(
    desk: Desk,
    work: Work,
    connection: Connection,
    appointment: Appointment,
    newest: Visit | None,
    *,
    confirm: bool,
) -> None:
    if newest is None and not is_followed(connection, appointment):
        return
    if appointment.is_virtual and appointment.status is _S.booked and appointment.start is None:
        raise AppointmentWithoutStart
    await take_in(desk, work, connection, appointment, newest, confirm_new=confirm)


def _kind_told(message: ScheduleMessage, connection: Connection) -> bool | None:
    """Whether it tells of a video visit; None where it does not say.

    A resource that is taken away or changed does not make a visit one in person.
    """
    rules = tuple(connection.virtual_rules)
    if message.is_virtual(rules):
        return True
    return None if message.event in RESOURCE_EVENTS or not message.tells_its_kind(rules) else False


@dataclass(frozen=True)
class Picture:
    """What all messages about an appointment say together, whatever the order they came in.

    By their own times, and for each thing the newest one that says it: a change (S14) says nothing of the
    status, so a cancellation from before it counts even when it comes after it.
    """

    newest: int
    status: AppointmentStatus | None
    start: datetime | None
    end: datetime | None
    is_virtual: bool | None
    sources: frozenset[int]
    """The messages that it is made of; any other one changes nothing."""


def fold(messages: Sequence[SiuMessage]) -> Picture:
    """The picture that these messages make, given the newest first.

    Of two of the same moment the one that came later counts, but never to revive what the other cancelled.
    """
    stating = [one for one in messages if one.status is not None]
    # max answers the first of equals: the newest.
    says_status = max(stating, key=lambda one: (one.message_at, one.status in _OFF), default=None)
    says_time = next((one for one in messages if one.starts_at is not None), None)
    says_kind = next((one for one in messages if one.is_virtual is not None), None)
    sources = (messages[0], says_status, says_time, says_kind)
    return Picture(
        newest=messages[0].id,
        status=AppointmentStatus(says_status.status) if says_status and says_status.status else None,
        start=says_time.starts_at if says_time else None,
        end=says_time.ends_at if says_time else None,
        is_virtual=says_kind.is_virtual if says_kind else None,
        sources=frozenset(one.id for one in sources if one is not None),
    )


def appointment_of(
    picture: Picture,
    ref: AppointmentRef,
    newest: Visit | None,
    message: ScheduleMessage | None,
    *,
    version: str,
) -> Appointment:
    """The appointment as messages alone tell it; what none of them says is as the visit has it.

    ``message`` is the one whose people and places count: the one that has just come, unless a newer one is known.
    """
    start, end = _times(picture, newest)
    is_off = newest is not None and newest.state == VisitState.cancelled
    return Appointment(
        ref=ref,
        # Not the EHR's version, but equal only for the same message.
        version=version,
        status=picture.status or (_S.cancelled if is_off else _S.booked),
        start=start,
        end=end,
        patient=None,
        practitioners=message.practitioners if message else (),
        locations=message.locations if message else (),
        is_virtual=newest is not None if picture.is_virtual is None else picture.is_virtual,
        service=None,
    )


def _times(picture: Picture, newest: Visit | None) -> tuple[datetime | None, datetime | None]:
    if picture.start is not None:
        length = newest.ends_at - newest.starts_at if newest else None
        return picture.start, picture.end or (picture.start + length if length else None)
    return (newest.starts_at, newest.ends_at) if newest else (None, None)


def has_system_account(connection: Connection) -> bool:
    """Whether the EHR can be read without anybody's launch."""
    return connection.system_client_id is not None


def is_followed(connection: Connection, appointment: Appointment) -> bool:
    """Whether it is one of those the connection is for: the feed tells of the whole hospital's."""
    if not connection.locations and not connection.practitioners:
        return True
    by_place = not set(connection.locations).isdisjoint(appointment.locations)
    return by_place or not set(connection.practitioners).isdisjoint(appointment.practitioners)


async def forget_old(desk: Desk, work: Work, org_id: OrgId, connection_id: str) -> None:
    """Messages are gone that came more than ninety days ago."""
    await store_siu.forget_messages(work, org_id, connection_id, desk.clock.now() - KEPT_FOR)
