"""A test of the devices before the visit: kept with its cause and its day, and no visit left by it."""

from datetime import datetime

import pytest

from housecall.audit.model import Act
from housecall.visits import life, lobby
from housecall.visits.checking import is_days_ahead
from tests.visits.clinic import NURSE, Clinic

TWO_DAYS_MIN = 2 * 24 * 60
DENIED = ({"camera": "fail", "microphone": "ok", "network": "ok"}, {"camera": "denied"})
READY = ({"camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok"}, {})


async def test_staff_see_at_once_why_it_will_fail(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    panel, seat = clinic.panel(visit), await clinic.start(visit)

    await clinic.act(lobby.begin_checking, seat.id)
    await clinic.act(lobby.record_check, seat.id, *DENIED)

    assert panel.last("visit")["visit"]["patient"]["device"] == {
        "camera": "fail",
        "microphone": "ok",
        "network": "ok",
        "because": {"camera": "denied"},
        "at": clinic.now.isoformat(),
    }


async def test_a_new_test_takes_the_place_of_the_old_one_with_all_its_causes(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    seat = await clinic.start(visit)
    await clinic.act(lobby.record_check, seat.id, *DENIED)
    clinic.later(hours=20)

    await clinic.act(lobby.record_check, seat.id, *READY)

    device = (await clinic.view(visit))["patient"]["device"]
    assert device == {**READY[0], "because": {}, "at": clinic.now.isoformat()}


async def test_only_causes_that_are_foreseen_are_kept_and_only_of_what_is_wrong(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    seat = await clinic.start(visit)
    results = {"camera": "fail", "microphone": "fail", "speaker": "fail", "network": "ok"}
    because = {"camera": "my name is Ann", "microphone": "busy", "speaker": "busy", "network": "slow"}

    await clinic.act(lobby.record_check, seat.id, results, because)

    assert (await clinic.view(visit))["patient"]["device"]["because"] == {"microphone": "busy"}


async def test_an_early_tester_who_closes_the_page_is_expected_and_has_not_left(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    seat = await clinic.start(visit)
    page, panel = await clinic.page(visit), clinic.panel(visit)
    await clinic.act(lobby.begin_checking, seat.id)
    await clinic.act(lobby.record_check, seat.id, *READY)
    await clinic.act(lobby.patient_gone, (await clinic.patient(visit)).id, "tab-1")
    clinic.later(seconds=90)

    swept = await clinic.sweep()

    patient = panel.last("visit")["visit"]["patient"]
    assert (swept, patient["state"], patient["device"]["camera"]) == (1, "invited", "ok")
    assert page.last("state")["state"] == "invited"
    assert Act.participant_left not in await clinic.acts()
    assert await clinic.sweep() == 0


async def test_who_is_done_with_an_early_test_is_expected_again_and_may_test_anew(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    seat = await clinic.start(visit)
    await clinic.act(lobby.begin_checking, seat.id)

    done = await clinic.act(lobby.patient_left, seat.id)
    again = await clinic.act(lobby.begin_checking, seat.id)

    assert (done["state"], done["lobby"]) == ("invited", "early")
    assert again["state"] == "checking"


async def test_within_the_window_who_tests_and_goes_has_left(clinic: Clinic) -> None:
    visit = await clinic.visit()
    seat = await clinic.start(visit)
    await clinic.act(lobby.begin_checking, seat.id)

    answer = await clinic.act(lobby.patient_left, seat.id)

    assert answer["state"] == "left"


async def test_a_move_to_another_day_keeps_what_the_test_found(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=TWO_DAYS_MIN)
    seat = await clinic.start(visit)
    await clinic.act(lobby.record_check, seat.id, *DENIED)
    fresh = await clinic.fresh(visit)
    later = fresh.starts_at.replace(day=fresh.starts_at.day + 1)

    await clinic.act(
        life.move_visit_time, visit.id, later, later + (fresh.ends_at - fresh.starts_at), by=NURSE
    )

    patient = (await clinic.view(visit))["patient"]
    assert (patient["state"], patient["device"]["because"]) == ("invited", {"camera": "denied"})


@pytest.mark.parametrize(
    ("opens_at", "zone", "is_ahead"),
    [
        ("2026-11-26T20:10:00+00:00", "America/Chicago", True),
        ("2026-11-24T23:30:00+00:00", "America/Chicago", False),
        # Another day in Copenhagen already, and soon.
        ("2026-11-24T23:10:00+00:00", "Europe/Copenhagen", False),
        ("2026-11-24T23:40:00+00:00", "Europe/Copenhagen", True),
        ("2026-11-20T20:10:00+00:00", "America/Chicago", False),
    ],
)
def test_days_are_those_of_the_reader_and_midnight_alone_makes_no_rehearsal(
    opens_at: str, zone: str, is_ahead: bool
) -> None:
    now = datetime.fromisoformat("2026-11-24T22:30:00+00:00")

    assert is_days_ahead(datetime.fromisoformat(opens_at), now, zone) is is_ahead
