"""What the queue does for messaging: receipts and replies that the hooks took in, and phone numbers."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime

from procrastinate import App, RetryStrategy

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.messaging import numbers, receipts, replies
from housecall.messaging.carriers import Carriers
from housecall.messaging.model import FailReason, MessageState
from housecall.messaging.provisioning import Provisioning
from housecall.messaging.returned import Returned
from housecall.messaging.verifying import Verifying
from housecall.messaging.words import ReplyWord

OnChange = Callable[[OrgId, str], Awaitable[None]]
OnConfirm = Callable[[OrgId, str, datetime], Awaitable[None]]

APPLY_RECEIPT = "messaging.apply_receipt"
APPLY_REPLY = "messaging.apply_reply"
APPLY_CONFIRM = "messaging.apply_confirm"

# A database that is away for a minute loses nothing.
_RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)


def register(
    queue: App,
    database: Database,
    clock: Clock,
    *,
    carriers: Carriers,
    on_change: OnChange,
    on_confirm: OnConfirm,
) -> None:
    """The queue can do messaging's tasks.

    ``on_change`` hears of subjects whose message changed, ``on_confirm`` of those that a reply confirmed, and when.
    """

    async def apply_receipt(
        provider: str, reference: str, provider_id: str, state: str, reason: str | None, at: str
    ) -> None:
        receipt = receipts.Receipt(
            provider=provider,
            reference=reference,
            provider_id=provider_id,
            state=MessageState(state),
            reason=FailReason(reason) if reason else None,
            at=datetime.fromisoformat(at),
        )
        async with database.work() as work:
            changed = await receipts.apply_receipt(work, receipt, now=clock.now())
        if changed is not None:
            await on_change(*changed)

    _register_numbers(queue, Provisioning(database, carriers, clock), Verifying(database, carriers, clock))
    _register_replies(queue, database, clock, on_confirm)
    queue.task(name=APPLY_RECEIPT, retry=_RETRY)(apply_receipt)


def _register_replies(queue: App, database: Database, clock: Clock, on_confirm: OnConfirm) -> None:
    async def apply_reply(word: str, number_hash: str, sent_to: str, at: str) -> None:
        async with database.work() as work:
            await replies.apply_reply(
                work,
                word=ReplyWord(word),
                number_hash=number_hash,
                sent_to=sent_to,
                at=datetime.fromisoformat(at),
                now=clock.now(),
            )

    async def apply_confirm(hashes: list[str], sent_to: str, at: str) -> None:
        moment = datetime.fromisoformat(at)
        async with database.work() as work:
            answered = await replies.find_answered(work, hashes=hashes, sent_to=sent_to, at=moment)
        for org_id, subject_ref in answered:
            await on_confirm(org_id, subject_ref, moment)

    queue.task(name=APPLY_REPLY, retry=_RETRY)(apply_reply)
    queue.task(name=APPLY_CONFIRM, retry=_RETRY)(apply_confirm)


async def enqueue_returned(work: Work, returned: Returned, *, now: datetime) -> None:
    """What came back on one of our e-mails is in the queue: our message's id, a state and a reason, no more."""
    await work.enqueue(
        APPLY_RECEIPT,
        provider="smtp",
        reference=returned.reference,
        provider_id="",
        state=returned.state.value,
        reason=returned.reason.value if returned.reason else None,
        at=now.isoformat(),
    )


def _register_numbers(queue: App, provisioning: Provisioning, verifying: Verifying) -> None:
    async def provision_number(org_id: str, number_id: str) -> None:
        await provisioning.provision(OrgId(uuid.UUID(org_id)), uuid.UUID(number_id))

    async def release_number(org_id: str, number_id: str) -> None:
        await provisioning.release(OrgId(uuid.UUID(org_id)), uuid.UUID(number_id))

    async def watch_number(org_id: str, number_id: str) -> None:
        await verifying.watch(OrgId(uuid.UUID(org_id)), uuid.UUID(number_id))

    queue.task(name=numbers.PROVISION, retry=_RETRY)(provision_number)
    queue.task(name=numbers.RELEASE, retry=_RETRY)(release_number)
    queue.task(name=numbers.WATCH, retry=_RETRY)(watch_number)
