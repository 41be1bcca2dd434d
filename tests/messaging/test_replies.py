"""STOP, START and HELP: a STOP is remembered as a hash, HELP is answered once an hour."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from housecall.kit.sealing import Sealer
from housecall.messaging import store
from housecall.messaging.replies import answer_help, apply_reply, refusal_hash
from housecall.messaging.tables import Refusal
from housecall.messaging.words import ReplyWord
from housecall.tenancy.store import get_organisation
from tests.messaging.office import OURS, Office, number_of, open_office

SOMEBODY = number_of("visit-1")


async def say(
    office: Office, word: ReplyWord, *, number: str = SOMEBODY, to: str = OURS, ago: timedelta = timedelta()
) -> int:
    """Somebody answers a text with a word, ``ago`` before it comes to us."""
    now = office.clock.now()
    async with office.database.work() as work:
        return await apply_reply(
            work,
            word=word,
            number_hash=refusal_hash(office.sealer, number=number, sent_from=to),
            sent_to=to,
            at=now - ago,
            now=now,
        )


async def ask_for_help(
    office: Office, *, number: str = SOMEBODY, to: str = OURS, language: str = "en"
) -> bool:
    async with office.database.work() as work:
        return await answer_help(
            work,
            number=number,
            sent_to=to,
            language=language,
            sealer=office.sealer,
            now=office.clock.now(),
        )


async def test_after_stop_nothing_leaves_and_after_start_it_does(office: Office) -> None:
    await say(office, ReplyWord.stop)
    held_back = await office.plan(instant="m1440")
    await office.send()
    await say(office, ReplyWord.start)
    await office.plan(instant="m15")
    await office.send()

    stopped = await office.fresh(held_back)
    assert (stopped.state, stopped.reason) == ("suppressed", "stopped")
    assert len(office.texts_to(SOMEBODY)) == 1
    acts = await office.acts()
    assert [act for act in acts if "reply" in act] == ["messaging:reply:stop", "messaging:reply:start"]


async def test_a_stop_holds_back_what_was_planned_before_it(office: Office) -> None:
    message = await office.plan()

    await say(office, ReplyWord.stop)
    await office.send()

    assert (await office.fresh(message)).reason == "stopped"


async def test_a_stop_holds_back_a_text_to_a_typed_address_too(office: Office) -> None:
    await say(office, ReplyWord.stop, number="+13125550142")
    message = await office.send_typed("+13125550142")

    await office.send()

    assert office.provider.sent == []
    assert (await office.fresh(message)).reason == "stopped"


async def test_one_persons_stop_is_not_another_persons(office: Office) -> None:
    await say(office, ReplyWord.stop)
    await office.plan("visit-1")
    await office.plan("visit-2")

    await office.send()

    assert await office.states() == {"visit-1": "suppressed", "visit-2": "accepted"}


async def test_a_stop_is_kept_as_a_keyed_hash_of_both_numbers(office: Office) -> None:
    await say(office, ReplyWord.stop)

    async with office.database.work() as work:
        [refusal] = await work.session.scalars(select(Refusal))
    stored = await office.everything_stored()
    plain = [hashlib.sha256(text.encode()).hexdigest() for text in (SOMEBODY, SOMEBODY.removeprefix("+"))]
    assert refusal.number_hash == refusal_hash(office.sealer, number=SOMEBODY, sent_from=OURS)
    assert refusal.number_hash not in plain
    assert SOMEBODY.removeprefix("+") not in stored


def test_a_refusal_hash_needs_the_key_and_both_numbers(sealer: Sealer) -> None:
    usual = refusal_hash(sealer, number="+13125550110", sent_from="+18335550100")

    assert refusal_hash(sealer, number="1 (312) 555-0110", sent_from="+1 833 555 0100") == usual
    assert refusal_hash(sealer, number="+13125550111", sent_from="+18335550100") != usual
    assert refusal_hash(sealer, number="+13125550110", sent_from="+18335550101") != usual
    assert refusal_hash(Sealer(bytes(32)), number="+13125550110", sent_from="+18335550100") != usual


async def test_a_stop_outlives_a_rotation_of_the_master_key(office: Office) -> None:
    """Hashed under the newest key only, every STOP was forgotten with the next rotation."""
    await say(office, ReplyWord.stop)
    office.sealer = Sealer(bytes(range(32)), hashlib.sha256(b"a key for tests").digest())
    message = await office.plan()

    await office.send()

    assert (await office.fresh(message)).reason == "stopped"


async def test_a_start_older_than_the_stop_it_meets_changes_nothing(office: Office) -> None:
    await say(office, ReplyWord.stop)

    await say(office, ReplyWord.start, ago=timedelta(minutes=5))

    await office.plan()
    await office.send()
    assert office.provider.sent == []


async def test_a_second_stop_is_not_undone_by_a_start_it_overtook(office: Office) -> None:
    """STOP, START, STOP, worked off in the order STOP, STOP, START: the person's last word is STOP."""
    await say(office, ReplyWord.stop, ago=timedelta(minutes=9))
    await say(office, ReplyWord.stop, ago=timedelta(minutes=1))

    await say(office, ReplyWord.start, ago=timedelta(minutes=5))

    await office.plan()
    await office.send()
    assert office.provider.sent == []
    assert (await office.acts()).count("messaging:reply:stop") == 1


async def test_a_stop_counts_in_every_organisation_that_texts_from_that_number(office: Office) -> None:
    same = await open_office(office.database, office.clock, office.sealer, "same number")
    other = await open_office(
        office.database, office.clock, office.sealer, "own number", texts_from="+18335550177"
    )

    organisations = await say(office, ReplyWord.stop)

    one_hash = [refusal_hash(office.sealer, number=SOMEBODY, sent_from=OURS)]
    async with office.database.work() as work:
        refused = [
            bool(await store.list_refused(work, one.org_id, one_hash)) for one in (office, same, other)
        ]
    assert organisations == 2
    assert refused == [True, True, False]


async def test_a_stop_to_a_number_that_is_nobodys_changes_nothing(office: Office) -> None:
    assert await say(office, ReplyWord.stop, to="+18005550000") == 0


async def test_help_is_answered_with_the_clinics_name_and_number(office: Office) -> None:
    async with office.database.work() as work:
        organisation = await get_organisation(work, office.org_id)
        organisation.display_name, organisation.clinic_phone = "Lakeside Clinic", "+1 312 555 0100"

    answered = await ask_for_help(office)
    await office.send()

    assert answered
    [body] = office.texts_to(SOMEBODY)
    assert "Lakeside Clinic" in body
    assert "+1 312 555 0100" in body
    assert SOMEBODY.removeprefix("+") not in await office.everything_stored()


async def test_help_is_answered_in_the_language_it_was_asked_in(office: Office) -> None:
    await ask_for_help(office, language="es")

    await office.send()

    assert "Responda STOP" in office.texts_to(SOMEBODY)[0]


async def test_help_is_answered_once_an_hour_to_the_same_person(office: Office) -> None:
    """Asked twice before the first answer left, the second used to end in an error from the database."""
    await ask_for_help(office)
    await ask_for_help(office)
    await office.send()
    await ask_for_help(office)
    await ask_for_help(office, number="+13125559876")
    await office.send()
    within_the_hour = len(office.texts_to(SOMEBODY))
    office.clock.advance(timedelta(hours=1))
    await ask_for_help(office)
    await office.send()

    assert within_the_hour == 1
    assert len(office.texts_to(SOMEBODY)) == 2
    assert len(office.texts_to("+13125559876")) == 1


async def test_help_is_answered_to_somebody_who_said_stop(office: Office) -> None:
    await say(office, ReplyWord.stop)

    await ask_for_help(office)
    await office.send()

    assert len(office.texts_to(SOMEBODY)) == 1


@pytest.mark.parametrize(
    ("declared", "reason"),
    [({"consent_send": False}, "no_consent"), ({"texts_to": ("+13125550000",)}, "not_listed")],
)
async def test_help_keeps_the_rules_of_any_other_text(
    office: Office, declared: dict[str, object], reason: str
) -> None:
    closed = await open_office(
        office.database, office.clock, office.sealer, "closed", texts_from="+18335550177", **declared
    )

    await ask_for_help(closed, to="+18335550177")
    await closed.send()

    async with office.database.work() as work:
        [message] = await store.list_messages(work, closed.org_id, "help")
    assert closed.provider.sent == []
    assert (message.state, message.reason) == ("suppressed", reason)


async def test_help_sent_to_a_number_that_is_nobodys_is_not_answered(office: Office) -> None:
    assert not await ask_for_help(office, to="+18005550000")
