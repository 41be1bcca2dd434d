"""What time settles by itself."""

import asyncio

from housecall.visits import lobby, room, service
from housecall.visits.sweep import mark_all_absent, sweep
from tests.visits.clinic import NURSE, Clinic


async def gone(clinic: Clinic, visit: object) -> None:
    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")  # type: ignore[arg-type]


async def test_who_closed_the_page_in_the_lobby_has_left_after_90_seconds(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    panel, last_seen = clinic.panel(visit), clinic.now
    await gone(clinic, visit)

    clinic.later(seconds=89)
    early = await clinic.sweep()
    clinic.later(seconds=1)
    swept = await clinic.sweep()

    assert (early, swept) == (0, 1)
    person = await clinic.patient(visit)
    assert (person.state, person.left_at, person.gone_since) == ("left", last_seen, None)
    assert panel.last("visit")["visit"]["patient"]["state"] == "left"
    assert await clinic.sweep() == 0


async def test_who_pressed_start_and_never_said_hello_has_left(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.start(visit, tab=None)

    clinic.later(seconds=90)
    await clinic.sweep()

    assert (await clinic.patient(visit)).state == "left"


async def test_who_comes_back_in_time_keeps_the_place(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.waiting(visit)
    await gone(clinic, visit)
    clinic.later(seconds=60)
    await clinic.act(lobby.patient_back, (await clinic.patient(visit)).id, "tab-1")

    clinic.later(seconds=60)

    assert await clinic.sweep() == 0
    assert (await clinic.patient(visit)).state == "waiting"


async def test_a_call_that_does_not_come_back_is_left(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    ear, lost_at = clinic.in_room(visit), clinic.now
    await gone(clinic, visit)

    clinic.later(minutes=4, seconds=59)
    await clinic.sweep()
    kept = (await clinic.view(visit))["patient"]
    clinic.later(seconds=1)
    await clinic.sweep()

    assert (kept["state"], kept["gone_since"]) == ("reconnecting", lost_at.isoformat())
    person = await clinic.patient(visit)
    assert (person.state, person.left_at) == ("left", lost_at)
    assert ear.last("peer-left")["peer"] == person.id


async def test_a_visit_with_nobody_in_it_has_ended_when_the_last_one_left(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    clinic.later(minutes=10)
    await clinic.act(lobby.patient_left, seat.id)
    clinic.later(seconds=20)
    await clinic.act(room.leave, visit.id, user_ref="user-1", by=NURSE)
    last_left = clinic.now

    clinic.later(minutes=4, seconds=59)
    await clinic.sweep()
    still = (await clinic.fresh(visit)).state
    clinic.later(seconds=1)
    await clinic.sweep()

    fresh = await clinic.fresh(visit)
    assert (still, fresh.state, fresh.ended_at, fresh.end_reason) == (
        "in_progress", "ended", last_left, "empty",
    )  # fmt: skip


async def test_a_visit_does_not_end_over_the_head_of_who_waits(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.act(lobby.patient_left, seat.id)
    await clinic.act(room.leave, visit.id, user_ref="user-1", by=NURSE)
    await clinic.act(lobby.come_back, seat.id)
    await clinic.act(lobby.enter_lobby, seat.id)

    clinic.later(minutes=6)
    await clinic.sweep()

    assert (await clinic.fresh(visit)).state == "in_progress"


async def test_a_visit_goes_on_while_one_is_still_there(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.in_call(visit)
    await clinic.act(lobby.patient_left, seat.id)

    clinic.later(hours=1)
    await clinic.sweep()

    assert (await clinic.fresh(visit)).state == "in_progress"


async def test_past_its_window_a_visit_nobody_began_is_a_no_show(clinic: Clinic) -> None:
    unseen, waited = await clinic.visit("appointment-1"), await clinic.visit("appointment-2")
    seat = await clinic.waiting(waited)

    clinic.later(minutes=140)
    await clinic.sweep()
    before = (await clinic.fresh(unseen)).state
    clinic.later(seconds=1)
    await clinic.sweep()

    # Whoever still waits is not thrown out; once they go, nothing is left to begin.
    assert (before, (await clinic.fresh(unseen)).state) == ("scheduled", "no_show")
    assert (await clinic.fresh(waited)).state == "open"
    await clinic.act(lobby.patient_left, seat.id)
    await gone(clinic, waited)
    await clinic.sweep()
    assert (await clinic.fresh(waited)).state == "no_show"
    assert (await clinic.fresh(waited)).ended_at is None


async def test_a_restart_of_the_web_loses_nobody_who_comes_back(clinic: Clinic) -> None:
    back, lost = await clinic.visit("appointment-1"), await clinic.visit("appointment-2")
    await clinic.in_call(back)
    await clinic.waiting(lost)
    async with clinic.database.work() as work:
        await mark_all_absent(work, clinic.now)
    await clinic.act(lobby.patient_back, (await clinic.patient(back)).id, "tab-1")
    await clinic.join(back)

    clinic.later(seconds=90)
    await clinic.sweep()

    view = await clinic.view(back)
    assert (view["patient"]["state"], view["others"][0]["state"]) == ("connected", "connected")
    assert (await clinic.patient(lost)).state == "left"


async def test_a_round_is_bounded_and_two_sweepers_do_not_meet(clinic: Clinic) -> None:
    for number in range(105):
        await clinic.visit(f"appointment-{number}")
    clinic.later(hours=5)

    async with clinic.database.work() as holding:
        first = await sweep(clinic.desk, holding)
        second = await clinic.sweep()
    third = await clinic.sweep()

    assert (first, second, third) == (100, 0, 5)


async def test_sweeping_while_people_come_back_harms_nobody(clinic: Clinic) -> None:
    visits = [await clinic.visit(f"appointment-{number}") for number in range(6)]
    for visit in visits:
        await clinic.waiting(visit)
        await gone(clinic, visit)
    clinic.later(seconds=91)

    people = [await clinic.patient(visit) for visit in visits]
    await asyncio.wait_for(
        asyncio.gather(clinic.sweep(), *(clinic.act(lobby.patient_back, one.id, "tab-1") for one in people)),
        20,
    )

    states = {(await clinic.patient(visit)).state for visit in visits}
    assert states <= {"waiting", "left"}
    await clinic.staff(service.acknowledge_arrival, visits[0])
