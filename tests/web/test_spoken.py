"""A code that is read out: typed in any manner it opens the link once; guesses are counted."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.kit.throttle import Throttle
from housecall.visits import service
from housecall.visits.errors import VisitOver
from housecall.visits.spoken import CODE_LIFE, make_code
from housecall.visits.tables import Visit
from housecall.web import spoken
from tests.visits.clinic import NURSE, Clinic, open_clinic
from tests.web.live import Live, serve


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def live(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    monkeypatch.setattr(spoken, "_EACH", Throttle(10, timedelta(minutes=10)))
    monkeypatch.setattr(spoken, "_ALL", Throttle(200, timedelta(minutes=1)))
    async with serve(clinic) as made:
        yield made


async def a_code(clinic: Clinic, visit: Visit) -> str:
    return str((await clinic.act(make_code, visit.id, by=NURSE)).code)


async def type_in(live: Live, code: str, **headers: str) -> httpx.Response:
    own = {"Origin": live.house.public_url, **headers}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", headers=own) as http:
        return await http.post("/j", data={"code": code})


async def test_a_code_leads_to_the_patients_own_link(live: Live) -> None:
    visit = await live.clinic.visit()
    code = await a_code(live.clinic, visit)

    answer = await type_in(live, code)

    assert answer.status_code == 303
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}") as http:
        landing = await http.get(answer.headers["location"].removeprefix(live.house.public_url))
    assert 'data-testid="start"' in landing.text


@pytest.mark.parametrize("manner", ["{0}-{1}-{2}", "{0}{1}{2}", " {0} . {1} / {2} "])
async def test_however_it_is_typed(live: Live, manner: str) -> None:
    code = await a_code(live.clinic, await live.clinic.visit())

    assert (await type_in(live, manner.format(*code.split()))).status_code == 303


async def test_digits_of_the_readers_own_script_count(live: Live) -> None:
    code = await a_code(live.clinic, await live.clinic.visit())
    arabic = code.translate({ord(str(n)): chr(0x0660 + n) for n in range(10)})

    assert (await type_in(live, arabic)).status_code == 303


async def test_a_code_works_once_and_for_two_hours(live: Live) -> None:
    first, second = await live.clinic.visit(), await live.clinic.visit("b", in_minutes=170)
    once, late = await a_code(live.clinic, first), await a_code(live.clinic, second)
    await type_in(live, once)
    live.clinic.later(seconds=CODE_LIFE.total_seconds())

    answers = [(await type_in(live, code)).status_code for code in (once, late)]

    assert answers == [404, 404]


async def test_a_second_code_ends_the_first(live: Live) -> None:
    visit = await live.clinic.visit()
    first, second = await a_code(live.clinic, visit), await a_code(live.clinic, visit)

    assert (await type_in(live, first)).status_code == 404
    assert (await type_in(live, second)).status_code == 303


async def test_a_wrong_code_says_so_and_keeps_what_was_typed(live: Live) -> None:
    answer = await type_in(live, "123 456 789", **{"Accept-Language": "da"})

    assert answer.status_code == 404
    assert 'value="123 456 789"' in answer.text
    assert "forkert" in answer.text


async def test_whoever_guesses_is_stopped_and_a_right_code_does_not_help_then(live: Live) -> None:
    code = await a_code(live.clinic, await live.clinic.visit())
    for _ in range(10):
        await type_in(live, "000 000 000")

    assert (await type_in(live, code)).status_code == 429
    live.clinic.later(minutes=11)
    assert (await type_in(live, code)).status_code == 303


async def test_another_sites_form_is_refused(live: Live) -> None:
    code = await a_code(live.clinic, await live.clinic.visit())

    assert (await type_in(live, code, Origin="https://elsewhere.example")).status_code == 403


async def test_the_digits_are_nowhere_in_the_database(live: Live) -> None:
    code = await a_code(live.clinic, await live.clinic.visit())

    async with live.clinic.database.work() as work:
        rows = (await work.session.execute(text("SELECT spoken_code::text FROM spoken_code"))).scalars().all()
    assert rows
    assert not any(re.sub(r"\D", "", code) in row for row in rows)


async def test_a_visit_that_is_over_has_no_code(live: Live) -> None:
    visit = await live.clinic.visit(in_minutes=0)
    await live.clinic.in_call(visit)
    await live.clinic.staff(service.end_visit, visit)

    with pytest.raises(VisitOver):
        await a_code(live.clinic, visit)
