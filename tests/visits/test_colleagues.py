"""Colleagues found by name while a chart is open; nothing of them is kept."""

import json

import pytest
from sqlalchemy import select

from housecall.audit.model import Actor, By
from housecall.audit.tables import AuditEntry
from housecall.ehr.base import Clinician, PractitionerRef
from housecall.ehr.errors import EhrUnavailable
from housecall.visits.colleagues import find_colleagues
from housecall.visits.details import read_details
from housecall.visits.errors import NamesNotShown
from housecall.visits.without_ehr import open_by_account
from tests.visits.hospital import DOCTOR, Hospital, a_person


async def test_colleagues_are_found_by_name_and_whoever_asks_is_not_among_them(hospital: Hospital) -> None:
    hospital.book()
    launch = await hospital.launch()
    hospital.ehr.put_clinician(Clinician(DOCTOR, "Okonjo, Amara"))
    hospital.ehr.put_clinician(Clinician(PractitionerRef("p-2"), "Okonski, Per"))
    desk, database = hospital.clinic.desk, hospital.clinic.database

    found = await find_colleagues(desk, database, launch, " okon ")
    nobody = await find_colleagues(desk, database, launch, "o")

    assert [(one.ref, one.name) for one in found] == [("p-2", "Okonski, Per")]
    assert nobody == []
    assert "Okonski" not in repr(found)
    async with database.work() as work:
        entries = list(await work.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert (entries[-2].act, entries[-2].detail) == ("visits:colleagues:searched", {"found": 1})
    assert "okon" not in json.dumps([entry.detail for entry in entries]).casefold()


async def test_an_ehr_that_is_away_is_said(hospital: Hospital) -> None:
    hospital.book()
    launch = await hospital.launch()
    hospital.ehr.fault = EhrUnavailable()

    with pytest.raises(EhrUnavailable):
        await find_colleagues(hospital.clinic.desk, hospital.clinic.database, launch, "okon")


async def test_the_panel_hears_of_a_patient_who_needs_an_interpreter(hospital: Hospital) -> None:
    hospital.book()
    launch = await hospital.launch()
    [visit] = await hospital.visits()
    told = []
    for needs in (True, False, None):
        hospital.ehr.put_person(a_person(needs_interpreter=needs))
        details = await read_details(hospital.clinic.desk, hospital.clinic.database, launch, visit.id)
        told.append(details["patient"]["needs_interpreter"])

    assert told == [True, False, False]


async def test_whoever_came_without_the_ehr_finds_nobody_and_the_system_account_is_no_stand_in(
    hospital: Hospital,
) -> None:
    hospital.book()
    await hospital.launch()
    desk, database = hospital.clinic.desk, hospital.clinic.database
    [visit] = await hospital.visits()
    async with database.work() as work:
        launch, _ = await open_by_account(desk, work, visit, by=By(Actor.administrator, "account-1"))

    with pytest.raises(NamesNotShown):
        await find_colleagues(desk, database, launch, "okon")
