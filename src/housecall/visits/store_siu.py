"""Every query on the messages of HL7 feeds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from housecall.db.work import Work
from housecall.ehr.hl7.siu import IGNORED, ScheduleMessage
from housecall.kit.ids import OrgId
from housecall.visits.tables import SiuMessage

# More than anybody changes one appointment; it bounds what one message costs.
_MOST: Final = 200


async def list_messages(
    work: Work, org_id: OrgId, connection_id: str, appointment_ref: str
) -> Sequence[SiuMessage]:
    """The messages about the appointment, at most the newest two hundred, the newest first."""
    found = await work.session.scalars(
        select(SiuMessage)
        .where(SiuMessage.org_id == org_id, SiuMessage.connection_id == connection_id)
        .where(SiuMessage.appointment_ref == appointment_ref)
        .order_by(SiuMessage.message_at.desc(), SiuMessage.id.desc())
        .limit(_MOST)
    )
    return found.all()


async def keep_message(
    work: Work,
    org_id: OrgId,
    connection_id: str,
    message: ScheduleMessage,
    *,
    is_virtual: bool | None,
    now: datetime,
) -> int | None:
    """The message stands as seen: its number, or None where it stood already."""
    kept: int | None = await work.session.scalar(
        insert(SiuMessage)
        .values(
            org_id=org_id,
            connection_id=connection_id,
            control_hash=message.key,
            # Of a blocked slot no appointment is to be known.
            appointment_ref=None if message.event in IGNORED else message.ref,
            message_at=message.at,
            event=message.event,
            status=message.status.value if message.status else None,
            starts_at=message.start,
            ends_at=message.end,
            is_virtual=is_virtual,
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["connection_id", "control_hash"])
        .returning(SiuMessage.id)
    )
    return kept


async def forget_messages(work: Work, org_id: OrgId, connection_id: str, before: datetime) -> None:
    """Messages that came before ``before`` are gone."""
    await work.session.execute(
        delete(SiuMessage)
        .where(SiuMessage.org_id == org_id, SiuMessage.connection_id == connection_id)
        .where(SiuMessage.received_at < before)
        .execution_options(synchronize_session=False)
    )
