"""Colleagues asked to a visit: nobody is lost on the way, and the patient hears that somebody comes, not who."""

import json
from dataclasses import replace
from typing import Any

import pytest

from housecall.audit.model import Actor, By
from housecall.ehr.base import Appointment, Clinician, PractitionerRef
from housecall.ehr.errors import ClinicianGone
from housecall.reports.model import Outcome, VisitRow
from housecall.reports.service import read_visits, window_back
from housecall.visits import asking, life, lobby, room, service
from housecall.visits.colleagues import read_colleagues
from housecall.visits.errors import (
    ColleagueIsOneself,
    ColleagueNotAsked,
    TransferUnderWay,
    VisitOver,
    VisitUnknown,
)
from housecall.visits.instant import begin_consult
from housecall.visits.model import Wish
from housecall.visits.tables import Launch, Visit
from housecall.visits.turn import read_turn
from housecall.visits.without_ehr import open_by_account
from housecall.visits.worklist import Whose, list_views, listing_for
from tests.visits.clinic import Ear
from tests.visits.hospital import DOCTOR, Hospital

COLLEAGUE = PractitionerRef("p-2")
OTHER = PractitionerRef("p-3")
FIRST = By(Actor.clinician, DOCTOR)
SECOND = By(Actor.clinician, COLLEAGUE)


class Ward:
    """A visit of the doctor's, the launch it is open in, and a colleague in the EHR."""

    def __init__(self, hospital: Hospital, appointment: Appointment, visit: Visit, launch: Launch) -> None:
        self.hospital, self.appointment, self.visit, self.launch = hospital, appointment, visit, launch
        self.clinic = hospital.clinic

    async def ask(self, to: str = COLLEAGUE, wish: Wish = Wish.take_over) -> dict[str, Any]:
        clinic = self.clinic
        return await asking.ask(clinic.desk, clinic.database, self.launch, self.visit.id, to=to, wish=wish)

    async def act(self, verb: Any, by: By = SECOND, **named: Any) -> Any:
        return await self.clinic.act(verb, self.visit.id, by=by, **named)

    async def listed(self, user: str) -> list[str]:
        """The visits on that clinician's list of the day."""
        async with self.clinic.database.work() as work:
            launch = Launch(
                org_id=self.clinic.org_id,
                connection_id=self.clinic.connection.id,
                user_ref=user,
                visit_ids=[],
            )
            listing = await listing_for(work, launch, Whose.mine, self.clinic.now)
            return [view["visit"] for view in await list_views(work, listing, self.clinic.now)]


def asked(view: dict[str, Any], user: str = COLLEAGUE) -> Any:
    return next(one["asked"] for one in view["others"] if one["user"] == user)


async def report(ward: Ward) -> list[VisitRow]:
    clinic = ward.clinic
    async with clinic.database.work() as work:
        return await read_visits(
            work,
            clinic.org_id,
            environment="test",
            window=window_back(clinic.now, 7, 10),
            by=FIRST,
            now=clinic.now,
        )


async def reported(ward: Ward) -> str:
    """Whose the visit is in the report."""
    [row] = await report(ward)
    return row.clinician


async def a_ward(hospital: Hospital) -> Ward:
    hospital.ehr.put_clinician(Clinician(COLLEAGUE, "Okonski, Per"))
    hospital.ehr.put_clinician(Clinician(OTHER, "Vale, Rosa"))
    appointment = hospital.book(in_minutes=5)
    launch = await hospital.launch()
    [visit] = await hospital.visits()
    return Ward(hospital, appointment, visit, launch)


async def test_the_first_keeps_the_visit_until_the_colleague_takes_it(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    await ward.clinic.waiting(ward.visit)

    view = await ward.ask()

    assert (view["handed_to"], asked(view)["state"], asked(view)["seen"]) == (None, "asked", False)
    assert await ward.listed(DOCTOR) == await ward.listed(COLLEAGUE) == [ward.visit.id]
    assert asked(await ward.act(asking.see))["seen"]
    view = await ward.act(asking.take_over)
    assert (view["handed_to"], asked(view)["state"]) == (COLLEAGUE, "came")
    assert (await ward.listed(DOCTOR), await ward.listed(COLLEAGUE)) == ([], [ward.visit.id])
    assert await ward.act(asking.take_over) == view
    words = [word for word in await ward.clinic.acts() if "colleague:" in word or "taken" in word]
    assert words == ["visits:colleague:asked", "visits:colleague:seen", "visits:visit:taken_over"]


async def test_the_patient_keeps_place_and_link_and_hears_of_a_colleague_without_who(
    hospital: Hospital,
) -> None:
    ward = await a_ward(hospital)
    clinic = ward.clinic
    seat = await clinic.waiting(ward.visit)
    page = await clinic.page(ward.visit)
    before = (await clinic.view(ward.visit))["patient"]

    await ward.ask()
    told = page.last("state")
    await ward.act(asking.take_over)

    after = (await clinic.view(ward.visit))["patient"]
    assert {**after, "arrival": None} == {**before, "arrival": None}
    assert (await clinic.seat(ward.visit)).token_hash == seat.token_hash
    assert (told["handing"], page.last("state")["handing"]) == (True, True)
    await clinic.act(room.join, ward.visit.id, user_ref=COLLEAGUE, tab="t", by=SECOND)
    await ward.act(service.admit)
    assert page.last("state")["handing"] is False
    heard = json.dumps(page.of("state"))
    assert COLLEAGUE not in heard
    assert DOCTOR not in heard


async def test_what_is_taken_back_or_declined_leaves_the_visit_where_it_was(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    await ward.clinic.waiting(ward.visit)
    page: Ear = await ward.clinic.page(ward.visit)
    view = await ward.ask()
    who = next(one["participant"] for one in view["others"] if one["user"] == COLLEAGUE)

    back = await ward.act(asking.withdraw, by=FIRST, who=who)
    assert (asked(back)["state"], await ward.listed(COLLEAGUE)) == ("withdrawn", [])
    assert page.last("state")["handing"] is False
    with pytest.raises(ColleagueNotAsked):
        await ward.act(asking.take_over)

    again = await ward.ask()
    assert (asked(again)["state"], asked(again)["seen"]) == ("asked", False)
    no = await ward.act(asking.decline)
    assert (asked(no)["state"], no["handed_to"], await ward.listed(DOCTOR)) == (
        "declined",
        None,
        [ward.visit.id],
    )


async def test_coming_into_the_call_is_taking_it_and_a_colleague_asked_to_join_takes_nothing(
    hospital: Hospital,
) -> None:
    ward = await a_ward(hospital)
    await ward.clinic.waiting(ward.visit)
    await ward.clinic.join(ward.visit, user=DOCTOR)
    await ward.act(service.admit, by=FIRST)
    await ward.ask(OTHER, Wish.join_in)
    await ward.ask()

    joined = By(Actor.clinician, OTHER)
    await ward.clinic.act(room.join, ward.visit.id, user_ref=OTHER, tab="t-3", by=joined)
    view = await ward.clinic.view(ward.visit)
    assert (asked(view, OTHER)["state"], view["handed_to"]) == ("came", None)
    await ward.clinic.act(room.join, ward.visit.id, user_ref=COLLEAGUE, tab="t-2", by=SECOND)

    view = await ward.clinic.view(ward.visit)
    assert (asked(view)["state"], view["handed_to"]) == ("came", COLLEAGUE)


async def test_nobody_is_asked_who_is_not_in_the_ehr_and_two_are_not_asked_to_take_one_visit(
    hospital: Hospital,
) -> None:
    ward = await a_ward(hospital)

    with pytest.raises(ClinicianGone):
        await ward.ask("nobody")
    with pytest.raises(ColleagueIsOneself):
        await ward.ask(DOCTOR)
    await ward.ask()
    with pytest.raises(TransferUnderWay):
        await ward.ask(OTHER)
    with pytest.raises(ColleagueNotAsked):
        await ward.act(asking.take_over, by=By(Actor.clinician, OTHER))
    await ward.clinic.act(life.cancel_visit, ward.visit.id, by=FIRST, reason="cancelled")
    with pytest.raises(VisitOver):
        await ward.act(asking.take_over)
    assert await ward.listed(COLLEAGUE) == []


async def test_who_comes_by_the_organisations_account_takes_it_for_whom_it_was_meant(
    hospital: Hospital,
) -> None:
    ward = await a_ward(hospital)
    clinic = ward.clinic
    await ward.ask()
    async with clinic.database.work() as work:
        account = By(Actor.administrator, "account-1")
        launch, _ = await open_by_account(clinic.desk, work, ward.visit, by=account)

    view = await ward.act(asking.take_over, by=By(Actor.clinician, launch.user_ref or ""))

    assert view["handed_to"] == COLLEAGUE


async def test_the_report_names_who_has_the_visit_until_the_ehr_names_another(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    await ward.ask()
    await ward.act(asking.take_over)

    assert await reported(ward) == COLLEAGUE
    ward.hospital.ehr.put_appointment(replace(ward.appointment, practitioners=(OTHER,), version="2"))
    await hospital.poll()
    assert await reported(ward) == OTHER


async def test_names_of_a_visits_colleagues_are_read_and_not_kept(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    await ward.ask()
    clinic = ward.clinic

    found = await read_colleagues(clinic.desk, clinic.database, ward.launch, ward.visit.id)

    assert [(one.ref, one.name) for one in found] == [(COLLEAGUE, "Okonski, Per")]


async def test_a_colleague_who_never_came_is_not_the_last_who_left(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    clinic = ward.clinic
    seat = await clinic.waiting(ward.visit)
    await clinic.join(ward.visit, user=DOCTOR)
    await ward.act(service.admit, by=FIRST)
    await clinic.act(lobby.patient_joined, seat.id)
    await clinic.act(lobby.patient_left, seat.id)
    await clinic.act(room.leave, ward.visit.id, user_ref=DOCTOR, by=FIRST)
    left_at = clinic.now
    clinic.later(minutes=2)
    await ward.ask()

    clinic.later(minutes=6)
    await clinic.sweep()

    visit = await clinic.fresh(ward.visit)
    assert (visit.state, visit.ended_at) == ("ended", left_at)


async def test_a_consult_has_no_patient_and_begins_when_two_colleagues_meet(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    clinic = ward.clinic
    async with clinic.database.work() as work:
        consult = await begin_consult(clinic.desk, work, clinic.connection, clinician=DOCTOR, by=FIRST)
    ward.visit = consult
    view = await ward.ask(wish=Wish.join_in)
    assert (view["is_consult"], view["patient"]["participant"]) == (True, "")
    assert consult.id in await ward.listed(DOCTOR)
    assert consult.id in await ward.listed(COLLEAGUE)

    await clinic.join(consult, user=DOCTOR)
    assert (await clinic.fresh(consult)).began_at is None
    await clinic.act(room.join, consult.id, user_ref=COLLEAGUE, tab="t-2", by=SECOND)

    met = await clinic.fresh(consult)
    assert (met.state, met.began_at) == ("in_progress", clinic.now)
    with pytest.raises(VisitUnknown):
        await ward.act(service.admit, by=FIRST)
    clinic.later(minutes=4)
    ended = await ward.act(service.end_visit, by=FIRST)
    assert (ended["state"], ended["can_restart"]) == ("ended", False)
    assert {row.visit: row.outcome for row in await report(ward)}[consult.id] is Outcome.consult


async def test_a_patient_who_was_handed_on_stands_in_the_colleagues_line(hospital: Hospital) -> None:
    ward = await a_ward(hospital)
    clinic = ward.clinic
    await clinic.waiting(await clinic.visit("earlier", in_minutes=1))
    seat = await clinic.waiting(ward.visit)
    before = await clinic.act(read_turn, seat.id)

    await ward.ask()
    await ward.act(asking.take_over)

    after = await clinic.act(read_turn, seat.id)
    assert (before.ahead, after.ahead) == (1, 0)
