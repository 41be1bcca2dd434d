"""`make bench-feed`: a connection with ten thousand appointments a day is polled, as routine.

A first poll of its windows finds the video visits; then RUNS polls find nothing new, as most polls do. The
reference reads the same pages, in the same order, with a bare httpx client in the same run. The budget of
requests is the connection's usual one, kept in the database.
"""

import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from benchmarks.programs import a_program

from housecall.audit.model import Actor, By
from housecall.db.database import Database
from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate
from housecall.db.queue import make_queue
from housecall.ehr.addresses import NetworkRules
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.log import set_up_logging
from housecall.kit.sealing import Sealer
from housecall.meetings.memory import MemoryRooms
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation
from housecall.tenancy.spending import Spending
from housecall.tenancy.tables import Connection
from housecall.visits.desk import Desk
from housecall.visits.polling import poll_connection, spans_of

A_DAY: Final = int(os.environ.get("A_DAY", "10000"))
RUNS: Final = int(os.environ.get("RUNS", "5"))
VIDEO_PCT: Final = 2

EVERY: Final = timedelta(seconds=30)
# A poll may take a third of the time until the next one, and three times what only reading its pages takes.
POLL_WITHIN_S: Final = 10.0
TIMES_THE_REFERENCE: Final = 3.0
# What the feed's share of the usual budget allows until the next poll.
REQUESTS_A_POLL: Final = 840
_BY: Final = By(Actor.operator, "bench")


@contextmanager
def a_database() -> Iterator[EmbeddedPostgres]:
    """A database server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hc-bench-feed-", dir="/tmp"))
    os.chmod(folder, 0o755)
    postgres = EmbeddedPostgres.join(folder / "data")
    try:
        yield postgres
    finally:
        postgres.leave()
        shutil.rmtree(folder, ignore_errors=True)


async def declare(database: Database, sealer: Sealer, origin: str, clock: FakeClock) -> Connection:
    """A connection that has been polled before, so that the polls here are routine ones."""
    declared = Declaration(
        base_url=f"{origin}/fhir",
        environment=Environment.test,
        vendor="generic",
        client_kind="public",
        client_id="bench",
        system_client_id="bench",
        system_client_secret="bench",
    )
    async with database.work() as work:
        owner = await ensure_organisation(work, "bench", region="americas", now=clock.now(), by=_BY)
        connection = await declare_connection(
            work, OrgId(uuid.UUID(str(owner.id))), declared, sealer=sealer, now=clock.now(), by=_BY
        )
        connection.first_polled_at, connection.feed_a_day = clock.now(), A_DAY
        return connection


class House:
    """One worker's feed, and its clock, which is moved on so that all polls read the same stretches."""

    def __init__(self, url: str, dsn: str) -> None:
        # A whole minute, so that a poll has a minute's budget whole.
        self.clock = FakeClock(datetime.now(UTC).replace(second=0, microsecond=0))
        self.sealer = Sealer(bytes(32))
        self.database = Database({"americas": url}, make_queue(dsn))
        self._network = NetworkRules.from_setting(("true",), "")
        self.desk = Desk(
            clock=self.clock,
            hub=Hub(),
            sealer=self.sealer,
            ehr=EhrDirectory(self.clock, self.sealer, self._network, Spending(self.database, self.clock)),
            public_url="http://localhost:8000",
            meetings=MemoryRooms(),
        )

    async def poll(self, connection_id: str) -> tuple[float, int]:
        """Seconds, and appointments read."""
        async with self.database.work() as work:
            connection = await work.session.get_one(Connection, connection_id)
            connection.next_poll_at = None
        begun = time.perf_counter()
        count = await poll_connection(self.desk, self.database, connection_id, feed_every=EVERY)
        return time.perf_counter() - begun, count

    async def close(self) -> None:
        """Everything is given back."""
        await self.desk.ehr.close()
        await self.database.close()


def until_same_turn(now: datetime) -> timedelta:
    """Whole minutes, each with a budget of its own, until a poll reads the stretches of this one again."""

    def behind(minutes: int) -> timedelta:
        later = now + timedelta(minutes=minutes)
        return spans_of(later, EVERY, is_first=False, a_day=A_DAY)[1][0] - later

    return timedelta(minutes=next(minutes for minutes in range(1, 200) if behind(minutes) == behind(0)))


async def read_bare(urls: list[str]) -> float:
    """The reference: seconds for the same pages, read one after the other and taken apart as JSON."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        begun = time.perf_counter()
        for url in urls:
            (await http.get(url)).json()
        return time.perf_counter() - begun


async def play(url: str, dsn: str, origin: str) -> dict[str, Any]:
    """The polls and the references, by turns."""
    house = House(url, dsn)
    try:
        connection = await declare(house.database, house.sealer, origin, house.clock)
        async with httpx.AsyncClient(trust_env=False) as asking:
            first_s, count = await house.poll(connection.id)
            polls, bare, urls = [], [], list[str]()
            for _ in range(RUNS):
                await asking.get(f"{origin}/fhir/asked")
                house.clock.advance(until_same_turn(house.clock.now()))
                polls.append((await house.poll(connection.id))[0])
                urls = (await asking.get(f"{origin}/fhir/asked")).json()["urls"]
                bare.append(await read_bare(urls))
    finally:
        await house.close()
    return {"first_s": first_s, "read": count, "requests": len(urls), "polls": polls, "bare": bare}


def measure() -> dict[str, Any]:
    """The one line of JSON."""
    with a_database() as postgres, a_program("benchmarks.feed_ehr", str(A_DAY), str(VIDEO_PCT)) as origin:
        dsn = postgres.create_database("feed")
        url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
        migrate(url)
        found = asyncio.run(play(url, dsn, origin))
    poll_s, bare_s = statistics.median(found["polls"]), statistics.median(found["bare"])
    return {
        "bench": "feed",
        "appointments_a_day": A_DAY,
        "appointments_read": found["read"],
        "requests": found["requests"],
        "poll_s": {
            "p50": round(poll_s, 2),
            "max": round(max(found["polls"]), 2),
            "finding": round(found["first_s"], 2),
        },
        "reference_s": round(bare_s, 2),
        "times_the_reference": round(poll_s / bare_s, 2),
        "bar": {
            "poll_s": POLL_WITHIN_S,
            "times_the_reference": TIMES_THE_REFERENCE,
            "requests": REQUESTS_A_POLL,
        },
        "holds": poll_s <= POLL_WITHIN_S
        and poll_s <= TIMES_THE_REFERENCE * bare_s
        and 0 < found["requests"] <= REQUESTS_A_POLL,
    }


def main() -> int:
    """Measure, print, and say by the exit code whether the bar holds."""
    set_up_logging("ERROR")
    result = measure()
    print(json.dumps(result))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
