"""Planning, moving and calling off, in the transaction of whoever asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from housecall.db.work import Work
from housecall.messaging import service
from housecall.messaging.model import Channel, MessageKind
from tests.messaging.office import NURSE, Office, number_of, open_office


class Undone(Exception):
    """The transaction goes wrong after everything was asked for."""


@asynccontextmanager
async def undone(office: Office) -> AsyncIterator[Work]:
    """A transaction of the visit's that is rolled back at its end."""
    with suppress(Undone):
        async with office.database.work() as work:
            yield work
            raise Undone


async def test_planning_twice_is_once(office: Office) -> None:
    first = await office.plan()
    again = await office.plan(in_minutes=30)

    sent = await office.send()

    assert again.id == first.id
    assert again.due_at == first.due_at
    assert sent == 1
    assert (await office.acts(first)).count("messaging:message:planned") == 1


async def test_planning_at_the_same_instant_is_once(office: Office) -> None:
    planned = await asyncio.gather(*(office.plan() for _ in range(5)))

    assert len({message.id for message in planned}) == 1


async def test_kind_and_instant_tell_messages_of_one_visit_apart(office: Office) -> None:
    await office.plan(kind=MessageKind.confirmation, instant="")
    await office.plan(instant="m15")
    await office.plan(instant="m1440")

    assert await office.send() == 3


async def test_a_message_is_not_due_before_its_time(office: Office) -> None:
    await office.plan(in_minutes=10)

    too_early = await office.send()
    office.clock.advance(timedelta(minutes=10))
    on_time = await office.send()

    assert (too_early, on_time) == (0, 1)


async def test_what_is_planned_stands_only_if_the_visits_transaction_does(office: Office) -> None:
    async with undone(office) as work:
        await service.plan(
            work,
            office.org_id,
            connection_id=office.connection.id,
            subject_ref="visit-1",
            kind=MessageKind.reminder,
            instant="m15",
            channel=Channel.sms,
            due_at=office.clock.now(),
            now=office.clock.now(),
        )

    assert await office.send() == 0
    assert await office.acts() == []


async def test_a_moved_reminder_leaves_at_its_new_time_only(office: Office) -> None:
    message = await office.plan()
    async with office.database.work() as work:
        moved = await service.replan(
            work,
            office.org_id,
            subject_ref="visit-1",
            kind=MessageKind.reminder,
            instant="m15",
            due_at=office.clock.now() + timedelta(hours=2),
            now=office.clock.now(),
        )

    at_the_old_time = await office.send()
    office.clock.advance(timedelta(hours=2))
    at_the_new_time = await office.send()

    assert moved is not None
    assert moved.id == message.id
    assert (at_the_old_time, at_the_new_time) == (0, 1)


async def test_a_move_that_is_rolled_back_moves_nothing(office: Office) -> None:
    await office.plan()

    async with undone(office) as work:
        await service.replan(
            work,
            office.org_id,
            subject_ref="visit-1",
            kind=MessageKind.reminder,
            instant="m15",
            due_at=office.clock.now() + timedelta(hours=2),
            now=office.clock.now(),
        )

    assert await office.send() == 1


async def test_what_has_left_cannot_be_moved_or_called_off(office: Office) -> None:
    message = await office.plan()
    await office.send()

    async with office.database.work() as work:
        moved = await service.replan(
            work,
            office.org_id,
            subject_ref="visit-1",
            kind=MessageKind.reminder,
            instant="m15",
            due_at=office.clock.now() + timedelta(hours=2),
            now=office.clock.now(),
        )
    called_off = await office.cancel()

    assert moved is None
    assert called_off == 0
    assert (await office.fresh(message)).state == "accepted"


async def test_a_cancelled_visits_messages_do_not_leave_and_say_why(office: Office) -> None:
    message = await office.plan()
    await office.plan("visit-2")

    called_off = await office.cancel()
    await office.send()

    assert called_off == 1
    held_back = await office.fresh(message)
    assert (held_back.state, held_back.reason) == ("suppressed", "visit_cancelled")
    assert office.texts_to(number_of("visit-1")) == []
    assert len(office.texts_to(number_of("visit-2"))) == 1
    assert (await office.acts(message))[-1] == "messaging:message:suppressed"


async def test_a_cancellation_that_is_rolled_back_calls_nothing_off(office: Office) -> None:
    await office.plan()

    async with undone(office) as work:
        await service.cancel_planned(
            work,
            office.org_id,
            subject_ref="visit-1",
            reason="visit_cancelled",
            now=office.clock.now(),
        )

    assert await office.send() == 1


async def test_only_the_named_kinds_are_called_off(office: Office) -> None:
    reminder = await office.plan()
    note = await office.plan(kind=MessageKind.cancelled, instant="")

    async with office.database.work() as work:
        await service.cancel_planned(
            work,
            office.org_id,
            subject_ref="visit-1",
            kinds=[MessageKind.reminder],
            reason="visit_cancelled",
            now=office.clock.now(),
        )

    assert (await office.fresh(reminder)).state == "suppressed"
    assert (await office.fresh(note)).state == "planned"


async def test_what_was_called_off_before_it_left_can_be_planned_again(office: Office) -> None:
    message = await office.plan()
    await office.cancel()

    again = await office.plan()
    await office.send()

    assert again.id == message.id
    assert (again.state, again.reason) == ("planned", None)
    assert len(office.provider.sent) == 1


async def test_what_was_held_back_when_due_stays_held_back(office: Office) -> None:
    """Consent given later must not bring back a reminder that was refused: say it again with a new instant."""
    silent = await open_office(office.database, office.clock, office.sealer, "silent", texts_from=None)
    message = await silent.plan()
    await silent.send()

    again = await silent.plan()

    assert again.id == message.id
    assert again.state == "suppressed"


async def test_another_organisation_can_neither_move_nor_call_off(office: Office) -> None:
    await office.plan()
    other = await open_office(office.database, office.clock, office.sealer, "hillside")

    called_off = await other.cancel()
    async with office.database.work() as work:
        moved = await service.replan(
            work,
            other.org_id,
            subject_ref="visit-1",
            kind=MessageKind.reminder,
            instant="m15",
            due_at=office.clock.now() + timedelta(hours=2),
            now=office.clock.now(),
        )
        newest = await service.newest_message(work, other.org_id, "visit-1")
        listed = await service.list_messages(work, other.org_id, "visit-1")

    assert (called_off, moved, newest, list(listed)) == (0, None, None, [])


async def test_each_press_on_send_is_a_message_of_its_own_and_names_who_pressed(office: Office) -> None:
    async def press() -> str:
        async with office.database.work() as work:
            message = await service.send_now(
                work,
                office.org_id,
                connection_id=office.connection.id,
                subject_ref="visit-1",
                kind=MessageKind.link,
                now=office.clock.now(),
                requested_by=NURSE,
            )
        assert await office.acts(message) == ["messaging:message:requested"]
        return str(message.id)

    first, second = await press(), await press()
    await office.send()

    assert first != second
    assert len(office.texts_to(number_of("visit-1"))) == 2


async def test_the_newest_message_is_the_one_something_happened_to_last(office: Office) -> None:
    """The panel shows one state: that of the message sent last, or of the press a moment ago."""
    confirmation = await office.plan(kind=MessageKind.confirmation, instant="")
    far_off = await office.plan(instant="m15", in_minutes=600)
    async with office.database.work() as work:
        before = await service.newest_message(work, office.org_id, "visit-1")
    await office.send()
    office.clock.advance(timedelta(minutes=1))
    pressed = await office.send_typed("+13125559999")

    async with office.database.work() as work:
        after = await service.newest_messages(work, office.org_id, ["visit-1", "visit-2"])
        listed = await service.list_messages(work, office.org_id, "visit-1")

    assert before is not None
    assert before.id == confirmation.id
    assert {subject: message.id for subject, message in after.items()} == {"visit-1": pressed.id}
    assert [message.id for message in listed] == [confirmation.id, pressed.id, far_off.id]
