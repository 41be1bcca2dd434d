"""A reply of C: which visit it confirms, who sees it, and when it counts no more."""

from datetime import timedelta
from typing import Any

import pytest

from housecall.audit.model import Act
from housecall.messaging.model import Channel
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.memory import MemoryProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.replies import find_answered, reply_hashes
from housecall.messaging.words import ReplyWord, understand
from housecall.visits import service
from housecall.visits.confirming import confirm_by_reply
from housecall.visits.recipients import VisitRecipients
from housecall.visits.tables import Visit
from tests.visits.hospital import BORIS, Hospital

ANNAS, OURS = "+15550140001", "+15550100100"


async def send_due(hospital: Hospital) -> None:
    clinic = hospital.clinic

    async def nobody(*_: Any) -> None:
        return None

    resolver = VisitRecipients(clinic.desk, clinic.database)
    providers = Providers({Channel.sms: MemoryProvider()})
    await Outbox(clinic.database, providers, resolver, clinic.clock, clinic.desk.sealer, nobody).send_due()


async def reply(hospital: Hospital, number: str = ANNAS, sent_to: str = OURS) -> list[str]:
    """Somebody answers C; the visits that this confirmed."""
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        found = await find_answered(
            work, hashes=reply_hashes(clinic.desk.sealer, number), sent_to=sent_to, at=clinic.now
        )
    for org_id, visit_id in found:
        async with clinic.database.work() as work:
            await confirm_by_reply(clinic.desk, work, org_id, visit_id, at=clinic.now)
    return [visit.id for visit in await hospital.visits() if visit.confirmed_at is not None]


async def told(hospital: Hospital, *refs: str, **booked: Any) -> list[Visit]:
    """Visits whose confirmation has left, one after the other."""
    await hospital.poll()
    for ref in refs or ("a-1",):
        hospital.book(ref, **{"in_minutes": 3 * 24 * 60, **booked})
        await hospital.poll()
        await send_due(hospital)
    return await hospital.visits()


@pytest.mark.parametrize("body", ["C", "c", " c. ", "Confirm", "Bekræft", "confirmar", "تأكيد", "أؤكد"])
def test_c_is_understood_in_every_language(body: str) -> None:
    wish = understand(body)

    assert wish is not None
    assert wish.word is ReplyWord.confirm


@pytest.mark.parametrize("body", ["see you", "can we move it?", "cc", "C me at noon", "yes but"])
def test_anything_longer_is_no_confirmation(body: str) -> None:
    assert understand(body) is None


@pytest.mark.parametrize("body", ["stop", "cancel", "cancelar", "STOP", "start", "help"])
def test_the_other_words_are_what_they_were(body: str) -> None:
    wish = understand(body)

    assert wish is not None
    assert wish.word is not ReplyWord.confirm


async def test_a_reply_confirms_the_visit_and_the_panel_sees_it(hospital: Hospital) -> None:
    (visit,) = await told(hospital)
    ear = hospital.clinic.panel(visit)

    assert await reply(hospital) == [visit.id]

    assert ear.last("visit")["visit"]["confirmed_at"] is not None
    assert Act.visit_confirmed.value in await hospital.clinic.acts()


async def test_a_reply_to_two_texts_confirms_the_newest_ones_visit(hospital: Hospital) -> None:
    await told(hospital, "a-1", "a-2")

    assert await reply(hospital) == [(await hospital.visits())[1].id]


@pytest.mark.parametrize(("number", "sent_to"), [("+15550149999", OURS), (ANNAS, "+15550109999")])
async def test_a_strangers_reply_or_one_to_another_number_confirms_nothing(
    hospital: Hospital, number: str, sent_to: str
) -> None:
    await told(hospital)

    assert await reply(hospital, number, sent_to) == []


async def test_another_patients_visit_is_not_confirmed(hospital: Hospital) -> None:
    await told(hospital, patient=BORIS)

    assert await reply(hospital) == []


async def test_a_move_takes_the_confirmation_back_and_the_new_text_can_be_answered(
    hospital: Hospital,
) -> None:
    await hospital.poll()
    booked = hospital.book(in_minutes=3 * 24 * 60)
    await hospital.poll()
    await send_due(hospital)
    (confirmed,) = await reply(hospital)

    hospital.move(booked, by=timedelta(hours=2), version="2")
    await hospital.poll()
    assert (await hospital.visits())[0].confirmed_at is None
    await send_due(hospital)

    assert await reply(hospital) == [confirmed]


async def test_once_the_visit_is_over_nothing_tells_whose_text_it_was(hospital: Hospital) -> None:
    (visit,) = await told(hospital, in_minutes=5)
    await hospital.clinic.waiting(visit)
    await hospital.clinic.staff(service.end_visit, visit)

    assert [one.reply_hash for one in await hospital.messages()] == [None] * len(await hospital.messages())
    assert await reply(hospital) == []
