"""What a department has of its own when messages leave: words, a number, and whether it is live."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from housecall.messaging.editing import Which, list_own, read_stand, reset_template, save_template
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.numbers import release_number
from housecall.messaging.recipients import Recipient
from housecall.messaging.service import send_test
from housecall.messaging.tables import PhoneNumber, Refusal
from housecall.messaging.templates import Wording
from housecall.messaging.words import ReplyWord
from housecall.tenancy.departments import DepartmentSettings, add_department, set_pilot, switch_department
from housecall.tenancy.store_departments import get_department
from housecall.tenancy.tables import Department
from tests.messaging.office import NURSE, OURS, VALUES, Office, number_of
from tests.messaging.test_replies import SOMEBODY, ask_for_help, say
from tests.messaging.test_ways import Ways

HEARTS = "+15550100200"
REMINDER = Which(MessageKind.reminder, Channel.sms, "en")


async def hearts(office: Office, **said: Any) -> Department:
    """A department with a number of its own."""
    wanted = DepartmentSettings("Heart", locations=("location-heart",), texts_from=HEARTS)
    async with office.database.work() as work:
        return await add_department(
            work,
            office.org_id,
            office.connection.id,
            replace(wanted, **said),
            now=office.clock.now(),
            by=NURSE,
        )


def belongs(office: Office, subject: str, one: Department) -> None:
    """Messages about the subject are the department's."""
    office.resolver.says[subject] = Recipient(
        number=number_of(subject), language="en", values=VALUES, texts_from=one.texts_from or OURS,
        department=one.id,
    )  # fmt: skip


async def write(office: Office, which: Which, body: str) -> None:
    async with office.database.work() as work:
        version = (await read_stand(work, office.org_id, which)).version
        await save_template(
            work, office.org_id, which, Wording(body), version=version, by=NURSE, now=office.clock.now()
        )


async def test_a_department_says_it_in_its_own_words_and_the_others_as_their_organisation(
    office: Office,
) -> None:
    heart = await hearts(office)
    belongs(office, "visit-heart", heart)
    await write(office, REMINDER, "All of us: {time}. {link}")
    await write(office, replace(REMINDER, department=heart.id), "Heart clinic: {time}. {link}")

    await office.plan("visit-heart")
    await office.plan("visit-other")
    await office.send()

    assert office.texts_to(number_of("visit-heart"))[0].startswith("Heart clinic:")
    assert office.texts_to(number_of("visit-other"))[0].startswith("All of us:")


async def test_without_own_words_a_department_shows_the_organisations(office: Office) -> None:
    which = replace(REMINDER, department=(await hearts(office)).id)
    await write(office, REMINDER, "All of us: {time}. {link}")
    await write(office, which, "Heart clinic: {time}. {link}")

    async with office.database.work() as work:
        assert await list_own(work, office.org_id, which.department) == {"reminder.sms.en"}
        await reset_template(work, office.org_id, which, version=1, by=NURSE, now=office.clock.now())
        stand = await read_stand(work, office.org_id, which)

    assert (stand.is_own, stand.wording.body) == (False, "All of us: {time}. {link}")


async def test_a_test_is_sent_in_the_departments_words_from_its_number(office: Office) -> None:
    which = replace(REMINDER, department=(await hearts(office)).id)
    await write(office, which, "Heart clinic: {time}. {link}")

    async with office.database.work() as work:
        await send_test(
            work, office.org_id, connection_id=office.connection.id, which=which, to="+15550140009", by=NURSE,
            sealer=office.sealer, now=office.clock.now(),
        )  # fmt: skip
    await office.send()

    (sent,) = office.provider.sent
    assert (sent.sent_from, sent.body[:13]) == (HEARTS, "Heart clinic:")


async def test_help_and_stop_to_a_departments_number_are_heard(office: Office) -> None:
    await hearts(office)

    assert await ask_for_help(office, to=HEARTS)
    await office.send()
    await say(office, ReplyWord.stop, to=HEARTS)

    assert [one.sent_from for one in office.provider.sent] == [HEARTS]
    async with office.database.work() as work:
        (refusal,) = await work.session.scalars(select(Refusal))
    assert refusal.org_id == office.org_id


async def test_in_a_pilot_help_is_answered_and_a_department_that_is_not_live_texts_nobody(
    office: Office,
) -> None:
    heart, now = await hearts(office), office.clock.now()
    belongs(office, "visit-heart", heart)
    async with office.database.work() as work:
        await set_pilot(work, office.org_id, office.connection.id, is_pilot=True, now=now, by=NURSE)
    # Resolved a moment before the department was switched off: the last look before it leaves sees that.
    held = await office.plan("visit-heart")

    await ask_for_help(office, to=HEARTS)
    await office.send()

    assert len(office.texts_to(SOMEBODY)) == 1
    assert office.texts_to(number_of("visit-heart")) == []
    assert (await office.fresh(held)).reason == "department_not_live"

    async with office.database.work() as work:
        await switch_department(work, office.org_id, heart.id, live=True, now=now, by=NURSE)
    await office.plan("visit-heart", instant="m5")
    # Another worker: what the first one saw is a quarter of a second old at most.
    await office.outbox().send_due()
    assert len(office.texts_to(number_of("visit-heart"))) == 1


async def test_a_number_that_is_given_back_leaves_its_departments(office: Office) -> None:
    heart = await hearts(office, texts_backup="+15550100201")
    await Ways(office).number(HEARTS, "gateway")

    async with office.database.work() as work:
        (number,) = await work.session.scalars(select(PhoneNumber))
        await release_number(work, office.org_id, number.id, by=NURSE, now=office.clock.now())

    async with office.database.work() as work:
        left = await get_department(work, office.org_id, heart.id)
    assert (left.texts_from, left.texts_backup, left.version) == ("+15550100201", None, 2)
