"""Real workers, killed with kill -9 at random instants: every text leaves, and none leaves twice."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from benchmarks.reminders_worker import ROOT, Crew, Job
from sqlalchemy import insert, text

from housecall.db.database import Database
from housecall.kit.clock import SystemClock
from housecall.kit.ids import new_uuid
from housecall.kit.sealing import Sealer
from housecall.messaging.tables import Message
from tests.messaging.office import Office, open_office

KILLS = 30
MESSAGES = 1000


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """The origin of a counting gateway in a process of its own; a text takes 20 ms of its time."""
    command = [sys.executable, "-m", "benchmarks.reminders_gateway", "0.01"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    made = Crew()
    yield made
    made.close()


async def plan_many(office: Office) -> None:
    now = office.clock.now()
    row = {
        "org_id": office.org_id,
        "connection_id": office.connection.id,
        "kind": "reminder",
        "instant": "m15",
        "channel": "sms",
        "state": "planned",
        "due_at": now,
        "attempts": 0,
        "is_typed": False,
        "created_at": now,
    }
    rows = [{**row, "id": new_uuid(), "subject_ref": f"v_{number}"} for number in range(MESSAGES)]
    async with office.database.work() as work:
        await work.session.execute(insert(Message), rows)


async def states(database: Database) -> dict[str, int]:
    async with database.work() as work:
        rows = await work.session.execute(text("SELECT state, count(*) AS many FROM message GROUP BY state"))
        return {row.state: row.many for row in rows}


async def until_quiet(database: Database) -> None:
    """Until nothing waits to be sent or found out any more."""
    async with asyncio.timeout(60):
        # Other processes do the work, and only the database knows.
        while (await states(database)).keys() & {"planned", "queued", "unknown"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def kill_one(crew: Crew, job: Job) -> None:
    """One more worker begins, and of two the older is killed at any instant."""
    crew.start(job)
    if len(crew.working) == 2:
        await asyncio.sleep(random.uniform(0.05, 0.5))
        crew.kill(crew.working[0])


async def found(gateway: str) -> int:
    """How many texts had arrived when they were asked for by our id: a kill fell before that was written down."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return int((await http.get(f"{gateway}/counts")).json()["found"])


@pytest.mark.slow
async def test_workers_killed_at_any_instant_lose_no_text_and_send_none_twice(
    database: Database, empty_database: tuple[str, str], sealer: Sealer, crew: Crew, gateway: str
) -> None:
    office = await open_office(database, SystemClock(), sealer)  # type: ignore[arg-type]
    await plan_many(office)
    url, dsn = empty_database
    job = Job(url=url, dsn=dsn, gateway=f"{gateway}/gateway", lease_s=2.0, batch=20, reads_ehr=False)

    for _ in range(KILLS):
        await kill_one(crew, job)
    async with asyncio.timeout(60):
        # On a machine with much else to do the kills fall elsewhere: on, until one fell where a text may be doubled.
        while not await found(gateway) and "planned" in await states(database):
            await kill_one(crew, job)
    crew.kill(crew.working[0])
    crew.start(job)
    await until_quiet(database)

    async with httpx.AsyncClient(trust_env=False) as http:
        counts = (await http.get(f"{gateway}/counts")).json()
    assert (counts["numbers"], counts["doubled"]) == (MESSAGES, 0)
    assert await states(database) == {"accepted": MESSAGES}
    assert counts["posts"] == MESSAGES + counts["repeats"]
    assert counts["found"], "no kill fell between a text's leaving and our writing that down"
