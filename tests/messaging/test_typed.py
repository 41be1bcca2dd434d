"""An address typed in by hand: sealed under a key of its own, gone at the answer or in ten minutes."""

import base64
import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from housecall.db.database import Database
from housecall.kit.sealing import SealBroken, Sealer
from housecall.messaging import claims, service
from housecall.messaging.model import Channel, FailReason, MessageKind
from housecall.messaging.outbox import LEASE
from housecall.messaging.providers.base import ProviderRefused, ProviderUnavailable
from housecall.messaging.tables import Message, TypedAddress
from housecall.messaging.typed import KEPT_FOR, open_typed_addresses
from tests.messaging.office import NURSE, Office, TwinResolver, number_of, open_office

TYPED = "+13125550142"


async def kept(office: Office) -> list[TypedAddress]:
    async with office.database.work() as work:
        return list(await work.session.scalars(select(TypedAddress)))


async def test_a_typed_address_gets_the_text_and_the_charts_number_does_not(office: Office) -> None:
    await office.send_typed(TYPED)

    await office.send()

    assert [text.to for text in office.provider.sent] == [TYPED]


async def test_a_typed_address_is_stored_nowhere_in_clear(office: Office) -> None:
    await office.send_typed(TYPED)
    before = await office.everything_stored()
    await office.send()
    after = await office.everything_stored()

    for stored in (before, after):
        assert TYPED.removeprefix("+") not in stored
        assert TYPED.encode().hex() not in stored


async def test_a_typed_address_opens_only_with_its_own_key(office: Office) -> None:
    first, second = await office.send_typed(TYPED), await office.send_typed(TYPED, instant="press-2")
    rows = {row.message_id: row for row in await kept(office)}
    purpose = f"typed:{first.id}"

    key = base64.b64decode(office.sealer.open(rows[first.id].key_sealed, purpose=purpose))
    opened = Sealer(key).open(rows[first.id].sealed, purpose=purpose)

    assert opened == TYPED
    assert rows[first.id].sealed != rows[second.id].sealed
    with pytest.raises(SealBroken):
        office.sealer.open(rows[first.id].sealed, purpose=purpose)
    with pytest.raises(SealBroken):
        Sealer(key).open(rows[second.id].sealed, purpose=f"typed:{second.id}")


@pytest.mark.parametrize("end", ["accepted", "refused", "held back"])
async def test_a_typed_address_and_its_key_are_gone_at_the_answer(office: Office, end: str) -> None:
    if end == "refused":
        office.provider.fails[TYPED] = ProviderRefused(FailReason.landline)
    if end == "held back":
        async with office.database.work() as work:
            connection = await work.session.merge(office.connection)
            connection.consent_send_at = None
    await office.send_typed(TYPED)

    await office.send()

    assert await kept(office) == []


async def test_a_typed_address_stays_while_the_provider_is_away_and_ten_minutes_at_most(
    office: Office,
) -> None:
    office.provider.fails[TYPED] = ProviderUnavailable(is_fate_unknown=False)
    message = await office.send_typed(TYPED)
    await office.send()
    while_waiting = await kept(office)

    office.clock.advance(timedelta(minutes=10))
    await office.send()

    assert len(while_waiting) == 1
    assert await kept(office) == []
    expired = await office.fresh(message)
    assert (expired.state, expired.reason) == ("suppressed", "address_expired")


async def test_after_ten_minutes_the_text_goes_to_nobody_else_instead(office: Office) -> None:
    """The chart's number was not what the nurse typed: it may be another person's."""
    office.provider.fails[TYPED] = ProviderUnavailable(is_fate_unknown=False)
    await office.send_typed(TYPED)
    await office.send()
    office.provider.fails.clear()

    office.clock.advance(timedelta(minutes=10))
    await office.send()

    assert office.provider.sent == []


async def test_a_typed_address_is_gone_after_ten_minutes_though_nothing_was_due(office: Office) -> None:
    await office.send_typed(TYPED)
    await office.cancel()

    office.clock.advance(timedelta(minutes=10))
    await office.send()

    assert await kept(office) == []


@pytest.mark.parametrize("when", ["before the claim", "after the claim"])
async def test_a_typed_address_can_be_sent_after_a_restart(
    office: Office, empty_database: tuple[str, str], when: str
) -> None:
    message = await office.send_typed(TYPED)
    if when == "after the claim":
        now = office.clock.now()
        async with office.database.work() as work:
            await claims.claim_due(work, now=now, lease_until=now + LEASE, limit=1)
        office.clock.advance(LEASE)
    restarted = Database({"americas": empty_database[0]}, office.database.queue)
    office.database, office.sealer = restarted, Sealer(hashlib.sha256(b"a key for tests").digest())
    office.resolver = TwinResolver(restarted, office.sealer)

    await office.send()

    assert [text.to for text in office.provider.sent] == [TYPED]
    assert (await office.fresh(message)).state == "accepted"
    assert await kept(office) == []
    await restarted.close()


async def test_an_answer_that_was_lost_ends_the_address_once_it_is_known(office: Office) -> None:
    office.provider.fails_after_taking[TYPED] = ProviderUnavailable(is_fate_unknown=True)
    await office.send_typed(TYPED)
    await office.send()
    while_unknown = await kept(office)

    office.clock.advance(timedelta(minutes=1))
    await office.send()

    assert len(while_unknown) == 1
    assert len(office.provider.sent) == 1
    assert await kept(office) == []


async def test_asked_for_again_before_it_left_the_last_address_counts(office: Office) -> None:
    """A second press used to end in an error from the database."""
    first = await office.send_typed("+13125550199")
    again = await office.send_typed(TYPED)

    await office.send()

    assert again.id == first.id
    assert [text.to for text in office.provider.sent] == [TYPED]


async def test_a_called_off_message_that_is_wanted_again_goes_to_what_was_typed_now(office: Office) -> None:
    async with office.database.work() as work:
        await service.plan(
            work,
            office.org_id,
            connection_id=office.connection.id,
            subject_ref="visit-1",
            kind=MessageKind.link,
            instant="press-1",
            channel=Channel.sms,
            due_at=office.clock.now(),
            now=office.clock.now(),
        )
    await office.cancel()

    await office.send_typed(TYPED, instant="press-1")
    await office.send()

    assert [text.to for text in office.provider.sent] == [TYPED]


async def test_an_address_is_not_kept_for_a_message_that_goes_to_the_chart(office: Office) -> None:
    await office.plan(kind=MessageKind.link, instant="press-1")

    await office.send_typed(TYPED, instant="press-1")

    assert await kept(office) == []
    await office.send()
    assert [text.to for text in office.provider.sent] == [number_of("visit-1")]


async def test_a_typed_address_without_a_sealer_is_a_mistake_of_the_caller(office: Office) -> None:
    with pytest.raises(ValueError, match="sealer"):
        async with office.database.work() as work:
            await service.send_now(
                work,
                office.org_id,
                connection_id=office.connection.id,
                subject_ref="visit-1",
                kind=MessageKind.link,
                now=office.clock.now(),
                requested_by=NURSE,
                typed_address=TYPED,
            )

    async with office.database.work() as work:
        assert (await work.session.scalars(select(Message))).all() == []


async def test_a_typed_address_on_a_test_connection_must_be_listed(office: Office) -> None:
    listed = await open_office(
        office.database, office.clock, office.sealer, "listed", texts_to=("+1 (312) 555-0142",)
    )
    await listed.send_typed(TYPED)
    other = await listed.send_typed("+13125550143", instant="press-2")

    await listed.send()

    assert [one.to for one in listed.provider.sent] == [TYPED]
    assert (await listed.fresh(other)).reason == "not_listed"


async def test_an_expired_address_is_not_opened_though_its_row_is_still_there(office: Office) -> None:
    message = await office.send_typed(TYPED)

    async def opened() -> list[str]:
        async with office.database.work() as work:
            found = await open_typed_addresses(
                work, [message.id], sealer=office.sealer, now=office.clock.now()
            )
            return list(found.values())

    office.clock.advance(KEPT_FOR - timedelta(seconds=1))
    at_the_end = await opened()
    office.clock.advance(timedelta(seconds=1))

    assert at_the_end == [TYPED]
    assert len(await kept(office)) == 1
    assert await opened() == []
