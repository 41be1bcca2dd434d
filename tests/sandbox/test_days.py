"""What a newcomer finds on the schedule, at any hour and after any pause."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from housecall.kit.clock import FakeClock
from housecall.sandbox import sandbox_app
from housecall.sandbox.booking import OVER, Appointment
from housecall.sandbox.options import CLINIC_ZONE
from housecall.sandbox.seed.days import seed
from housecall.sandbox.world import World, local_day
from tests.sandbox.hospital import NOW, OPTIONS, attribute

MIDNIGHT = datetime(2026, 11, 24, tzinfo=CLINIC_ZONE).astimezone(UTC)
EVERY_HALF_HOUR = [MIDNIGHT + timedelta(minutes=30 * step, seconds=7) for step in range(48)]


def seeded(now: datetime) -> World:
    world = World(FakeClock(now))
    seed(world)
    return world


def coming_videos(world: World, within: timedelta) -> list[Appointment]:
    now = world.clock.now()
    return [
        each
        for each in world.record.appointments.values()
        if each.is_video and each.status == "booked" and now < each.start <= now + within
    ]


def ahead_min(visit: Appointment, now: datetime) -> float:
    return (visit.start - now) / timedelta(minutes=1)


@pytest.mark.parametrize("now", EVERY_HALF_HOUR, ids=str)
def test_at_any_hour_a_video_visit_begins_in_about_ten_minutes(now: datetime) -> None:
    world = seeded(now)

    first = min(coming_videos(world, timedelta(hours=2)), key=lambda each: each.start)

    assert 5 <= ahead_min(first, now) <= 11
    assert world.patient(first.patient).is_plain
    assert len(world.list_of_patient(first.patient)) == 1


@pytest.mark.parametrize("now", EVERY_HALF_HOUR, ids=str)
def test_at_any_hour_there_are_visits_in_five_languages_and_visits_in_person(now: datetime) -> None:
    world = seeded(now)

    videos = coming_videos(world, timedelta(hours=2))
    in_person = [each for each in world.list_of_day(local_day(now)) if not each.is_video]
    assert {world.patient(each.patient).language for each in videos} == {"en", "es", "da", "ar", "so"}
    assert len(in_person) >= 3
    assert all(8 <= each.start.astimezone(CLINIC_ZONE).hour < 18 for each in in_person)
    assert all(each.status in OVER for each in in_person if each.start < now - timedelta(hours=1))


@pytest.mark.parametrize("at", [(0, 5), (9, 0), (23, 30), (23, 55)])
async def test_what_begins_next_is_in_todays_list_also_over_midnight(at: tuple[int, int]) -> None:
    now = MIDNIGHT + timedelta(hours=at[0], minutes=at[1])
    app = sandbox_app(OPTIONS, clock=FakeClock(now))
    world: World = app.state.house.world

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OPTIONS.own_url) as web:
        page = (await web.get("/")).text

    shown = attribute(page, "schedule-row", "data-appointment")
    assert {each.id for each in coming_videos(world, timedelta(hours=2))} <= set(shown)
    assert ("Tomorrow, Wednesday" in page) == (at[0] == 23)
    assert ("Yesterday, Monday" in page) == (at[0] == 0)
    assert (
        f"in {int(ahead_min(min(coming_videos(world, timedelta(hours=2)), key=lambda e: e.start), now))} min"
        in page
    )


@pytest.mark.parametrize("pause_min", [0, 1, 4, 7, 12, 40, 75, 180, 24 * 60, 3 * 24 * 60])
def test_after_any_pause_a_newcomer_finds_as_much_as_at_first(pause_min: int) -> None:
    world = seeded(NOW)
    before = dict(world.record.appointments)
    clock = world.clock
    assert isinstance(clock, FakeClock)

    clock.advance(timedelta(minutes=pause_min))
    seed(world)

    videos = coming_videos(world, timedelta(hours=2))
    plain = [each for each in videos if world.patient(each.patient).is_plain]
    assert any(4 <= ahead_min(each, clock.now()) <= 11 for each in plain)
    assert {world.patient(each.patient).language for each in videos} == {"en", "es", "da", "ar", "so"}
    assert before.items() <= world.record.appointments.items()
    assert (pause_min == 0) == (len(world.record.appointments) == len(before)) or pause_min < 7


def test_restarting_every_quarter_of_an_hour_gives_nobody_two_visits_at_once() -> None:
    world = seeded(NOW)
    clock = world.clock
    assert isinstance(clock, FakeClock)

    for _ in range(20):
        clock.advance(timedelta(minutes=15))
        seed(world)

    by_patient: dict[str, list[Appointment]] = {}
    for each in sorted(world.record.appointments.values(), key=lambda each: each.start):
        if each.is_video and world.patient(each.patient).language != "so":  # only one speaks it
            by_patient.setdefault(each.patient, []).append(each)
    gaps = [after.start - before.start for own in by_patient.values() for before, after in pairwise(own)]
    assert min(gaps, default=timedelta.max) >= timedelta(hours=1)


def test_a_restart_keeps_everything_and_no_id_comes_twice(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    world = World(clock, tmp_path)
    seed(world)
    last = world.new_id()
    world.save()

    again = World(clock, tmp_path)
    seed(again)

    assert again.record.appointments == world.record.appointments
    assert again.record.patients == world.record.patients
    assert int(again.new_id()) > int(last)
    assert [each.name for each in tmp_path.iterdir()] == ["sandbox.json"]


def test_ids_go_on_from_the_clock_even_when_the_record_is_lost() -> None:
    first, later = World(FakeClock(NOW)), World(FakeClock(NOW + timedelta(minutes=1)))
    ids = {first.new_id() for _ in range(1000)}

    assert later.new_id() not in ids
