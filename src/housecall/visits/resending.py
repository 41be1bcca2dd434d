"""A message that did not reach its patient, sent again by a person's press."""

import uuid
from typing import Final

from housecall.audit.model import By
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.messaging import service as messages
from housecall.messaging.model import NOT_NEEDED, Channel, MessageKind, MessageState, SuppressReason
from housecall.messaging.store import find_message
from housecall.messaging.tables import Message
from housecall.tenancy.store import get_connection
from housecall.visits.desk import Desk
from housecall.visits.errors import MessageUnknown, NotSentAgain
from housecall.visits.model import OVER, VisitState
from housecall.visits.scene import visit_window
from housecall.visits.store import get_visit
from housecall.visits.tables import Visit
from housecall.visits.texting import AGAIN
from housecall.visits.views import View, publish_visit

# What did not arrive, or may not have. A text that is on its way or arrived is no trouble: a link can be sent anew.
_TROUBLE: Final = frozenset({MessageState.failed, MessageState.unknown, MessageState.suppressed})
# The person, or their record, does not want it: another press must not change that.
_WISHES: Final = frozenset({SuppressReason.stopped, SuppressReason.opted_out, SuppressReason.deceased})


def why_not_again(message: Message, visit: Visit, *, is_past: bool) -> str | None:
    """Why the message cannot be sent again: a stable word; None if it can."""
    if message.kind == MessageKind.cancelled:
        return None if visit.state == VisitState.cancelled and _is_trouble(message) else "not_needed"
    if is_past or visit.state in OVER:
        return "visit_over"
    if message.is_typed:
        # What was typed is gone: it has to be typed again.
        return "typed"
    return None if _is_trouble(message) else "not_needed"


def _is_trouble(message: Message) -> bool:
    return message.state in _TROUBLE and message.reason not in NOT_NEEDED | _WISHES


async def send_again(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, message_id: uuid.UUID, *, by: By
) -> View:
    """The same message leaves once more, to the patient as on file now; pressed twice it is one.

    Raises VisitUnknown, MessageUnknown, NotSentAgain.
    """
    visit = await get_visit(work, org_id, visit_id)
    connection = await get_connection(work, org_id, visit.connection_id)
    message = await find_message(work, org_id, message_id)
    if message is None or message.subject_ref != visit.id:
        raise MessageUnknown
    now = desk.clock.now()
    if why_not_again(message, visit, is_past=visit_window(visit, connection).is_past(now)) is not None:
        raise NotSentAgain
    await messages.send_now(
        work, org_id, connection_id=connection.id, subject_ref=visit.id, kind=MessageKind(message.kind),
        instant=f"{AGAIN}{message.id.hex}", channel=Channel(message.channel), now=now, requested_by=by,
    )  # fmt: skip
    visit.revision += 1
    return await publish_visit(desk, work, org_id, visit)
