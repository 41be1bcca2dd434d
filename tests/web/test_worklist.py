"""The clinician's list of the day: whose visits are on it, how it lives, and who may open what."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from housecall.db.database import Database
from housecall.ehr.base import LocationRef, PractitionerRef
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.visits import life, service
from housecall.visits.tables import Visit
from housecall.visits.topics import worklist_topic
from tests.visits.clinic import Clinic, an_appointment, open_clinic
from tests.web.live import Live, Page, serve

ME = "practitioner-1"
COLLEAGUE = "practitioner-2"


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic) -> AsyncIterator[Live]:
    async with serve(clinic) as made:
        yield made


async def booked(
    clinic: Clinic, ref: str, *, in_minutes: int = 5, of: str = ME, at: str = "location-1"
) -> Visit:
    """A visit of that clinician at that place."""
    start = clinic.now + timedelta(minutes=in_minutes)
    appointment = replace(
        an_appointment(ref, start, start + timedelta(minutes=15)),
        practitioners=(PractitionerRef(of),),
        locations=(LocationRef(at),),
    )
    made: Visit = await clinic.act(life.create_visit, clinic.connection, appointment)
    return made


async def listed(live: Live, launch: tuple[str, str], whose: str = "mine") -> tuple[Page, list[str]]:
    """A page with the list, after hello; the ids on it."""
    page = await live.open(f"/panel/{launch[0]}/today/socket?whose={whose}", launch[1])
    await page.say("hello", v=1, tab="list-1", resume=False)
    welcome = await page.until("worklist")
    return page, [view["visit"] for view in welcome["visits"]]


async def ask(live: Live, launch: tuple[str, str], path: str, body: Any = None) -> httpx.Response:
    headers = {"Cookie": launch[1], "X-Housecall": "panel", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", headers=headers) as http:
        return await http.post(f"/panel/{launch[0]}/today/{path}", content=json.dumps(body or {}))


async def test_my_list_holds_my_visits_of_today_and_no_others(live: Live) -> None:
    mine, later = await booked(live.clinic, "a"), await booked(live.clinic, "b", in_minutes=60)
    await booked(live.clinic, "c", of=COLLEAGUE)
    await booked(live.clinic, "d", in_minutes=60 * 30)

    _, ids = await listed(live, await live.launch(mine.id, user=ME))

    assert ids == [mine.id, later.id]


async def test_the_list_of_my_place_holds_everybodys_there(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    theirs = await booked(live.clinic, "b", of=COLLEAGUE, in_minutes=10)
    await booked(live.clinic, "c", of=COLLEAGUE, at="location-2")

    _, ids = await listed(live, await live.launch(mine.id, user=ME), "place")

    assert ids == [mine.id, theirs.id]


async def test_who_comes_changes_and_goes_is_heard_at_once(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    page, _ = await listed(live, await live.launch(mine.id, user=ME))

    await live.clinic.waiting(mine)
    await page.visit(lambda view: view["patient"]["state"] == "waiting")
    other = await booked(live.clinic, "b", in_minutes=20)

    await page.visit(lambda view: view["visit"] == other.id)


async def test_a_visit_moved_to_another_day_leaves_the_list(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    page, _ = await listed(live, await live.launch(mine.id, user=ME))
    view = await live.clinic.view(mine)
    tomorrow = {**view, "starts_at": view["starts_at"].replace(view["starts_at"][:4], "2099")}

    of = {"clinician": ME, "location": "location-1"}
    message = {"type": "listed", "visit": tomorrow, "of": of}
    await live.house.hub.publish(worklist_topic(live.clinic.connection.id), message)

    assert (await page.until("gone"))["visit"] == mine.id


async def test_anothers_change_is_not_heard(live: Live) -> None:
    mine, theirs = await booked(live.clinic, "a"), await booked(live.clinic, "b", of=COLLEAGUE)
    page, _ = await listed(live, await live.launch(mine.id, user=ME))

    await live.clinic.waiting(theirs)
    await page.settle()

    assert page.types() == ["worklist", "pong"]


async def test_a_visit_begun_again_stands_once(live: Live) -> None:
    mine = await booked(live.clinic, "a", in_minutes=0)
    await live.clinic.in_call(mine)
    await live.clinic.staff(service.end_visit, mine)
    again = await live.clinic.staff(service.restart_visit, mine)

    _, ids = await listed(live, await live.launch(mine.id, user=ME))

    assert ids == [again["visit"]]


async def test_an_arrival_is_acknowledged_from_the_list(live: Live) -> None:
    mine, other = await booked(live.clinic, "a"), await booked(live.clinic, "b")
    await live.clinic.waiting(other)
    launch = await live.launch(mine.id, user=ME)

    answer = await ask(live, launch, f"{other.id}/acknowledge")

    assert answer.json()["patient"]["arrival"]["acknowledged"] is True
    assert (await live.clinic.patient(other)).acknowledged_by == ME


@pytest.mark.parametrize("act", ["acknowledge", "open"])
async def test_a_visit_that_is_on_no_list_of_mine_is_unknown(live: Live, act: str) -> None:
    mine = await booked(live.clinic, "a")
    foreign = await booked(live.clinic, "b", of=COLLEAGUE, at="location-2")
    launch = await live.launch(mine.id, user=ME)

    answer = await ask(live, launch, f"{foreign.id}/{act}")

    assert (answer.status_code, answer.json()["code"]) == (404, "visits.visit_unknown")


async def test_names_of_a_visit_on_no_list_of_mine_are_not_read(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    foreign = await booked(live.clinic, "b", of=COLLEAGUE, at="location-2")
    launch = await live.launch(mine.id, user=ME)

    answer = await ask(live, launch, "names", {"visits": [mine.id, foreign.id]})

    assert answer.status_code == 404


async def test_opening_hands_over_that_visit_alone(live: Live) -> None:
    mine, other = await booked(live.clinic, "a"), await booked(live.clinic, "b")
    launch = await live.launch(mine.id, user=ME)

    url = (await ask(live, launch, f"{other.id}/open")).json()["url"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}") as browser:
        through = await browser.post(url.removeprefix(live.house.public_url))

    new = through.headers["location"].rsplit("/", 1)[1]
    cookie = through.headers["set-cookie"].split(";")[0]
    page = await live.staff((new, cookie))
    assert [view["visit"] for view in page.heard[0]["visits"]] == [other.id]


async def test_a_stranger_has_no_list(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    launch_id, _ = await live.launch(mine.id, user=ME)

    page = await live.open(f"/panel/{launch_id}/today/socket", "")
    code, _ = await page.closed()

    assert code == 4401


async def test_a_list_takes_no_room_message(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    page, _ = await listed(live, await live.launch(mine.id, user=ME))

    await page.say("join", visit=mine.id)

    assert (await page.closed())[0] == 4400


async def test_a_launch_without_access_to_the_ehr_reads_no_name(live: Live) -> None:
    """Never by the system account, which sees everybody."""
    mine = await booked(live.clinic, "a")
    launch = await live.launch(mine.id, user=ME)

    answer = await ask(live, launch, "names", {"visits": [mine.id]})

    assert (answer.status_code, answer.json()["code"]) == (403, "visits.names_not_shown")


async def test_a_page_that_never_says_hello_hears_nothing_and_leaves_nothing_behind(live: Live) -> None:
    mine = await booked(live.clinic, "a")
    launch = await live.launch(mine.id, user=ME)
    topic = worklist_topic(live.clinic.connection.id)

    page = await live.open(f"/panel/{launch[0]}/today/socket", launch[1])
    await page.close()
    await live.until_pages_are(0)

    assert not live.house.hub.is_heard(topic)
