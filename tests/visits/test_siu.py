"""The feed by HL7 messages: repeated, late and partial ones, alone and confirmed by reading the EHR."""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from procrastinate.jobs import Job
from sqlalchemy import select, text

from housecall.ehr.base import AppointmentRef, AppointmentStatus
from housecall.ehr.errors import EhrRefused, EhrThrottled, EhrUnavailable
from housecall.ehr.hl7.message import parse
from housecall.ehr.hl7.reply import Ack, Answer
from housecall.ehr.hl7.siu import EVENTS, Reading, ScheduleMessage, read_siu
from housecall.tenancy.tables import Connection
from housecall.visits.errors import AppointmentBehind
from housecall.visits.jobs import register
from housecall.visits.siu import SiuFeed, forget_old
from housecall.visits.siu_reading import Patience, read_told_appointment
from housecall.visits.tables import SiuMessage, Visit
from tests.ehr.hl7_messages import siu
from tests.visits.hospital import Hospital

UTC = ZoneInfo("UTC")
ACCEPTED = Answer(Ack.accepted)


@dataclass
class Feed:
    """A hospital whose interface engine sends to us; times are minutes from now."""

    hospital: Hospital
    sent: int = 0

    @property
    def now(self) -> datetime:
        return self.hospital.clinic.now

    def message(
        self,
        event: str,
        *,
        at: float = 0,
        control: str | None = None,
        starts: float | None = 60,
        **other: Any,
    ) -> ScheduleMessage:
        self.sent += 1
        when = {"start": "", "end": ""}
        if starts is not None:
            when = {"start": self._hl7(starts), "end": self._hl7(starts + 30)}
        raw = siu(event, control=control or f"c{self.sent}", at=self._hl7(at), **{**when, **other})
        return read_siu(parse(raw), Reading(zone=UTC), now=self.now)

    def _hl7(self, minutes: float) -> str:
        return f"{self.now + timedelta(minutes=minutes):%Y%m%d%H%M%S}"

    async def take(self, message: ScheduleMessage, **other: Any) -> Answer:
        clinic = self.hospital.clinic
        return await SiuFeed(clinic.desk, clinic.database, clinic.connection.id, **other)(message)

    async def say(self, event: str, **said: Any) -> Answer:
        return await self.take(self.message(event, **said))

    async def change(self, **columns: Any) -> None:
        async with self.hospital.clinic.database.work() as work:
            connection = await work.session.get_one(Connection, self.hospital.clinic.connection.id)
            for name, value in columns.items():
                setattr(connection, name, value)

    async def states(self) -> list[tuple[str, int]]:
        """State and start of each visit."""
        return [
            (one.state, round((one.starts_at - self.now).total_seconds() / 60))
            for one in await self.hospital.visits()
        ]

    async def kept(self) -> list[SiuMessage]:
        async with self.hospital.clinic.database.work() as work:
            return list(await work.session.scalars(select(SiuMessage).order_by(SiuMessage.id)))

    async def jobs(self) -> list[dict[str, Any]]:
        async with self.hospital.clinic.database.work() as work:
            found = await work.session.execute(
                text(
                    "SELECT args FROM procrastinate_jobs WHERE task_name = 'visits.read_appointment' ORDER BY id"
                )
            )
            return [row.args for row in found]

    async def read(self, ref: str = "app-1", *, is_last_look: bool = False) -> None:
        """What the queue does with a job of the feed."""
        clinic = self.hospital.clinic
        await read_told_appointment(
            clinic.desk,
            clinic.database,
            clinic.connection.id,
            AppointmentRef(ref),
            confirm=True,
            is_last_look=is_last_look,
        )


@pytest_asyncio.fixture(loop_scope="session")
async def feed(hospital: Hospital) -> Feed:
    """A feed without a system account: the messages are all there is."""
    return Feed(hospital)


@pytest_asyncio.fixture(loop_scope="session")
async def told(feed: Feed) -> Feed:
    """A feed beside a system account: a message says that there is something to read."""
    await feed.change(system_client_id="system")
    return feed


async def test_a_booking_becomes_a_visit_with_its_messages(feed: Feed) -> None:
    assert await feed.say("S12", starts=3 * 24 * 60) == ACCEPTED

    (visit,) = await feed.hospital.visits()
    assert (visit.appointment_ref, visit.state) == ("app-1", "scheduled")
    assert (visit.clinician_ref, visit.location_ref) == ("prac-3", "loc-7")
    assert visit.ends_at - visit.starts_at == timedelta(minutes=30)
    assert sorted(await feed.hospital.kinds()) == ["confirmation", "reminder", "reminder"]


async def test_while_a_feed_is_loaded_nobody_is_confirmed(feed: Feed) -> None:
    await feed.take(feed.message("S12", starts=3 * 24 * 60), confirm=False)

    assert await feed.hospital.kinds() == ["reminder", "reminder"]


async def test_a_message_repeated_changes_nothing_and_is_accepted_again(feed: Feed) -> None:
    message = feed.message("S12")
    await feed.take(message)
    (before,) = await feed.hospital.visits()

    assert await feed.take(message) == ACCEPTED

    (after,) = await feed.hospital.visits()
    assert after.revision == before.revision
    assert len(await feed.kept()) == 1
    assert (await feed.hospital.clinic.acts()).count("visits:siu:taken") == 1


async def test_the_same_message_over_many_lines_at_once_is_one_visit(feed: Feed) -> None:
    message = feed.message("S12")

    answers = await asyncio.gather(*(feed.take(message) for _ in range(6)))

    assert answers == [ACCEPTED] * 6
    assert await feed.states() == [("scheduled", 60)]
    assert len(await feed.kept()) == 1


@pytest.mark.parametrize(
    ("history", "states"),
    [
        (["S12 60", "S13 120"], [("scheduled", 120)]),
        (["S12 60", "S14 90"], [("scheduled", 90)]),
        (["S12 60", "S15 60"], [("cancelled", 60)]),
        (["S12 60", "S16 60"], [("cancelled", 60)]),
        (["S12 60", "S17 60"], [("cancelled", 60)]),
        (["S12 60", "S26 60"], [("no_show", 60)]),
        (["S12 60", "S15 60", "S14 60"], [("cancelled", 60)]),
        (["S12 60", "S15 60", "S18 60"], [("cancelled", 60)]),
        (["S12 60", "S15 60", "S12 90"], [("cancelled", 60), ("scheduled", 90)]),
        (["S12 60", "S15 60", "S13 90"], [("cancelled", 60), ("scheduled", 90)]),
        (["S14 60"], [("scheduled", 60)]),
        (["S19 60"], [("scheduled", 60)]),
        (["S15 60"], []),
        (["S23 60", "S24 60"], []),
    ],
)
async def test_each_event_does_what_the_table_says(
    feed: Feed, history: list[str], states: list[tuple[str, int]]
) -> None:
    for minute, step in enumerate(history):
        event, starts = step.split()
        assert await feed.say(event, at=minute, starts=float(starts)) == ACCEPTED

    assert await feed.states() == states
    assert len(await feed.kept()) == len(history)


async def test_an_old_change_never_revives_a_cancelled_visit(feed: Feed) -> None:
    await feed.say("S12", at=0)
    await feed.say("S15", at=5)

    assert await feed.say("S14", at=3, starts=90, status="Booked") == ACCEPTED

    assert await feed.states() == [("cancelled", 60)]


async def test_a_booking_from_before_the_cancellation_is_no_visit(feed: Feed) -> None:
    await feed.say("S15", at=5)

    assert await feed.say("S12", at=1) == ACCEPTED

    assert await feed.states() == []


@pytest.mark.parametrize("event", ["S12", "S13", "S14"])
async def test_of_the_same_second_the_cancellation_counts(feed: Feed, event: str) -> None:
    await feed.say("S12", at=0)
    await feed.say("S15", at=5)

    await feed.say(event, at=5, status="Booked")

    assert await feed.states() == [("cancelled", 60)]


async def test_a_cancellation_that_a_newer_change_overtook_still_counts(feed: Feed) -> None:
    await feed.say("S12", at=0)
    await feed.say("S14", at=6, starts=90)

    await feed.say("S15", at=5)

    assert [state for state, _ in await feed.states()] == ["cancelled"]


async def test_a_booking_that_comes_late_between_cancellation_and_change_is_a_visit(feed: Feed) -> None:
    await feed.say("S15", at=1)
    await feed.say("S14", at=3, starts=90)

    await feed.say("S12", at=2, starts=90)

    assert await feed.states() == [("scheduled", 90)]


async def test_a_late_booking_is_of_the_places_that_it_names(feed: Feed) -> None:
    await feed.change(locations=["loc-7"])
    await feed.say("S15", at=1)
    await feed.say("S14", at=3)

    await feed.say("S12", at=2)

    assert await feed.states() == [("scheduled", 60)]


async def test_a_late_booking_does_not_make_a_video_visit_of_what_no_longer_is_one(feed: Feed) -> None:
    await feed.say("S14", at=3, service="99^Check-up")

    await feed.say("S12", at=2)

    assert await feed.states() == []


@pytest.mark.parametrize("seed", range(25))
async def test_in_any_order_with_repeats_it_ends_the_same(feed: Feed, seed: int) -> None:
    """Each message is a whole picture: a change keeps the time that the last booking or move gave."""
    chance, story, starts = random.Random(seed), [], 60
    for minute in range(chance.randint(2, 7)):
        event = chance.choice(["S12", "S13", "S14", "S14", "S15", "S17", "S19"])
        starts = chance.randint(2, 9) * 60 if event in ("S12", "S13") else starts
        story.append((event, minute, starts))
    disorder = [*story, *chance.sample(story, k=len(story) // 2)]
    chance.shuffle(disorder)

    assert await end_of(feed, "disorder", disorder) == await end_of(feed, "order", story), (story, disorder)


async def end_of(feed: Feed, ref: str, story: list[tuple[str, int, int]]) -> list[datetime]:
    """When the live visit of the story starts, if there is one."""
    for event, minute, starts in story:
        answer = await feed.say(event, at=minute, control=f"m{minute}", ref=ref, starts=starts)
        assert answer == ACCEPTED
    visits = [one for one in await feed.hospital.visits() if one.appointment_ref == ref]
    return [one.starts_at for one in visits if one.state == "scheduled"]


async def test_of_many_changes_the_newest_counts_however_late_the_booking_is(feed: Feed) -> None:
    await feed.say("S15", at=0)
    await feed.say("S14", at=3, starts=120)
    await feed.say("S12", at=1, starts=60)
    await feed.say("S13", at=2, starts=120)

    assert await feed.states() == [("scheduled", 120)]


async def test_a_partial_message_leaves_the_rest_as_it_was(feed: Feed) -> None:
    await feed.say("S12", starts=60)

    await feed.say("S19", at=1, starts=None, service="", more="AIP|2|A|prac-9\r")

    assert await feed.states() == [("scheduled", 60)]


async def test_a_resource_taken_away_leaves_the_visit(feed: Feed) -> None:
    await feed.say("S12")

    await feed.say("S20", at=1, service="99^Check-up")

    assert await feed.states() == [("scheduled", 60)]


async def test_a_visit_that_becomes_one_in_person_is_off(feed: Feed) -> None:
    await feed.say("S12")

    await feed.say("S14", at=1, service="99^Check-up")

    (visit,) = await feed.hospital.visits()
    assert (visit.state, visit.end_reason) == ("cancelled", "not_virtual")


async def test_the_connections_places_and_people_bound_the_feed(feed: Feed) -> None:
    await feed.change(locations=["loc-1"], practitioners=["prac-1"])
    await feed.say("S12")
    assert await feed.states() == []

    await feed.change(practitioners=["prac-3"])
    await feed.say("S12", at=1)

    assert await feed.states() == [("scheduled", 60)]


async def test_a_booking_without_a_start_is_refused_and_not_kept(feed: Feed) -> None:
    assert await feed.say("S12", starts=None) == Answer(Ack.refused, "visits.appointment_without_start")
    assert await feed.kept() == []


async def test_an_unknown_connection_is_refused(feed: Feed) -> None:
    clinic = feed.hospital.clinic

    answer = await SiuFeed(clinic.desk, clinic.database, "c_unknown")(feed.message("S12"))

    assert answer == Answer(Ack.refused, "tenancy.connection_unknown")


async def test_a_connection_that_is_paused_keeps_its_messages_at_the_sender(feed: Feed) -> None:
    await feed.change(state="paused")

    assert await feed.say("S12") == Answer(Ack.fault, "tenancy.connection_not_working")
    assert await feed.kept() == []


async def test_nothing_of_a_person_is_kept(feed: Feed) -> None:
    for event in EVENTS:
        await feed.say(event)

    async with feed.hospital.clinic.database.work() as work:
        rows = [str(vars(one)) for one in await feed.kept()]
        rows += [str(row) for row in await work.session.execute(text("SELECT * FROM audit_entry"))]
        rows += [str(vars(one)) for one in await work.session.scalars(select(Visit))]
    assert "app-1" in "".join(rows)
    for word in ("Quillfeather", "Ottoline", "77001", "19480309", "0140001", "Marsh", "Video"):
        assert word not in "".join(rows)


async def test_messages_are_forgotten_after_ninety_days(feed: Feed) -> None:
    clinic = feed.hospital.clinic
    await feed.say("S12")
    clinic.later(days=89)
    await clinic.act(forget_old, clinic.connection.id)
    assert len(await feed.kept()) == 1

    clinic.later(days=2)
    await clinic.act(forget_old, clinic.connection.id)

    assert await feed.kept() == []


async def test_with_a_system_account_a_message_asks_for_a_reading_in_its_own_transaction(told: Feed) -> None:
    message = told.message("S12")

    assert await told.take(message) == ACCEPTED
    assert await told.take(message) == ACCEPTED

    assert await told.hospital.visits() == []
    assert await told.jobs() == [
        {"connection_id": told.hospital.clinic.connection.id, "appointment_ref": "app-1", "confirm": True}
    ]


async def test_a_message_that_comes_too_late_asks_for_nothing(told: Feed) -> None:
    await told.say("S15", at=5)

    await told.say("S12", at=1)

    assert len(await told.jobs()) == 1


async def test_both_feeds_meet_in_one_visit(told: Feed) -> None:
    hospital = told.hospital
    await hospital.poll()
    appointment = hospital.book("app-1", in_minutes=90)
    await told.say("S12")
    await told.read()
    (before,) = await hospital.visits()
    planned = await hospital.kinds()

    await hospital.poll()

    (after,) = await hospital.visits()
    assert after.starts_at == appointment.start
    assert after.revision == before.revision
    assert await hospital.kinds() == planned
    assert "confirmation" in planned


async def test_the_ehr_is_believed_where_it_says_otherwise_than_the_message(told: Feed) -> None:
    told.hospital.book("app-1", in_minutes=90)
    await told.say("S12", starts=60)

    await told.read()

    assert await told.states() == [("scheduled", 90)]


async def test_an_ehr_that_is_behind_is_read_again(told: Feed) -> None:
    await told.say("S12")
    with pytest.raises(AppointmentBehind):
        await told.read()
    appointment = told.hospital.book("app-1", in_minutes=60)
    await told.read()
    await told.say("S13", at=1, starts=120)
    with pytest.raises(AppointmentBehind):
        await told.read()

    told.hospital.move(appointment, by=timedelta(hours=1), version="2")
    await told.read()

    assert await told.states() == [("scheduled", 120)]


async def test_an_appointment_that_stays_away_takes_its_visit_off_at_the_last_look(told: Feed) -> None:
    appointment = told.hospital.book("app-1")
    await told.read()
    told.hospital.ehr.drop_appointment(appointment.ref)

    await told.read(is_last_look=True)

    assert await told.states() == [("cancelled", 60)]


async def test_an_id_that_fits_nothing_is_loud_at_the_last_look(
    told: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    await told.read(is_last_look=True)

    assert "The EHR has no appointment of the id in an SIU message." in caplog.messages


async def test_a_reading_overtaken_by_a_newer_one_is_not_taken_in(told: Feed) -> None:
    hospital = told.hospital
    first = hospital.book("app-1", in_minutes=60)
    read, readings = hospital.ehr.read_appointment, []

    async def slow_read(ref: AppointmentRef, **other: Any) -> Any:
        found = await read(ref, **other)
        readings.append(found.version)
        if len(readings) == 1:
            # While this answer is on its way, the appointment moves and somebody else reads it.
            hospital.move(first, by=timedelta(hours=1), version="2")
            await told.read()
        return found

    hospital.ehr.read_appointment = slow_read  # type: ignore[method-assign]
    with pytest.raises(AppointmentBehind):
        await told.read()

    assert await told.states() == [("scheduled", 120)]
    assert readings == ["1", "2", "2"]


async def test_what_is_not_the_connections_is_not_taken_in(told: Feed) -> None:
    await told.change(locations=["elsewhere"])
    told.hospital.book("app-1")

    await told.read()

    assert await told.hospital.visits() == []


async def test_a_cancellation_is_confirmed_by_the_ehr(told: Feed) -> None:
    appointment = told.hospital.book("app-1")
    await told.read()
    told.hospital.ehr.put_appointment(replace(appointment, status=AppointmentStatus.cancelled, version="2"))

    await told.say("S15", at=1)
    await told.read()

    assert await told.states() == [("cancelled", 60)]


async def test_the_queue_reads_what_was_told_and_again_where_the_ehr_is_behind(told: Feed) -> None:
    clinic, queue = told.hospital.clinic, told.hospital.clinic.database.queue
    register(queue, clinic.desk, clinic.database, feed_every=timedelta(seconds=30))
    told.hospital.book("app-1")
    await told.say("S12")
    await told.say("S12", ref="app-2")

    async with queue.open_async():
        await queue.run_worker_async(wait=False, install_signal_handlers=False)

    assert await told.states() == [("scheduled", 60)]
    async with clinic.database.work() as work:
        left = text(
            "SELECT args->>'appointment_ref', status::text, attempts, scheduled_at > now()"
            " FROM procrastinate_jobs WHERE status <> 'succeeded'"
        )
        assert [tuple(row) for row in await work.session.execute(left)] == [("app-2", "todo", 1, True)]


def a_job(attempts: int) -> Job:
    return Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts, priority=0)


@pytest.mark.parametrize(
    ("fault", "attempts", "is_tried"),
    [
        (AppointmentBehind(), 0, True),
        (EhrUnavailable(), 200, True),
        (EhrThrottled(timedelta(seconds=5)), 3, True),
        (OSError(), 3, True),
        (EhrRefused(), 0, False),
        (EhrUnavailable(), 300, False),
    ],
)
def test_an_ehr_that_is_away_is_asked_for_a_day(fault: Exception, attempts: int, is_tried: bool) -> None:
    decision = Patience().get_retry_decision(exception=fault, job=a_job(attempts))

    assert (decision is not None) is is_tried
