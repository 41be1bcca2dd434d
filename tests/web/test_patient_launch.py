"""The patient's launch from the EHR's portal, through the real routes, with the EHR's shipped twin."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from housecall.app import make_app
from housecall.db.database import Database
from housecall.ehr.base import AppointmentRef, AuthorizationRequest, PatientRef
from housecall.ehr.errors import EhrUnavailable
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.tenancy.tables import Connection, Organisation
from housecall.visits import lobby
from housecall.visits.patient_launches import PATIENT_SESSION_LIFE
from housecall.visits.tables import Launch, Seat
from housecall.web.house import House
from housecall.web.pages import catalogue
from tests.visits.hospital import ANNA, BORIS, Hospital, open_hospital

ORIGIN = "http://localhost:8000"
# Cookies marked Secure need an address that says https in this client; a browser trusts localhost.
SECURE = "https://localhost:8000"


class Portal:
    """The EHR's patient portal, and a browser that follows its launch."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        desk = hospital.clinic.desk
        settings = Settings({"HOUSECALL_PUBLIC_URL": ORIGIN})
        database, clock = hospital.clinic.database, hospital.clinic.clock
        self.app = make_app(House(settings, database, desk.sealer, clock, desk.hub, desk, ORIGIN))
        self.connection = hospital.clinic.connection

    def browser(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(
            transport=transport, base_url=SECURE, headers={"Accept": "text/html", **headers}
        )

    @property
    def launch_path(self) -> str:
        return f"/ehr/patient/launch/{self.connection.id}?iss={self.connection.base_url}&launch=l-1"

    async def begin(self, browser: httpx.AsyncClient) -> str:
        """The state that the EHR was asked with."""
        answer = await browser.get(self.launch_path)
        assert answer.status_code == 303, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    def sign_in(self, state: str, patient: PatientRef = ANNA, **context: Any) -> str:
        request = AuthorizationRequest("", state, "", "")
        return self.hospital.ehr.approve(request, user=patient, **{"patient": patient, **context})

    async def come_back(self, browser: httpx.AsyncClient, **context: Any) -> httpx.Response:
        """The whole launch, up to our answer to the EHR's."""
        state = await self.begin(browser)
        code = self.sign_in(state, **context)
        return await browser.get("/ehr/patient/callback", params={"state": state, "code": code})

    async def arrive(self, browser: httpx.AsyncClient, **context: Any) -> httpx.Response:
        """The page that the launch ends on."""
        answer = await self.come_back(browser, **context)
        while answer.status_code == 303:
            answer = await browser.get(answer.headers["location"])
        return answer

    async def rows(self) -> str:
        """The whole database as text."""
        tables = ("launch", "seat", "visit", "participant", "audit_entry", "message")
        async with self.hospital.clinic.database.work() as work:
            found = [
                (await work.session.execute(text(f"SELECT row_to_json(t)::text FROM {name} t"))).scalars()
                for name in tables
            ]
            return "\n".join(row for rows in found for row in rows)

    async def launches(self) -> list[Launch]:
        async with self.hospital.clinic.database.work() as work:
            return list(await work.session.scalars(select(Launch).order_by(Launch.created_at)))

    async def state(self) -> str:
        """Where the patient of the only visit is."""
        clinic = self.hospital.clinic
        [visit] = await self.hospital.visits()
        async with clinic.database.work() as work:
            seat = await clinic.seat(visit)
            return str((await lobby.patient_state(clinic.desk, work, clinic.org_id, seat.id))["state"])


@pytest_asyncio.fixture(loop_scope="session")
async def portal(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Portal]:
    made = Portal(await open_hospital(database, clock, sealer))
    async with database.work() as work:
        organisation = await work.session.get_one(Organisation, made.hospital.clinic.org_id)
        organisation.display_name, organisation.clinic_phone = "Lakeview Clinic", "+1 555 010 0100"
    yield made


def first_of(page: httpx.Response) -> dict[str, Any]:
    block = re.search(r'<script type="application/json" id="first">(.*?)</script>', page.text, re.S)
    assert block, page.text
    found: dict[str, Any] = json.loads(block[1])
    return found


def says(page: httpx.Response, kind: str, language: str = "en") -> None:
    """The page says what is wrong in the reader's language, and nothing can be pressed on it to go in."""
    assert f'data-portal="{kind}"' in page.text, page.text
    assert catalogue(language)["portal"][f"{kind}_text"].replace("'", "&#39;") in page.text
    assert 'data-testid="start"' not in page.text


async def test_one_visit_is_opened_at_once_and_the_press_takes_the_seat(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        before = await portal.state()

        pressed = await browser.post(landing.url.path)
        page = await browser.get(pressed.headers["location"])

    [visit] = await portal.hospital.visits()
    seat = await portal.hospital.clinic.seat(visit)
    assert 'data-testid="start"' in landing.text
    assert before == "invited", "looking changes nothing"
    assert first_of(page)["seat"] == seat.id
    assert f"__Host-hc_seat_{seat.id}=" in pressed.headers["set-cookie"]
    assert await portal.state() == "opened"


async def test_the_seat_is_the_one_of_the_link_in_the_text(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    await portal.hospital.poll()
    clinic = portal.hospital.clinic
    [visit] = await portal.hospital.visits()
    of_the_text = await clinic.seat(visit)

    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        page = await browser.get((await browser.post(landing.url.path)).headers["location"])

    assert len(await portal.hospital.visits()) == 1
    assert first_of(page)["seat"] == of_the_text.id


async def test_no_address_and_no_page_holds_the_links_secret(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        pressed = await browser.post(landing.url.path)
        page = await browser.get(pressed.headers["location"])
        picture = await browser.get(landing.url.path + "/qr.svg")

    assert "/v/" not in landing.text + page.text + pressed.headers["location"] + str(landing.url)
    assert picture.headers["content-type"].startswith("image/svg+xml")
    for each in (landing, page):
        assert "frame-ancestors 'none'" in each.headers["content-security-policy"]
        assert each.headers["referrer-policy"] == "no-referrer"
        assert each.headers["cache-control"] == "no-store"


async def test_a_fhir_context_picks_among_the_patients_own(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10)
    portal.hospital.book("a-2", in_minutes=40)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser, appointments=(AppointmentRef("a-2"),))

    [visit] = await portal.hospital.visits()
    assert visit.appointment_ref == "a-2"
    assert landing.url.path.endswith(visit.id)


async def test_a_fhir_context_that_names_anothers_appointment_is_refused(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10)
    portal.hospital.book("a-2", in_minutes=10, patient=BORIS)
    async with portal.browser() as browser:
        page = await portal.arrive(browser, appointments=(AppointmentRef("a-2"),))

    assert page.status_code == 403
    says(page, "foreign")
    assert "tel:+15550100100" in page.text
    assert await portal.hospital.visits() == []
    assert "visits.appointment_foreign" in await portal.rows()


async def test_an_appointment_that_names_nobody_is_nobodys_to_open(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10, patient=None)
    async with portal.browser() as browser:
        page = await portal.arrive(browser, appointments=(AppointmentRef("a-1"),))

    assert page.status_code == 403


async def test_a_search_that_brings_anothers_appointment_opens_only_ones_own(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EHR that leaves out the filter is not believed: each record says whose it is."""
    own = portal.hospital.book("a-1", in_minutes=10)
    others = portal.hospital.book("a-2", in_minutes=20, patient=BORIS)

    async def everything(*_: Any, **__: Any) -> list[Any]:
        return [others, own]

    monkeypatch.setattr(portal.hospital.ehr, "find_appointments_of_patient", everything)
    async with portal.browser() as browser:
        await portal.arrive(browser)

    assert [visit.appointment_ref for visit in await portal.hospital.visits()] == ["a-1"]


async def test_anothers_visit_at_ones_own_launch_is_refused(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10)
    portal.hospital.book("a-2", in_minutes=10, patient=BORIS)
    async with portal.browser() as anna, portal.browser() as boris:
        await portal.arrive(boris, patient=BORIS)
        own = await portal.arrive(anna)
        theirs = next(one for one in await portal.hospital.visits() if one.appointment_ref == "a-2")
        path = own.url.path.rpartition("/")[0] + f"/{theirs.id}"

        answers = [await anna.get(path), await anna.post(path)]
        picture = await anna.get(path + "/qr.svg")

    for answer in answers:
        assert answer.status_code == 403
        says(answer, "foreign", "da")
        assert "set-cookie" not in answer.headers
    assert picture.status_code == 404


async def test_several_are_chosen_from_by_their_times_alone(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10)
    portal.hospital.book("a-2", in_minutes=130)
    async with portal.browser() as browser:
        page = await portal.arrive(browser)
        language = "da"  # Anna's, in the EHR's record
        choices = re.findall(r'<a class="button button-wide" href="([^"]+)">([^<]+)</a>', page.text)
        landing = await browser.get(choices[1][0])

    says(page, "choose", language)
    assert [re.sub(r"\s", " ", when) for _, when in choices] == [
        "tirsdag 24. november, 09:10 CST",
        "tirsdag 24. november, 11:10 CST",
    ]
    assert 'data-testid="start"' in landing.text
    for secret in ("Anna", "Marsh", "patient-anna", "a-1"):
        assert secret not in page.text


@pytest.mark.parametrize("language", ["en", "da", "es", "ar"])
async def test_none_says_what_to_do_and_whom_to_call_in_every_language(portal: Portal, language: str) -> None:
    portal.hospital.book("a-1", in_minutes=10, patient=BORIS)
    portal.hospital.book("a-2", in_minutes=10, is_virtual=False)
    portal.hospital.book("a-3", in_minutes=-600)
    async with portal.browser(**{"Accept-Language": language}) as browser:
        page = await portal.arrive(browser)

    assert page.status_code == 200
    says(page, "none", language)
    assert "tel:+15550100100" in page.text
    assert await portal.hospital.visits() == []


async def test_the_language_is_the_records_then_the_browsers(portal: Portal) -> None:
    portal.hospital.book("a-1", in_minutes=10)
    portal.hospital.book("a-2", in_minutes=10, patient=BORIS)
    async with portal.browser(**{"Accept-Language": "ar"}) as browser:
        of_the_record = await portal.arrive(browser)
    portal.hospital.ehr._people[BORIS] = replace(portal.hospital.ehr._people[BORIS], language=None)
    async with portal.browser(**{"Accept-Language": "ar"}) as browser:
        of_the_browser = await portal.arrive(browser, patient=BORIS)

    assert '<html lang="da"' in of_the_record.text
    assert '<html lang="ar" dir="rtl"' in of_the_browser.text


async def test_nothing_that_says_who_the_patient_is_is_kept_and_no_token(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        await browser.post(landing.url.path)

    [launch] = await portal.launches()
    assert (launch.user_ref, launch.tokens_sealed, launch.tokens_expire_at) == (None, None, None)
    assert (launch.nonce, launch.verifier_sealed) == (None, None)
    kept = await portal.rows()
    for secret in ("patient-anna", "Anna", "Holm", "+15550140001"):
        assert secret not in kept


async def test_a_patients_launch_opens_no_panel(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        await portal.arrive(browser)
        [launch] = await portal.launches()
        panel = await browser.get(f"/panel/{launch.id}")

    assert panel.status_code == 401


async def test_a_clinicians_launch_opens_no_patients_page(portal: Portal) -> None:
    """Who looks at a chart must not be able to sit on the patient's seat."""
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        path = f"/ehr/launch/{portal.connection.id}?iss={portal.connection.base_url}&launch=l"
        asked = await browser.get(path)
        state = parse_qs(urlsplit(asked.headers["location"]).query)["state"][0]
        request = AuthorizationRequest("", state, "", "")
        code = portal.hospital.ehr.approve(request, user="practitioner-1", patient=ANNA)
        panel = (await browser.get("/ehr/callback", params={"state": state, "code": code})).headers[
            "location"
        ]
        [launch], [visit] = await portal.launches(), await portal.hospital.visits()
        page = await browser.get(f"/ehr/patient/visits/{launch.id}")
        press = await browser.post(f"/ehr/patient/visits/{launch.id}/{visit.id}")

    assert panel == f"/panel/{launch.id}"
    assert launch.visit_ids == [visit.id]
    assert (page.status_code, press.status_code) == (401, 401)
    assert "set-cookie" not in press.headers


async def test_a_patients_answer_at_the_clinicians_callback_opens_nothing_and_the_reverse(
    portal: Portal,
) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        state = await portal.begin(browser)
        code = portal.sign_in(state)
        crossed = await browser.get("/ehr/callback", params={"state": state, "code": code})
        chart = await browser.get(
            f"/ehr/launch/{portal.connection.id}?iss={portal.connection.base_url}&launch=l"
        )
        state = parse_qs(urlsplit(chart.headers["location"]).query)["state"][0]
        code = portal.sign_in(state)
        back = await browser.get("/ehr/patient/callback", params={"state": state, "code": code})

    assert crossed.status_code == 401
    assert back.status_code == 401
    says(back, "again")


async def test_an_answer_is_good_once_and_in_the_browser_that_began(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser, portal.browser() as other:
        state = await portal.begin(browser)
        query = {"state": state, "code": portal.sign_in(state)}
        stolen = await other.get("/ehr/patient/callback", params=query)
        good = await browser.get("/ehr/patient/callback", params=query)
        again = await browser.get("/ehr/patient/callback", params=query)
        elsewhere = await other.get(good.headers["location"])

    assert [each.status_code for each in (stolen, good, again, elsewhere)] == [403, 303, 409, 401]
    for each in (stolen, again, elsewhere):
        says(each, "again")


async def test_the_way_on_from_a_callback_is_always_our_own(portal: Portal) -> None:
    """No open redirect: whatever the answer says, it leads to our own pages."""
    async with portal.browser() as browser:
        state = await portal.begin(browser)
        evil = {
            "redirect": "https://evil.example",
            "next": "//evil.example",
            "error_uri": "https://evil.example",
        }
        code = portal.sign_in(state)
        good = await browser.get("/ehr/patient/callback", params={"state": state, "code": code, **evil})
        denied = await browser.get(
            "/ehr/patient/callback",
            params={"state": await portal.begin(browser), "error": "access_denied", **evil},
        )

    assert good.headers["location"].startswith("/ehr/patient/visits/")
    assert "evil.example" not in denied.text
    says(denied, "again")


@pytest.mark.parametrize("query", ["", "?iss=https://elsewhere.example/r4&launch=x", "?launch=x", "?iss=x"])
async def test_a_launch_that_is_none_of_ours_asks_nobody(portal: Portal, query: str) -> None:
    async with portal.browser() as browser:
        page = await browser.get(f"/ehr/patient/launch/{portal.connection.id}{query}")

    assert page.status_code in (400, 404)
    says(page, "again")
    assert portal.hospital.ehr.requests == 0


async def test_a_portal_with_a_base_of_its_own_is_launched_from_there_and_nowhere_else(
    portal: Portal,
) -> None:
    """Millennium's patient host is another FHIR base of the same tenant; the seats are the same."""
    portal.hospital.book(in_minutes=10)
    async with portal.hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, portal.connection.id)
        connection.patient_base_url = "https://patients.example/r4"
    path = f"/ehr/patient/launch/{portal.connection.id}"
    async with portal.browser() as browser:
        elsewhere = await browser.get(portal.launch_path)
        begun = await browser.get(f"{path}?iss=https://patients.example/r4/&launch=l-1")
        state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
        query = {"state": state, "code": portal.sign_in(state)}
        listed = await browser.get("/ehr/patient/callback", params=query)
        one = await browser.get(listed.headers["location"])

    [visit] = await portal.hospital.visits()
    assert elsewhere.status_code == 404
    assert one.headers["location"].endswith(visit.id)
    assert visit.connection_id == portal.connection.id


async def test_an_ehr_that_is_away_is_told_with_the_clinics_number(portal: Portal) -> None:
    async with portal.browser() as browser:
        state = await portal.begin(browser)
        portal.hospital.ehr.fault = EhrUnavailable()
        back = await browser.get("/ehr/patient/callback", params={"state": state, "code": "c"})
        begun = await browser.get(portal.launch_path)

    for page in (back, begun):
        assert page.status_code == 502
        says(page, "away")
        assert "tel:+15550100100" in page.text


async def test_a_connection_that_does_not_work_yet_takes_no_patient(portal: Portal) -> None:
    async with portal.hospital.clinic.database.work() as work:
        connection = await work.session.get_one(Connection, portal.connection.id)
        connection.environment, connection.state = "production", "tested"
    async with portal.browser() as browser:
        page = await browser.get(portal.launch_path)

    assert page.status_code == 409
    says(page, "again")


async def test_a_visit_that_is_cancelled_or_over_says_so_at_the_same_address(portal: Portal) -> None:
    booked = portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        portal.hospital.cancel(booked)
        await portal.hospital.poll()
        page = await browser.get(landing.url.path)
        press = await browser.post(landing.url.path)

    assert (page.status_code, press.status_code) == (410, 410)
    assert 'data-testid="lobby" data-state="cancelled"' in page.text


async def test_a_moved_visit_is_still_at_the_same_address(portal: Portal) -> None:
    booked = portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        portal.hospital.move(booked, by=timedelta(minutes=30), version="2")
        await portal.hospital.poll()
        page = await browser.get(landing.url.path)

    assert 'data-testid="start"' in page.text


async def test_the_newest_browser_holds_the_seat_and_the_older_can_take_it_back(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as old, portal.browser() as new:
        address = (await portal.arrive(old)).url.path
        await old.post(address)
        other = (await portal.arrive(new)).url.path
        await new.post(other)
        replaced = await old.get(address)
        await old.post(address)
        back = await old.get(address)

    assert 'data-testid="start"' in replaced.text
    assert first_of(back)["state"]["state"] == "opened"


async def test_after_some_hours_the_portal_is_asked_again(portal: Portal) -> None:
    portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        landing = await portal.arrive(browser)
        portal.hospital.clinic.clock.advance(PATIENT_SESSION_LIFE)
        page = await browser.get(landing.url.path)
        press = await browser.post(landing.url.path)

    assert (page.status_code, press.status_code) == (401, 401)
    says(page, "again")


async def test_the_launchs_cookie_goes_to_our_host_alone_and_with_no_other_sites_form(portal: Portal) -> None:
    async with portal.browser() as browser:
        answer = await browser.get(portal.launch_path)

    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name.startswith("__Host-hc_l")
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(rest.split("; "))


async def test_a_language_of_the_record_is_forgotten_with_the_visit(portal: Portal) -> None:
    booked = portal.hospital.book(in_minutes=10)
    async with portal.browser() as browser:
        await portal.arrive(browser)
    async with portal.hospital.clinic.database.work() as work:
        before = (await work.session.scalars(select(Seat.language))).all()
    portal.hospital.cancel(booked)
    await portal.hospital.poll()

    async with portal.hospital.clinic.database.work() as work:
        after = (await work.session.scalars(select(Seat.language))).all()
    assert (before, after) == (["da"], [None])
