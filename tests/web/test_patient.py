"""The patient's way in, through the real routes and a real database."""

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from housecall.audit.model import Actor, By
from housecall.compose import add_languages
from housecall.db.database import Database
from housecall.ehr.base import Appointment, AppointmentRef, AppointmentStatus
from housecall.kit import languages
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId, new_uuid
from housecall.kit.languages import ENGLISH_NAMES, OWN_NAMES
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.meetings.builtin import BuiltinRooms
from housecall.realtime.hub import Hub
from housecall.tenancy.tables import Connection, Organisation
from housecall.visits import life, links, lobby, store
from housecall.visits.desk import Desk
from housecall.web import errors
from housecall.web.house import House
from housecall.web.pages import catalogue
from housecall.web.patient import routes
from housecall.web.patient_sight import PAGE

BY = By(Actor.system, "tests")
START = datetime.fromisoformat("2026-11-24T15:20:00+00:00")


class Clinic:
    """One organisation with one visit, and the application over it."""

    def __init__(self, database: Database, clock: FakeClock, sealer: Sealer) -> None:
        self.clock, self.database = clock, database
        settings = Settings({"HOUSECALL_PUBLIC_URL": "https://visits.example"})
        self.desk = Desk(
            clock=clock,
            hub=Hub(),
            sealer=sealer,
            ehr=None,  # type: ignore[arg-type]  # nothing here asks an EHR
            public_url=settings.public_url,
            meetings=BuiltinRooms(clock),
        )
        self.app = FastAPI()
        self.app.state.house = House(
            settings, database, sealer, clock, self.desk.hub, self.desk, settings.public_url
        )
        errors.install(self.app)
        self.app.include_router(routes)
        self.org_id = OrgId(new_uuid())
        self.visit_id = self.link = self.seat_id = ""

    async def open(self) -> None:
        """Write the organisation, its connection and one visit at 15:20 UTC."""
        now = self.clock.now()
        async with self.database.work() as work:
            work.session.add(_organisation(self.org_id, now))
            await work.session.flush()
            connection = _connection(self.org_id, now)
            work.session.add(connection)
            await work.session.flush()
            visit = await life.create_visit(self.desk, work, self.org_id, connection, _appointment())
            seat = await store.find_patient_seat(work, self.org_id, connection.id, visit.appointment_ref)
            assert seat is not None
            self.visit_id, self.seat_id, self.link = visit.id, seat.id, links.make_link(self.desk, seat)

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A browser with cookies of its own."""
        transport = httpx.ASGITransport(app=self.app)
        sent = {"Accept": "text/html", **headers}
        return httpx.AsyncClient(transport=transport, base_url="https://visits.example", headers=sent)

    async def state(self) -> dict[str, Any]:
        """The patient's state as the socket would say it."""
        async with self.database.work() as work:
            return await lobby.patient_state(self.desk, work, self.org_id, self.seat_id)


def _organisation(org_id: OrgId, now: datetime) -> Organisation:
    return Organisation(
        id=org_id,
        name="default",
        display_name="Lakeview Family Clinic",
        region="americas",
        language="es",
        clinic_phone="+1 555 010 0100",
        created_at=now,
    )


def _connection(org_id: OrgId, now: datetime) -> Connection:
    return Connection(
        id="c_1",
        org_id=org_id,
        base_url="https://ehr.example/r4",
        environment="test",
        vendor="generic",
        state="validated",
        client_kind="public",
        client_id="app",
        locations=[],
        practitioners=[],
        virtual_rules=[],
        time_zone="America/Chicago",
        phone_region="US",
        texts_to=[],
        confirm_existing=False,
        reminder_offsets_min=[60],
        lobby_opens_min=30,
        window_closes_min=120,
        frame_ancestors=[],
        write_back=[],
        created_at=now,
    )


def _appointment() -> Appointment:
    return Appointment(
        ref=AppointmentRef("a1"),
        version="1",
        status=AppointmentStatus.booked,
        start=START,
        end=START + timedelta(minutes=30),
        patient=None,
        practitioners=(),
        locations=(),
        is_virtual=True,
        service=None,
    )


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> AsyncIterator[Clinic]:
    made = Clinic(database, clock, sealer)
    await made.open()
    yield made


async def press_start(browser: httpx.AsyncClient, clinic: Clinic) -> httpx.Response:
    answer = await browser.post(clinic.link)
    assert answer.status_code == 303
    return await browser.get(answer.headers["location"])


def first_of(page: httpx.Response) -> dict[str, Any]:
    """What the page's script is given."""
    block = re.search(r'<script type="application/json" id="first">(.*?)</script>', page.text, re.S)
    assert block, page.text
    found: dict[str, Any] = json.loads(block[1])
    return found


async def test_opening_the_link_changes_nothing_however_often(clinic: Clinic) -> None:
    before = await clinic.state()

    async with clinic.browser() as scanner:
        for _ in range(3):
            page = await scanner.get(clinic.link)

    assert page.status_code == 200
    assert 'data-testid="start"' in page.text
    assert "set-cookie" not in page.headers
    assert (await clinic.state())["rev"] == before["rev"]
    assert (await clinic.state())["state"] == "invited"


async def test_the_landing_page_says_who_and_when_without_a_script(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        page = await browser.get(clinic.link + "?lang=en")

    assert "Lakeview Family Clinic" in page.text
    assert "Tuesday, November 24, 9:20\u00a0AM\u00a0CST" in page.text
    assert 'href="tel:+15550100100"' in page.text


async def test_the_press_takes_the_seat_and_leads_to_the_visit(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        page = await press_start(browser, clinic)
        again = await browser.get(clinic.link)

    assert first_of(page)["seat"] == clinic.seat_id
    assert first_of(page)["state"]["state"] == "opened"
    assert first_of(again)["state"]["state"] == "opened"


async def test_the_seats_cookie_is_bound_to_our_host_and_hidden_from_scripts(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        answer = await browser.post(clinic.link)

    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == f"__Host-hc_seat_{clinic.seat_id}"
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(rest.split("; "))
    assert "Domain" not in rest


async def test_the_newest_browser_holds_the_seat(clinic: Clinic) -> None:
    async with clinic.browser() as old, clinic.browser() as new:
        await press_start(old, clinic)
        await press_start(new, clinic)

        assert 'data-testid="start"' in (await old.get(clinic.link)).text
        assert first_of(await new.get(clinic.link))["seat"] == clinic.seat_id


async def test_pages_are_kept_by_nobody_and_named_to_nobody(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        pages = [await browser.get(clinic.link), await press_start(browser, clinic)]

    for page in pages:
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]


async def test_a_wrong_link_has_a_page_that_says_what_to_do(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        page = await browser.get("/v/nothing-like-this?lang=en")
        press = await browser.post("/v/nothing-like-this")
        picture = await browser.get("/v/nothing-like-this/qr.svg")

    assert (page.status_code, press.status_code, picture.status_code) == (404, 404, 404)
    assert catalogue("en")["notice"]["unknown_heading"] in page.text
    assert "set-cookie" not in press.headers


async def test_a_cancelled_visits_link_says_so_and_takes_nobody_in(clinic: Clinic) -> None:
    async with clinic.database.work() as work:
        await life.cancel_visit(clinic.desk, work, clinic.org_id, clinic.visit_id, by=BY, reason="ehr")

    async with clinic.browser() as browser:
        page = await browser.get(clinic.link)
        press = await browser.post(clinic.link)

    assert (page.status_code, press.status_code) == (410, 410)
    assert 'data-testid="lobby" data-state="cancelled"' in page.text
    assert "tel:+15550100100" in page.text
    assert "set-cookie" not in press.headers


async def test_a_moved_visits_old_link_points_to_the_new_message(clinic: Clinic) -> None:
    later = START + timedelta(days=1)
    async with clinic.database.work() as work:
        await life.move_visit_time(
            clinic.desk, work, clinic.org_id, clinic.visit_id, later, later + timedelta(minutes=30), by=BY
        )

    async with clinic.browser() as browser:
        page = await browser.get(clinic.link)

    assert page.status_code == 410
    assert 'data-testid="lobby" data-state="moved"' in page.text


async def test_after_the_window_the_link_says_that_the_visit_is_over(clinic: Clinic) -> None:
    clinic.clock.advance(timedelta(hours=4))

    async with clinic.browser() as browser:
        page = await browser.get(clinic.link)

    assert page.status_code == 410
    assert 'data-testid="visit-over"' in page.text


async def test_who_comes_early_may_test_and_hears_when_the_waiting_room_opens(
    database: Database, sealer: Sealer
) -> None:
    early = Clinic(database, FakeClock(START - timedelta(hours=2)), sealer)
    await early.open()

    async with early.browser() as browser:
        landing = await browser.get(early.link + "?lang=en")
        page = await press_start(browser, early)

    assert "The waiting room opens at 8:50\u00a0AM" in landing.text
    assert first_of(page)["state"]["lobby"] == "early"
    assert first_of(page)["ahead"] == ""


@pytest.mark.parametrize(
    ("language", "when"),
    [
        ("en", "Tuesday, November 24, 9:20\u00a0AM\u00a0CST"),
        ("da", "tirsdag 24. november, 09:20\u00a0CST"),
        ("es", "martes 24 de noviembre, 9:20\u00a0a.m.\u00a0CST"),
        ("ar", "الثلاثاء 24 نوفمبر، 9:20\u00a0ص\u00a0CST"),
    ],
)
async def test_days_ahead_the_link_names_the_day_and_offers_the_test(
    database: Database, sealer: Sealer, language: str, when: str
) -> None:
    early = Clinic(database, FakeClock(START - timedelta(days=2)), sealer)
    await early.open()

    async with early.browser() as browser:
        landing = await browser.get(early.link + f"?lang={language}")
        page = await press_start(browser, early)
        early.clock.advance(timedelta(days=2))
        on_the_day = await browser.get(early.link)

    said = catalogue(language)["landing"]
    assert said["ahead"].format(time=when) in landing.text
    assert said["start_ahead"] in landing.text
    assert first_of(page)["ahead"] == when
    assert first_of(on_the_day)["ahead"] == ""


@pytest.mark.parametrize(
    ("query", "accepted", "expected"), [("?lang=da", "ar", "da"), ("", "ar;q=0.9", "ar"), ("", "fr", "es")]
)
async def test_the_language_is_asked_for_told_or_the_clinics(
    clinic: Clinic, query: str, accepted: str, expected: str
) -> None:
    async with clinic.browser(**{"Accept-Language": accepted}) as browser:
        page = await browser.get(clinic.link + query)

    assert f'<html lang="{expected}"' in page.text
    assert catalogue(expected)["landing"]["heading"] in page.text


async def test_a_chosen_language_is_remembered(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        await browser.get(clinic.link + "?lang=ar")
        page = await press_start(browser, clinic)

    assert '<html lang="ar" dir="rtl"' in page.text
    assert first_of(page)["texts"]["lobby"] == catalogue("ar")["lobby"]


async def test_a_language_that_we_do_not_speak_is_not_remembered(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        page = await browser.get(clinic.link + "?lang=x%0d%0aSet-Cookie:a=b")

    assert "set-cookie" not in page.headers


async def test_the_picture_leads_to_the_same_link(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        picture = await browser.get(clinic.link + "/qr.svg")

    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.startswith("<?xml")
    assert (await clinic.state())["state"] == "invited"


async def test_nothing_of_a_page_says_who_else_is_there(clinic: Clinic) -> None:
    async with clinic.browser() as browser:
        page = await press_start(browser, clinic)

    assert set(first_of(page)) == set(PAGE)
    assert "peers" not in first_of(page)["state"]


async def test_a_fifth_language_is_one_file_and_what_it_does_not_say_is_said_in_the_clinics(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch stays in sight, so that whoever reads neither can choose another."""
    said = {
        "name": "Svenska",
        "english_name": "Swedish",
        "pages": {"landing": {"start": "Testa min kamera"}, "lobby": {"waiting_heading": "Du väntar"}},
    }
    (tmp_path / "sv.json").write_text(json.dumps(said), encoding="utf-8")
    for known in (OWN_NAMES, ENGLISH_NAMES, languages._added):
        monkeypatch.setitem(known, "sv", None)  # type: ignore[arg-type]
    add_languages(Settings({"HOUSECALL_LANGUAGES_DIR": str(tmp_path)}))

    async with clinic.browser(**{"Accept-Language": "sv-SE,en;q=0.5"}) as browser:
        landing = await browser.get(clinic.link)
        page = await press_start(browser, clinic)

    assert '<html lang="sv" dir="ltr">' in landing.text
    assert "Testa min kamera" in landing.text
    assert catalogue("es")["landing"]["heading"] in landing.text
    for shown in (landing, page):
        assert '<option value="sv" lang="sv" selected>Svenska</option>' in shown.text
        assert '<option value="en" lang="en">English</option>' in shown.text
    texts = first_of(page)["texts"]["lobby"]
    assert texts == catalogue("es")["lobby"] | {"waiting_heading": "Du väntar"}
