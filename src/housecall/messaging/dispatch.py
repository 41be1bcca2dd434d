"""Handing claimed messages to a provider, a bounded number at a time, and reading its answer as a verdict."""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.errors import TemplateInvalid
from housecall.messaging.mail import compose
from housecall.messaging.model import Channel, FailReason, MessageState, SuppressReason
from housecall.messaging.providers.base import (
    OutgoingText,
    ProviderRefused,
    ProviderStatus,
    ProviderUnavailable,
    TextProvider,
)
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Later, Outcome, Recipient, Suppress
from housecall.messaging.templates import render
from housecall.messaging.wordings import NO_WORDINGS, Wordings

log = logging.getLogger(__name__)

# After six hours nobody is helped by a text that could not be handed over.
_GIVE_UP_AFTER: Final = timedelta(hours=6)
_LONGEST_WAIT: Final = timedelta(minutes=5)
_FIRST_WAIT: Final = timedelta(seconds=5)

# A provider that does not know repeats gets time to finish a request we gave up on, before it is asked.
_SETTLES_WITHIN: Final = timedelta(minutes=1)

VERB_OF: Final = {
    MessageState.accepted: "accept",
    MessageState.delivered: "deliver",
    MessageState.failed: "fail",
}


class Dispatch:
    """Sends the batches of one worker; at most ``concurrency`` texts are on their way at once."""

    def __init__(self, providers: Providers, clock: Clock, *, margin: timedelta, concurrency: int) -> None:
        self._providers = providers
        self._clock = clock
        self._margin = margin
        self._places = asyncio.Semaphore(concurrency)

    async def send_all(
        self,
        batch: Sequence[Claim],
        outcomes: Mapping[uuid.UUID, Outcome],
        wordings: Mapping[OrgId, Wordings],
        *,
        into: list[Verdict],
    ) -> None:
        """Every claim has its verdict in ``into``, as soon as it is known."""

        async def one(claim: Claim) -> None:
            own = wordings.get(claim.due.org_id, NO_WORDINGS)
            into.append(await self._verdict(claim, outcomes[claim.due.id], own))

        async with asyncio.TaskGroup() as tasks:
            for claim in batch:
                tasks.create_task(one(claim))

    async def _verdict(self, claim: Claim, outcome: Outcome, wordings: Wordings) -> Verdict:
        provider = self._providers.find(claim.due.channel)
        match outcome:
            case Suppress(reason):
                return Verdict(claim, "suppress", reason=reason)
            case Later(at):
                return self._released(claim, at - self._clock.now())
            case Recipient() if provider is None:
                return Verdict(claim, "suppress", reason=SuppressReason.no_provider)
            case Recipient():
                text = self._written(claim, outcome, wordings)
                if text is None:
                    return Verdict(claim, "fail", reason=FailReason.other)
                async with self._places:
                    return await self._handed_over(claim, text, provider)

    async def _handed_over(self, claim: Claim, text: OutgoingText, provider: TextProvider) -> Verdict:
        # Another worker takes over when the lease runs out: nothing is begun that might end after it.
        if self._clock.now() >= claim.lease_until - self._margin:
            return self._released(claim, timedelta())
        try:
            if claim.attempts > 1 and provider.capabilities.lookup and not provider.capabilities.idempotent:
                known = await provider.lookup(str(claim.due.id))
                if known is not None:
                    return verdict_of(claim, known, provider)
            answer = await provider.send(text)
        except ProviderRefused as refusal:
            return Verdict(
                claim, "fail", reason=refusal.reason, provider=provider.name, sent_from=text.sent_from
            )
        except ProviderUnavailable as fault:
            return self._delayed(claim, fault, provider)
        return Verdict(
            claim,
            "accept",
            provider=provider.name,
            provider_id=answer.provider_id,
            sent_from=text.sent_from,
        )

    def _written(self, claim: Claim, recipient: Recipient, wordings: Wordings) -> OutgoingText | None:
        # One message that lacks something must not hold up the rest of its batch, each time again.
        mail_from = self._providers.mail_from
        try:
            return _write(claim, recipient, wordings, mail_from=mail_from, now=self._clock.now())
        except TemplateInvalid:
            log.exception("A text could not be written.", extra={"message_id": str(claim.due.id)})
            return None

    def _delayed(self, claim: Claim, fault: ProviderUnavailable, provider: TextProvider) -> Verdict:
        wait = fault.wait or wait_after(claim.attempts)
        if not fault.is_fate_unknown:
            return self._released(claim, wait)
        if not provider.capabilities.idempotent:
            wait = max(wait, _SETTLES_WITHIN)
        return Verdict(claim, "lose_sight", provider=provider.name, lease_until=self._clock.now() + wait)

    def _released(self, claim: Claim, wait: timedelta) -> Verdict:
        now = self._clock.now()
        if now - claim.queued_at > _GIVE_UP_AFTER:
            return Verdict(claim, "fail", reason=FailReason.provider_unavailable)
        return Verdict(claim, "release", due_at=now + max(wait, timedelta()))


def _write(
    claim: Claim, recipient: Recipient, wordings: Wordings, *, mail_from: str, now: datetime
) -> OutgoingText:
    due = claim.due
    wording = wordings.find(due.kind, due.channel, recipient.language)
    if due.channel is Channel.email:
        body, letter = compose(due.kind, recipient, wording=wording, sender=mail_from, now=now)
        return OutgoingText(str(due.id), mail_from, recipient.number, body, letter)
    body = render(due.kind, recipient.language, recipient.values, wording=wording)
    return OutgoingText(str(due.id), recipient.texts_from, recipient.number, body)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after this many attempts: 5 s, doubling, at most five minutes."""
    doublings: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_WAIT * doublings, _LONGEST_WAIT)


def verdict_of(claim: Claim, status: ProviderStatus, provider: TextProvider) -> Verdict:
    """What the provider said about a text it already has, as a verdict."""
    return Verdict(
        claim,
        VERB_OF[status.state],
        reason=status.reason,
        provider=provider.name,
        provider_id=status.provider_id,
    )
