"""Writing claimed messages and handing them over, a bounded number at a time."""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from housecall.db.database import Database
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.errors import TemplateInvalid
from housecall.messaging.handover import Handover
from housecall.messaging.mail import compose
from housecall.messaging.model import Channel, FailReason, SuppressReason
from housecall.messaging.providers.base import OutgoingText
from housecall.messaging.recipients import Hold, Later, Outcome, Recipient, Suppress
from housecall.messaging.routing import NOWHERE, Route
from housecall.messaging.templates import render
from housecall.messaging.wordings import NO_WORDINGS, Wordings

log = logging.getLogger(__name__)


class Dispatch:
    """Sends the batches of one worker; at most ``concurrency`` texts are on their way at once."""

    def __init__(
        self, database: Database, clock: Clock, *, mail_from: str, margin: timedelta, concurrency: int
    ) -> None:
        self._clock = clock
        self._mail_from = mail_from
        self._handover = Handover(database, clock, margin=margin, concurrency=concurrency)

    async def send_all(
        self,
        batch: Sequence[Claim],
        outcomes: Mapping[uuid.UUID, Outcome],
        routes: Mapping[uuid.UUID, Route],
        wordings: Mapping[OrgId, Wordings],
        *,
        into: list[Verdict],
    ) -> None:
        """Every claim has its verdict in ``into``, as soon as it is known."""

        async def one(claim: Claim) -> None:
            route = routes.get(claim.due.id, NOWHERE)
            own = wordings.get(claim.due.org_id, NO_WORDINGS)
            into.append(await self._verdict(claim, outcomes[claim.due.id], route, own))

        async with asyncio.TaskGroup() as tasks:
            for claim in batch:
                tasks.create_task(one(claim))

    async def _verdict(self, claim: Claim, outcome: Outcome, route: Route, wordings: Wordings) -> Verdict:
        match outcome:
            case Suppress(reason):
                return Verdict(claim, "suppress", reason=reason)
            case Hold(until):
                return Verdict(claim, "hold", due_at=until)
            case Later(at):
                return self._handover.released(claim, at - self._clock.now())
            case Recipient() if not route:
                return Verdict(claim, "suppress", reason=SuppressReason.no_provider)
            case Recipient():
                text = self._written(claim, outcome, wordings)
                if text is None:
                    return Verdict(claim, "fail", reason=FailReason.other)
                return await self._handover.hand_over(claim, outcome, text, route)

    def _written(self, claim: Claim, recipient: Recipient, wordings: Wordings) -> OutgoingText | None:
        # One message that lacks something must not hold up the rest of its batch, each time again.
        try:
            return _write(claim, recipient, wordings, mail_from=self._mail_from, now=self._clock.now())
        except TemplateInvalid:
            log.exception("A text could not be written.", extra={"message_id": str(claim.due.id)})
            return None


def _write(
    claim: Claim, recipient: Recipient, wordings: Wordings, *, mail_from: str, now: datetime
) -> OutgoingText:
    due = claim.due
    wording = wordings.find(due.kind, due.channel, recipient.language, recipient.department)
    if due.channel is Channel.email:
        body, letter = compose(due.kind, recipient, wording=wording, sender=mail_from, now=now)
        return OutgoingText(str(due.id), mail_from, recipient.number, body, letter)
    body = render(due.kind, recipient.language, recipient.values, wording=wording)
    return OutgoingText(str(due.id), recipient.texts_from, recipient.number, body)
