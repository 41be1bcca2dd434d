"""The outbox: sends what is due, never loses a message and never sends one twice.

    claim (commit) -> resolve recipients -> send -> settle (commit)

A worker killed anywhere in between leaves rows whose lease runs out. Those are ``unknown`` until the provider
was asked by our own id; only what the provider never had is sent again, under the same id. No transaction is
open while the EHR or the provider is being asked.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from housecall.db.database import Database
from housecall.db.work import Work
from housecall.kit.clock import Clock
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.messaging import claims, store
from housecall.messaging.aside import is_aside, resolve_aside
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.dispatch import Dispatch
from housecall.messaging.model import Channel, MessageKind, SuppressReason
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Due, Later, Outcome, Recipient, Resolver, Suppress
from housecall.messaging.reconcile import Reconciler
from housecall.messaging.replies import note_repliers, refusal_hashes, reply_hash
from housecall.messaging.routing import Router
from housecall.messaging.trail import record_verdicts
from housecall.messaging.troubles import note_troubles
from housecall.messaging.typed import forget_expired_addresses, forget_typed_addresses, open_typed_addresses
from housecall.messaging.wordings import Wordings, read_wordings

log = logging.getLogger(__name__)

OnChange = Callable[[OrgId, str], Awaitable[None]]

# Several times a whole batch's worst case: EHR reads, then five rounds of a provider that times out.
LEASE: Final = timedelta(seconds=60)

# Whom a hundred messages go to takes some six answers of the EHR: meanwhile other batches are being sent.
_LANES: Final = 4
_ROUNDS: Final = 50
_CONCURRENT_SENDS: Final = 20
_ASK_AGAIN_AFTER: Final = timedelta(minutes=1)

# Texts that may be answered with C.
_CONFIRMED: Final = {MessageKind.confirmation, MessageKind.reminder, MessageKind.changed}

# Verbs after which an address typed in by hand is needed no more.
_FINAL: Final = {"accept", "deliver", "fail", "suppress"}


class Outbox:
    """Sends due messages; any number of them may run on the same database."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        resolver: Resolver,
        clock: Clock,
        sealer: Sealer,
        on_change: OnChange,
        *,
        lease: timedelta = LEASE,
        public_url: str = "http://localhost",
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._sealer = sealer
        self._on_change = on_change
        self._lease = lease
        self._public_url = public_url
        self._router = Router(database, providers)
        self._dispatch = Dispatch(
            database, clock, mail_from=providers.mail_from, margin=lease / 4, concurrency=_CONCURRENT_SENDS
        )
        self._reconciler = Reconciler(database, self._router, clock, lease=lease)

    async def send_due(self, limit: int = 100) -> int:
        """Everything due has left or has a new state; returns how many messages were taken up.

        ``limit`` is the size of one batch. A fault in one lane is raised once the other has finished.
        """
        lanes = [self._drain_lost(limit), *(self._drain_due(limit) for _ in range(_LANES))]
        answers = await asyncio.gather(*lanes, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return sum(answer for answer in answers if isinstance(answer, int))

    async def _drain_due(self, limit: int) -> int:
        taken = 0
        for _ in range(_ROUNDS):
            batch = await self._claim(limit)
            await self._process(batch)
            taken += len(batch)
            if len(batch) < limit:
                break
        return taken

    async def _drain_lost(self, limit: int) -> int:
        taken = 0
        for _ in range(_ROUNDS):
            found = await self._reconciler.find_out(limit)
            await self._settle(found.verdicts)
            await self._tell(found.lost)
            await self._process(found.to_send)
            taken += len(found.lost)
            if len(found.lost) < limit:
                break
        return taken

    async def _claim(self, limit: int) -> list[Claim]:
        now = self._clock.now()
        async with self._database.work() as work:
            await forget_expired_addresses(work, now)
            return await claims.claim_due(work, now=now, lease_until=now + self._lease, limit=limit)

    async def _process(self, batch: Sequence[Claim]) -> None:
        """Every claim of the batch gets its verdict, also when this worker is told to stop half-way."""
        if not batch:
            return
        verdicts: list[Verdict] = []
        try:
            batch = await self._with_typed_addresses(batch)
            outcomes = await self._resolve(batch, verdicts)
            wordings = await self._wordings(batch, outcomes)
            routes = await self._router.routes(batch, outcomes)
            await self._dispatch.send_all(batch, outcomes, routes, wordings, into=verdicts)
        finally:
            await self._settle(verdicts)

    async def _with_typed_addresses(self, batch: Sequence[Claim]) -> list[Claim]:
        typed = [claim.due.id for claim in batch if claim.is_typed]
        if not typed:
            return list(batch)
        async with self._database.work() as work:
            opened = await open_typed_addresses(work, typed, sealer=self._sealer, now=self._clock.now())
        return [replace(one, due=replace(one.due, typed_address=opened.get(one.due.id))) for one in batch]

    async def _resolve(self, batch: Sequence[Claim], verdicts: list[Verdict]) -> dict[uuid.UUID, Outcome]:
        now = self._clock.now()
        outcomes: dict[uuid.UUID, Outcome] = {
            claim.due.id: Suppress(SuppressReason.address_expired)
            for claim in batch
            if claim.is_typed and claim.due.typed_address is None
        }
        open_ = [claim.due for claim in batch if claim.due.id not in outcomes]
        aside = [due for due in open_ if is_aside(due)]
        others = [due for due in open_ if not is_aside(due)]
        if aside:
            outcomes.update(
                await resolve_aside(self._database, self._sealer, aside, public_url=self._public_url, now=now)
            )
        try:
            if others:
                outcomes.update(await self._resolver.resolve(others))
        except HousecallError as fault:
            log.warning("Recipients could not be read.", extra={"code": fault.code})
        for due in open_:
            outcomes.setdefault(due.id, Later(now + _ASK_AGAIN_AFTER))
        await self._hold_back_refused(open_, outcomes)
        return outcomes

    async def _hold_back_refused(self, dues: Sequence[Due], outcomes: dict[uuid.UUID, Outcome]) -> None:
        """STOP is read at the last moment, whatever the resolver knew. HELP is answered all the same."""
        by_org: dict[OrgId, dict[uuid.UUID, tuple[str, ...]]] = {}
        for due in dues:
            outcome = outcomes[due.id]
            if isinstance(outcome, Recipient) and _heeds_stop(due):
                hashes = self._hashes(outcome)
                by_org.setdefault(due.org_id, {})[due.id] = hashes
        if not by_org:
            return
        async with self._database.work() as work:
            for org_id, messages in by_org.items():
                asked = {hash_ for hashes in messages.values() for hash_ in hashes}
                refused = await store.list_refused(work, org_id, asked)
                outcomes.update(
                    (message_id, Suppress(SuppressReason.stopped))
                    for message_id, hashes in messages.items()
                    if not refused.isdisjoint(hashes)
                )
            await self._note_repliers(work, dues, outcomes)

    async def _note_repliers(
        self, work: Work, dues: Sequence[Due], outcomes: Mapping[uuid.UUID, Outcome]
    ) -> None:
        hashes = {
            due.id: reply_hash(self._sealer, outcome.number)
            for due in dues
            if due.kind in _CONFIRMED
            and due.channel is Channel.sms
            and not is_aside(due)
            and not due.typed_address
            if isinstance(outcome := outcomes[due.id], Recipient)
        }
        if hashes:
            await note_repliers(work, hashes)

    async def _wordings(
        self, batch: Sequence[Claim], outcomes: Mapping[uuid.UUID, Outcome]
    ) -> dict[OrgId, Wordings]:
        """How each organisation that has something to send says it."""
        orgs = {one.due.org_id for one in batch if isinstance(outcomes[one.due.id], Recipient)}
        if not orgs:
            return {}
        async with self._database.work() as work:
            return {org_id: await read_wordings(work, org_id) for org_id in orgs}

    def _hashes(self, recipient: Recipient) -> tuple[str, ...]:
        # Whoever said STOP to one of our numbers must not be reached from the one that stands in for it.
        ours = filter(None, (recipient.texts_from, recipient.texts_backup))
        return tuple(
            hash_
            for sender in ours
            for hash_ in refusal_hashes(self._sealer, number=recipient.number, sent_from=sender)
        )

    async def _settle(self, verdicts: Sequence[Verdict]) -> None:
        if not verdicts:
            return
        now = self._clock.now()
        async with self._database.work() as work:
            changed = await claims.settle(work, verdicts, now=now)
            await record_verdicts(work, changed, now=now)
            await note_troubles(work, verdicts, now=now)
            done = [one.claim.due.id for one in verdicts if one.claim.is_typed and one.verb in _FINAL]
            if done:
                await forget_typed_addresses(work, done)
        await self._tell([one.claim for one in changed])

    async def _tell(self, changed: Sequence[Claim]) -> None:
        subjects = {(claim.due.org_id, claim.due.subject_ref): None for claim in changed}
        for org_id, subject_ref in subjects:
            await self._on_change(org_id, subject_ref)


def _heeds_stop(due: Due) -> bool:
    """A STOP counts for texts from the number it was sent to."""
    return due.channel is Channel.sms and due.kind is not MessageKind.help
