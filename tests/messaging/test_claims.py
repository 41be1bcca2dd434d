"""Claims: whose message it is, until when, and whose word counts when two have had it."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from housecall.messaging import claims
from housecall.messaging.claims import Claim, Verdict
from housecall.messaging.outbox import LEASE
from tests.messaging.office import Office


async def claim(office: Office, limit: int = 10) -> list[Claim]:
    """A worker takes what is due and does nothing more: it was killed."""
    now = office.clock.now()
    async with office.database.work() as work:
        return await claims.claim_due(work, now=now, lease_until=now + LEASE, limit=limit)


async def take_over(office: Office) -> list[Claim]:
    """Another worker takes what the first one lost, to send it again."""
    now = office.clock.now()
    async with office.database.work() as work:
        lost = await claims.claim_lost(work, now=now, lease_until=now + LEASE, limit=10)
        return await claims.requeue(work, [one.due.id for one in lost], lease_until=now + LEASE)


async def settle(office: Office, *verdicts: Verdict) -> list[uuid.UUID]:
    async with office.database.work() as work:
        changed = await claims.settle(work, verdicts, now=office.clock.now())
    return [one.claim.due.id for one in changed]


async def test_a_claim_passes_over_what_another_transaction_is_claiming(office: Office) -> None:
    for number in range(6):
        await office.plan(f"visit-{number}", in_minutes=-number)
    now = office.clock.now()

    async with office.database.work() as one, office.database.work() as other:
        first = await claims.claim_due(one, now=now, lease_until=now + LEASE, limit=4)
        async with asyncio.timeout(2):
            second = await claims.claim_due(other, now=now, lease_until=now + LEASE, limit=4)

    assert {claim.due.subject_ref for claim in first} == {f"visit-{n}" for n in (5, 4, 3, 2)}
    assert {claim.due.subject_ref for claim in second} == {"visit-1", "visit-0"}


async def test_a_claimed_message_is_nobody_elses_until_its_lease_ran_out(office: Office) -> None:
    await office.plan()
    await claim(office)

    office.clock.advance(LEASE - timedelta(seconds=1))
    within = await office.send()
    office.clock.advance(timedelta(seconds=1))
    after = await office.send()

    assert (within, after) == (0, 1)
    assert len(office.provider.sent) == 1
    assert set((await office.states()).values()) == {"accepted"}


async def test_nothing_is_begun_that_might_end_after_the_lease(office: Office) -> None:
    """A worker that was asleep in the middle of a batch must not send what another has taken over by now."""
    message = await office.plan()
    resolve = office.resolver.resolve

    async def asleep(messages: list[object]) -> object:
        found = await resolve(messages)  # type: ignore[arg-type]
        office.clock.advance(LEASE * 0.76)
        return found

    office.resolver.resolve = asleep  # type: ignore[method-assign, assignment]
    await office.send()

    assert office.provider.sent == []
    assert (await office.fresh(message)).state == "planned"


@pytest.mark.parametrize("verb", ["release", "fail", "suppress", "lose_sight"])
async def test_a_worker_whose_claim_was_taken_over_changes_nothing(office: Office, verb: str) -> None:
    message = await office.plan()
    [old] = await claim(office)
    office.clock.advance(LEASE)
    [new] = await take_over(office)

    changed = await settle(office, Verdict(old, verb, reason="other", due_at=office.clock.now()))

    assert new.attempts == old.attempts + 1
    assert changed == []
    assert (await office.fresh(message)).state == "queued"


async def test_a_providers_answer_is_true_whoever_asked(office: Office) -> None:
    message = await office.plan()
    [old] = await claim(office)
    office.clock.advance(LEASE)
    [new] = await take_over(office)

    changed = await settle(office, Verdict(old, "accept", provider="memory", provider_id="m-1"))
    again = await settle(office, Verdict(new, "accept", provider="memory", provider_id="m-1"))

    accepted = await office.fresh(message)
    assert (changed, again) == ([message.id], [])
    assert (accepted.state, accepted.provider_id) == ("accepted", "m-1")


async def test_an_answer_slower_than_its_receipt_only_fills_in_what_is_missing(office: Office) -> None:
    message = await office.plan()
    [held] = await claim(office)
    await settle(office, Verdict(held, "deliver"))
    delivered_at = office.clock.now()
    office.clock.advance(timedelta(seconds=3))

    changed = await settle(
        office, Verdict(held, "accept", provider="memory", provider_id="m-1", sent_from="+18335550100")
    )

    now = await office.fresh(message)
    assert changed == []
    assert (now.state, now.delivered_at) == ("delivered", delivered_at)
    assert (now.provider, now.provider_id, now.sent_from) == ("memory", "m-1", "+18335550100")


async def test_settling_nothing_asks_nothing(office: Office) -> None:
    assert await settle(office) == []


async def test_a_batch_is_settled_row_by_row(office: Office) -> None:
    for number in range(3):
        await office.plan(f"visit-{number}")
    held = {one.due.subject_ref: one for one in await claim(office)}

    await settle(
        office,
        Verdict(held["visit-0"], "accept", provider="memory", provider_id="m-0"),
        Verdict(held["visit-1"], "fail", reason="landline"),
        Verdict(held["visit-2"], "release", due_at=office.clock.now() + timedelta(minutes=1)),
    )

    assert await office.states() == {"visit-0": "accepted", "visit-1": "failed", "visit-2": "planned"}
