"""Links for interpreters and relatives made in the portal, by whoever may, and by nobody else."""

import re
from zoneinfo import ZoneInfo

import pytest_asyncio

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from housecall.visits import service
from tests.visits.clinic import Clinic, open_clinic
from tests.web.test_message_pages import portal


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


def link_in(page: str) -> str:
    found = re.search(r'<input type="text" id="guest-link" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def test_a_link_is_made_days_ahead_shown_again_and_withdrawn(clinic: Clinic) -> None:
    """A clinic's scheduler finds the visit by its day and time; nobody's name is on the page."""
    visit = await clinic.visit("appointment-in-days", in_minutes=3 * 24 * 60)
    other = await clinic.visit("appointment-today")
    day = visit.starts_at.astimezone(ZoneInfo(clinic.connection.time_zone)).date()

    async with portal(clinic, Role.clinician) as browser:
        listed = (await browser.get(f"/portal/guests?day={day}")).text
        made = await browser.post(
            f"/portal/guests/{visit.id}", data={"role": "interpreter", "language": "so"}
        )
        (guest,) = (await clinic.view(visit))["guests"]
        again = await browser.post(f"/portal/guests/{visit.id}/{guest['participant']}/link")
        named = (await browser.get(f"/portal/guests?day={day}")).text
        dead = await browser.post(f"/portal/guests/{visit.id}/{guest['participant']}/withdraw")
        after = (await browser.get(dead.headers["location"])).text

    assert visit.id in listed
    assert other.id not in listed
    assert (guest["role"], guest["language"]) == ("interpreter", "so")
    assert "Interpreter, Somali" in made.text
    assert link_in(made.text) == link_in(again.text)
    assert "Interpreter (Somali)" in named
    assert "The link is dead." in after
    assert (await clinic.view(visit))["guests"] == []


async def test_what_cannot_be_written_to_leaves_no_link_and_what_was_typed_stays(clinic: Clinic) -> None:
    visit = await clinic.visit()
    typed = {"role": "family", "language": "ar", "to": "12"}

    async with portal(clinic) as browser:
        answer = await browser.post(f"/portal/guests/{visit.id}", data=typed)

    assert answer.status_code == 400
    assert 'value="12"' in answer.text
    assert '<option value="ar" selected>' in answer.text
    assert "not a mobile number" in answer.text
    assert (await clinic.view(visit))["guests"] == []


async def test_a_link_is_sent_from_the_portal(clinic: Clinic) -> None:
    visit = await clinic.visit()

    async with portal(clinic) as browser:
        made = await browser.post(
            f"/portal/guests/{visit.id}",
            data={"role": "family", "language": "es", "to": "relative@example.org"},
        )
        (guest,) = (await clinic.view(visit))["guests"]
        refused = await browser.post(
            f"/portal/guests/{visit.id}/{guest['participant']}/send", data={"to": "x"}
        )
        sent = await browser.post(
            f"/portal/guests/{visit.id}/{guest['participant']}/send", data={"to": "other@example.org"}
        )

    assert "made and on its way" in made.text
    assert guest["message"]["kind"] == "invitation"
    assert (refused.status_code, sent.status_code) == (400, 303)


async def test_a_visit_that_is_over_takes_nobody_more_and_says_so(clinic: Clinic) -> None:
    visit = await clinic.visit()
    await clinic.in_call(visit)
    await clinic.staff(service.end_visit, visit)

    async with portal(clinic) as browser:
        page = (await browser.get(f"/portal/guests/{visit.id}")).text
        refused = await browser.post(f"/portal/guests/{visit.id}", data={"role": "family", "language": "es"})

    assert "This visit is over" in page
    assert "portal-make-link" not in page
    assert refused.status_code == 409


async def test_a_reader_of_reports_makes_no_links(clinic: Clinic) -> None:
    visit = await clinic.visit()

    async with portal(clinic, Role.reader) as browser:
        page = await browser.get("/portal/guests")
        made = await browser.post(f"/portal/guests/{visit.id}", data={"role": "family", "language": "es"})

    assert (page.status_code, made.status_code) == (403, 403)
    assert "administrator or clinician" in page.text
    assert (await clinic.view(visit))["guests"] == []


async def test_no_other_organisations_visit_is_found(clinic: Clinic) -> None:
    async with portal(clinic) as browser:
        answer = await browser.get("/portal/guests/v_of_somebody_else")

    assert answer.status_code == 404
