"""The portal's pages of departments: nothing typed is lost, the EHR is searched, and what a visit gets is shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import select

from housecall.db.database import Database
from housecall.ehr.base import LocationRef
from housecall.ehr.errors import EhrUnavailable, ScopesMissing
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.departments import DepartmentSettings, add_department, set_pilot
from housecall.tenancy.service import ensure_organisation
from housecall.tenancy.store_departments import list_departments
from housecall.tenancy.tables import Department
from tests.visits.clinic import OPERATOR
from tests.visits.hospital import Hospital, open_hospital
from tests.web.test_message_pages import portal

LIST = "/portal/departments"
HEART = DepartmentSettings("Heart", locations=("location-heart",))


@pytest_asyncio.fixture(loop_scope="session")
async def hospital(database: Database, clock: FakeClock, sealer: Sealer) -> Hospital:
    made = await open_hospital(database, clock, sealer)
    made.ehr.places |= {LocationRef("loc-1"): "Prairie Heart", LocationRef("loc-2"): "Prairie Skin"}
    return made


@asynccontextmanager
async def new_form(hospital: Hospital) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A signed-in administrator, and the address of the form for a new department."""
    async with portal(hospital.clinic) as browser:
        yield browser, f"{LIST}/new/{hospital.clinic.connection.id}"


async def departments(hospital: Hospital) -> list[Department]:
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        return list(await list_departments(work, clinic.org_id))


async def heart(hospital: Hospital, **said: Any) -> str:
    """The address of a department."""
    clinic = hospital.clinic
    async with clinic.database.work() as work:
        wanted = DepartmentSettings(**{**HEART.__dict__, **said})
        made = await add_department(
            work, clinic.org_id, clinic.connection.id, wanted, now=clinic.now, by=OPERATOR
        )
    return f"{LIST}/{made.id}"


async def test_places_are_found_in_the_ehr_by_name_and_nothing_is_saved_by_looking(
    hospital: Hospital,
) -> None:
    async with new_form(hospital) as (browser, address):
        typed = {"name": "Heart", "location": "loc-9", "find_locations": "prairie h", "act": "find"}
        found = (await browser.post(address, data=typed)).text
        person = (await browser.post(address, data={"find_practitioners": "ines", "act": "find"})).text
        nobody = (await browser.post(address, data={"find_locations": "nowhere", "act": "find"})).text

    assert "1 found for “prairie h”" in found
    assert 'value="loc-1">' in found
    assert "Prairie Skin" not in found
    assert 'value="loc-9" checked>' in found
    assert 'value="Heart"' in found
    assert "Dr. Ines Marsh" in person
    assert "The EHR calls nothing “nowhere”" in nobody
    assert await departments(hospital) == []


async def test_an_ehr_that_may_not_be_searched_says_so_and_ids_can_be_typed(hospital: Hospital) -> None:
    async with new_form(hospital) as (browser, address):
        hospital.ehr.fault = ScopesMissing()
        refused = (await browser.post(address, data={"find_locations": "prairie", "act": "find"})).text
        hospital.ehr.fault = EhrUnavailable
        away = (await browser.post(address, data={"find_locations": "prairie", "act": "find"})).text
        saved = await browser.post(
            address, data={"name": "Heart", "other_locations": "Location/loc-1\nloc-2", "act": "save"}
        )

    assert "does not let Housecall’s backend service look for these. Type their ids." in refused
    assert "Try again, or type their ids." in away
    assert saved.status_code == 303
    (made,) = await departments(hospital)
    assert (made.name, made.locations, made.is_live) == ("Heart", ["loc-1", "loc-2"], False)


async def test_return_pressed_saves_unless_there_is_a_name_to_look_for(hospital: Hospital) -> None:
    async with new_form(hospital) as (browser, address):
        sought = await browser.post(address, data={"name": "Heart", "find_locations": "prairie"})
        saved = await browser.post(address, data={"name": "Heart", "location": "loc-1"})

    assert (sought.status_code, saved.status_code) == (200, 303)


async def test_what_cannot_be_saved_stays_as_typed_with_each_fault_at_its_field(hospital: Hospital) -> None:
    typed = {
        "name": "Heart", "other_locations": "no id!", "own_reminders": "yes", "reminders": "soon",
        "texts_from": "+15550109999", "act": "save",
    }  # fmt: skip
    async with new_form(hospital) as (browser, address):
        answer = await browser.post(address, data=typed)

    assert answer.status_code == 400
    for kept in ('value="Heart"', "no id!</textarea>", 'value="soon"'):
        assert kept in answer.text
    for field in ("other_locations", "reminders", "texts_from"):
        assert f'id="{field}-fault"' in answer.text
    assert await departments(hospital) == []


async def test_who_saves_on_an_old_form_keeps_the_own_words_and_sees_the_others(hospital: Hospital) -> None:
    address = await heart(hospital)
    typed = {"name": "Cardiology", "location": "location-heart", "version": "1", "act": "save"}
    async with portal(hospital.clinic) as browser:
        await browser.post(address, data=typed)
        second = await browser.post(address, data=typed | {"name": "Heart clinic"})
        gone = await browser.post(f"{address}/archive", data={"version": "1"})
        again = await browser.post(address, data=typed | {"name": "Heart clinic", "version": "2"})

    assert (second.status_code, gone.status_code, again.status_code) == (409, 409, 303)
    assert 'value="Heart clinic"' in second.text
    assert "What stands now is: Cardiology" in second.text
    assert "Somebody else changed this department" in gone.text
    assert [one.name for one in await departments(hospital)] == ["Heart clinic"]


async def test_the_list_says_who_is_live_and_what_a_pilot_means(hospital: Hospital) -> None:
    address, connection = await heart(hospital), hospital.clinic.connection.id
    async with portal(hospital.clinic) as browser:
        await browser.post(f"{LIST}/pilot/{connection}", data={"pilot": "yes"})
        nobody = (await browser.get(LIST)).text
        await browser.post(f"{address}/live")
        live = (await browser.get(LIST)).text
        await browser.post(f"{LIST}/pilot/{connection}", data={"pilot": "no"})
        over = (await browser.get(LIST)).text

    assert "now there is none, so nobody is texted" in nobody
    assert 'data-live="yes"' in live
    assert "nobody is texted" not in live
    assert "Every video appointment of this connection is a visit" in over


async def test_a_long_list_of_places_is_drawn_whole_in_its_own_frame(hospital: Hospital) -> None:
    for number in range(300):
        hospital.book(f"a-{number}", in_minutes=30, locations=(LocationRef(f"loc-{number}"),), place="Ward")

    async with new_form(hospital) as (browser, address):
        page = (await browser.get(address)).text

    assert page.count('name="location"') == 300
    assert 'class="pick"' in page


async def test_the_preview_shows_what_counts_here_in_words_that_would_be_sent(hospital: Hospital) -> None:
    address = await heart(hospital, reminders_min=(2880, 30), texts_from="+15550100200")
    words = f"/portal/messages/templates/reminder/sms/en?department={address.rpartition('/')[2]}"
    async with portal(hospital.clinic) as browser:
        await browser.post(words, data={"body": "Heart clinic: {time}. {link}", "version": "0"})
        page = (await browser.get(f"{address}/preview")).text
        danish = (await browser.get(f"{address}/preview?language=da")).text
        async with hospital.clinic.database.work() as work:
            await set_pilot(
                work, hospital.clinic.org_id, hospital.clinic.connection.id,
                is_pilot=True, now=hospital.clinic.now, by=OPERATOR,
            )  # fmt: skip
        closed = (await browser.get(f"{address}/preview")).text

    assert "2d 30m" in page
    assert '+15550100200 <span class="soft">(its own)</span>' in page
    assert "Heart clinic: " in page
    assert "Heart clinic: " not in danish
    assert 'data-open="yes"' in page
    assert 'data-open="no"' in closed
    assert "department is not live in this pilot" in closed


async def test_another_organisations_department_is_nowhere(hospital: Hospital) -> None:
    address = await heart(hospital)
    async with hospital.clinic.database.work() as work:
        (made,) = await work.session.scalars(select(Department))
        made.org_id = (
            await ensure_organisation(work, "another", region="europe", now=hospital.clinic.now, by=OPERATOR)
        ).id
    async with portal(hospital.clinic) as browser:
        answers = [
            (await browser.get(address)).status_code,
            (await browser.get(f"{address}/preview")).status_code,
            (await browser.post(f"{address}/live")).status_code,
            (await browser.post(address, data={"name": "Mine", "location": "x"})).status_code,
        ]

    assert answers == [404, 404, 404, 404]
