"""The survey after a visit: counted once, by whoever was there, and joined to nobody."""

from datetime import date

import pytest
from sqlalchemy import text

from housecall.visits import service
from housecall.visits.errors import AnswerInvalid, SurveyClosed
from housecall.visits.survey import answer_survey, count_answers
from housecall.visits.tables import Seat, Visit
from tests.visits.clinic import Clinic


async def an_ended_visit(clinic: Clinic, ref: str = "a") -> tuple[Visit, Seat]:
    visit = await clinic.visit(ref, in_minutes=0)
    seat = await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)
    return visit, seat


async def test_answers_are_counted_by_month(clinic: Clinic) -> None:
    for ref, visit, sound in (("a", "good", "good"), ("b", "good", "poor")):
        _, seat = await an_ended_visit(clinic, ref)
        await clinic.act(answer_survey, seat.id, visit=visit, sound=sound)

    async with clinic.database.work() as work:
        (month,) = await count_answers(work, clinic.org_id, environment="test")
        others = await count_answers(work, clinic.org_id, environment="production")

    assert month.month == clinic.now.date().replace(day=1)
    assert (month.answers, month.visit, month.sound) == (2, (2, 0, 0), (1, 0, 1))
    assert others == []


async def test_a_second_answer_does_not_count(clinic: Clinic) -> None:
    _, seat = await an_ended_visit(clinic)
    await clinic.act(answer_survey, seat.id, visit="good", sound="good")

    with pytest.raises(SurveyClosed):
        await clinic.act(answer_survey, seat.id, visit="poor", sound="poor")


async def test_before_the_end_there_is_nothing_to_answer(clinic: Clinic) -> None:
    visit = await clinic.visit(in_minutes=0)
    seat = await clinic.in_call(visit)

    with pytest.raises(SurveyClosed):
        await clinic.act(answer_survey, seat.id, visit="good", sound="good")


async def test_what_is_no_answer_is_refused(clinic: Clinic) -> None:
    _, seat = await an_ended_visit(clinic)

    with pytest.raises(AnswerInvalid):
        await clinic.act(answer_survey, seat.id, visit="excellent", sound="good")


async def test_an_answer_holds_nothing_that_leads_to_the_visit(clinic: Clinic) -> None:
    visit, seat = await an_ended_visit(clinic)
    await clinic.act(answer_survey, seat.id, visit="fair", sound="good")

    async with clinic.database.work() as work:
        row = (await work.session.execute(text("SELECT * FROM survey_answer"))).mappings().one()

    assert set(row) == {"id", "org_id", "connection_id", "month", "visit", "sound"}
    assert row["month"].day == 1
    assert isinstance(row["month"], date)
    assert not {visit.id, seat.id, visit.appointment_ref} & {str(value) for value in row.values()}
