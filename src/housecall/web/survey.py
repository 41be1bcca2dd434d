"""The survey after a visit: the patient's answer, and what it adds up to for who reads reports."""

from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.responses import Response

from housecall.kit.ids import OrgId
from housecall.reports.service import choose_environment
from housecall.tenancy.administrators import SignedIn
from housecall.visits.survey import CHOICES, answer_survey, count_answers
from housecall.web.audience import Audience
from housecall.web.house import house_of
from housecall.web.patient_texting import Holder, seat_guard
from housecall.web.portal_guards import report_reader
from housecall.web.portal_pages import show

routes = Audience("survey", guard=seat_guard, include_in_schema=False)
pages = Audience("survey report", guard=report_reader, include_in_schema=False)
Reader = Annotated[SignedIn, Depends(report_reader)]
Held = Annotated[Holder, Depends(seat_guard)]
Choice = Annotated[str, Form(max_length=10)]


@routes.post("/seat/{seat_id}/survey")
async def answer(seat_id: str, holder: Held, visit: Choice = "", sound: Choice = "") -> Response:
    """The answer counts, once; 204."""
    house, org_id = holder.house, OrgId(holder.seat.org_id)
    async with house.database.work() as work:
        await answer_survey(house.desk, work, org_id, seat_id, visit=visit, sound=sound)
    return Response(status_code=204)


@pages.get("/portal/reports/survey")
async def survey_report(request: Request, person: Reader, environment: str | None = None) -> Response:
    """What patients said, by month."""
    house = house_of(request)
    async with house.database.work() as work:
        chosen, there = await choose_environment(work, person.org_id, environment)
        months = await count_answers(work, person.org_id, environment=chosen)
    return show(
        request,
        person,
        "portal/survey.html",
        here="survey",
        months=months,
        choices=CHOICES,
        environment=chosen,
        environments=there,
    )
