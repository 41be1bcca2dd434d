"""`make bench-reminders`: due messages through a counting gateway, without kills and with them.

First one worker, left alone, sends MESSAGES; then KILLS workers, two at a time, are killed with kill -9 at
random instants while messages keep becoming due, and one more finishes what they left. Recipients are read
from an EHR that answers in 20 ms, in batches as its vendor allows. The reference is the same machine's posts
to the same gateway with neither database nor EHR.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from benchmarks.programs import a_program
from benchmarks.reminders_worker import Crew, Job, bench_sealer, number_of
from benchmarks.rows import row
from sqlalchemy import Connection as Link
from sqlalchemy import create_engine, insert, text

from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate
from housecall.messaging.providers.base import OutgoingText
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.tables import Message
from housecall.tenancy.tables import Connection, Organisation
from housecall.visits.links import coin
from housecall.visits.tables import Seat, Visit

MESSAGES: Final = int(os.environ.get("MESSAGES", "8000"))
KILLS: Final = int(os.environ.get("KILLS", "60"))

PER_SECOND: Final = 500.0
EHR_TAKES_S: Final = 0.02
# A reference of a few seconds: enough to be steady.
REFERENCE_POSTS: Final = 3000
_SENDS_AT_ONCE: Final = 20
# Workers being killed find out about each other's messages after this long.
_LEASE_S: Final = 3.0
_BATCH: Final = 25
# A text is on its way for twice as long: a kill then often comes between its leaving and our writing that down.
_TAKES_S: Final = 0.01
# So much is always due while workers are killed, and so much is added when it is not.
_KEEP_DUE: Final = 400
_ADD: Final = 400
_GIVE_UP_AFTER_S: Final = 1800.0
# A thousand kills take about a quarter of an hour; whoever asks for more than fits is told that it does not hold.
_KILL_WITHIN_S: Final = 3600.0

ORGANISATION: Final = uuid.UUID(int=0xB)
CONNECTION: Final = "c_bench"


@dataclass
class Place:
    """A database of its own, an EHR and a gateway, each in processes of their own."""

    url: str
    dsn: str
    gateway: str
    starts_at: datetime
    planned: int = 0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def job(self) -> Job:
        """Work on this place, as a worker does it by default."""
        return Job(url=self.url, dsn=self.dsn, gateway=f"{self.gateway}/gateway")

    def plan(self, count: int) -> None:
        """So many more visits, each with a reminder that is due."""
        numbers = range(self.planned, self.planned + count)
        self.planned += count
        now = datetime.now(UTC)
        with self._database() as link:
            link.execute(insert(Visit), [_visit(n, self.starts_at, now) for n in numbers])
            link.execute(insert(Seat), [_seat(n, now) for n in numbers])
            link.execute(insert(Message), [_message(n, now) for n in numbers])

    def states(self) -> dict[str, int]:
        """How many messages are in which state."""
        with self._database() as link:
            rows = link.execute(text("SELECT state, count(*) AS many FROM message GROUP BY state"))
            return {row.state: row.many for row in rows}

    def taken_over(self) -> int:
        """How many messages more than one worker had in hand."""
        with self._database() as link:
            found = link.execute(text("SELECT count(*) FROM message WHERE attempts > 1"))
            return int(found.scalar_one())

    def seconds_of_sending(self) -> float:
        """From the first claim to the last answer, by the messages' own stamps."""
        with self._database() as link:
            took = link.execute(text("SELECT max(accepted_at) - min(queued_at) FROM message")).scalar_one()
        return float(took.total_seconds())

    def counts(self) -> dict[str, int]:
        """What the gateway has sent."""
        found: dict[str, int] = self.http.get(f"{self.gateway}/counts").json()
        return found

    def until_more_is_posted(self) -> None:
        """Wait until the gateway hears from a worker, three seconds at most."""
        before, begun = self._posts(), time.monotonic()
        while self._posts() == before and time.monotonic() - begun < 3:
            time.sleep(0.01)

    def _posts(self) -> int:
        return int(self.http.get(f"{self.gateway}/posts").json()["posts"])

    def until_settled(self) -> None:
        """Wait until nothing is still to be sent or found out about."""
        begun = time.monotonic()
        while self._unsettled():
            if time.monotonic() - begun > _GIVE_UP_AFTER_S:
                raise TimeoutError("the messages are not settled after half an hour")
            time.sleep(0.2)

    def _unsettled(self) -> int:
        states = self.states()
        return sum(states.get(state, 0) for state in ("planned", "queued", "unknown"))

    @contextmanager
    def _database(self) -> Iterator[Link]:
        engine = create_engine(self.url)
        try:
            with engine.begin() as link:
                yield link
        finally:
            engine.dispose()


@contextmanager
def a_place(postgres: EmbeddedPostgres, name: str, *, gateway_takes_s: float = 0.0) -> Iterator[Place]:
    """A fresh place with one organisation and one connection."""
    dsn = postgres.create_database(name)
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    migrate(url)
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
    with (
        a_program("benchmarks.reminders_gateway", str(gateway_takes_s)) as gateway,
        a_program("benchmarks.reminders_ehr", str(EHR_TAKES_S), starts_at.isoformat()) as ehr,
    ):
        engine = create_engine(url)
        with engine.begin() as link:
            link.execute(insert(Organisation), [_organisation()])
            link.execute(insert(Connection), [_connection(f"{ehr}/fhir")])
        engine.dispose()
        place = Place(url, dsn, gateway, starts_at)
        yield place
        place.http.close()


def _organisation() -> dict[str, Any]:
    return row(
        Organisation,
        id=ORGANISATION,
        name="bench",
        display_name="Lakeside Clinic",
        region="americas",
        language="en",
        clinic_phone="",
        created_at=datetime.now(UTC),
    )


def _connection(base_url: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    sealed = bench_sealer().seal("secret", purpose=f"connection:{CONNECTION}")
    return row(
        Connection,
        id=CONNECTION,
        org_id=ORGANISATION,
        base_url=base_url,
        environment="production",
        vendor="millennium",
        state="live",
        client_kind="public",
        client_id="bench",
        system_client_id="bench-system",
        system_client_secret_sealed=sealed,
        locations=[],
        practitioners=[],
        virtual_rules=[],
        time_zone="America/Chicago",
        phone_region="US",
        texts_from="+18335550100",
        texts_to=[],
        consent_send_at=now,
        consent_attendees_at=now,
        consent_by="bench",
        confirm_existing=False,
        reminder_offsets_min=[],
        lobby_opens_min=30,
        window_closes_min=120,
        frame_ancestors=[],
        created_at=now,
    )


def _visit(number: int, starts_at: datetime, now: datetime) -> dict[str, Any]:
    return row(
        Visit,
        id=f"v_{number}",
        org_id=ORGANISATION,
        connection_id=CONNECTION,
        appointment_ref=f"a_{number}",
        appointment_version="1",
        ordinal=1,
        state="scheduled",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
        attendees_total=0,
        attendees_peak=0,
        hides_addresses=False,
        revision=1,
        created_at=now,
    )


def _seat(number: int, now: datetime) -> dict[str, Any]:
    link = coin(bench_sealer())
    return row(
        Seat,
        id=f"s_{number}",
        org_id=ORGANISATION,
        connection_id=CONNECTION,
        appointment_ref=f"a_{number}",
        role="patient",
        token_hash=link.token_hash,
        token_nonce=link.nonce,
        created_at=now,
    )


def _message(number: int, now: datetime) -> dict[str, Any]:
    return row(
        Message,
        id=uuid.uuid4(),
        org_id=ORGANISATION,
        connection_id=CONNECTION,
        subject_ref=f"v_{number}",
        kind="reminder",
        instant="m15",
        channel="sms",
        state="planned",
        due_at=now,
        attempts=0,
        is_typed=False,
        created_at=now,
    )


async def post_plainly(gateway: str, count: int) -> float:
    """Posts a second of as many texts, as many at once, with nothing around them."""
    provider, places = GatewayProvider(gateway), asyncio.Semaphore(_SENDS_AT_ONCE)

    async def post(number: int) -> None:
        async with places:
            await provider.send(
                OutgoingText(f"plain-{number}", "+18335550100", number_of(f"v_{number}"), "x" * 150)
            )

    begun = time.monotonic()
    await asyncio.gather(*(post(number) for number in range(count)))
    took = time.monotonic() - begun
    await provider.close()
    return count / took


def send_undisturbed(place: Place, crew: Crew) -> float:
    """One worker sends MESSAGES; how many a second."""
    place.plan(MESSAGES)
    pid = crew.start(place.job())
    place.until_settled()
    crew.kill(pid)
    return MESSAGES / place.seconds_of_sending()


def send_while_killed(place: Place, crew: Crew) -> int:
    """Workers are killed in the middle of their work, one more finishes; how many were killed."""
    job = replace(place.job(), lease_s=_LEASE_S, batch=_BATCH)
    kills = 0
    begun = time.monotonic()
    while kills < KILLS and time.monotonic() - begun < _KILL_WITHIN_S:
        if place.states().get("planned", 0) < _KEEP_DUE:
            place.plan(_ADD)
        while len(crew.working) < 2:
            crew.start(job)
        # Every other kill finds a worker in the middle of sending, the rest find one anywhere.
        if kills % 2:
            place.until_more_is_posted()
        time.sleep(random.uniform(0.0, 0.4))
        crew.kill(crew.working[0])
        kills += 1
    crew.start(job)
    place.until_settled()
    return kills


def judged(places: Mapping[str, Place]) -> dict[str, Any]:
    """What was lost, doubled and left unknown, over both rounds."""
    lost = doubled = unknown = 0
    for place in places.values():
        counts, states = place.counts(), place.states()
        lost += place.planned - counts["numbers"]
        doubled += counts["doubled"]
        unknown += states.get("unknown", 0) + states.get("queued", 0)
    return {"lost": lost, "doubled": doubled, "unknown": unknown}


def measure(postgres: EmbeddedPostgres) -> dict[str, Any]:
    """Both rounds and the reference; the figures."""
    crew = Crew()
    try:
        with (
            a_place(postgres, "undisturbed") as calm,
            a_place(postgres, "killed", gateway_takes_s=_TAKES_S) as rough,
            a_program("benchmarks.reminders_gateway", "0") as other,
        ):
            per_second = send_undisturbed(calm, crew)
            plain = asyncio.run(post_plainly(f"{other}/gateway", REFERENCE_POSTS))
            kills = send_while_killed(rough, crew) if KILLS else 0
            found = judged({"undisturbed": calm, "killed": rough})
            counts = rough.counts()
            detail = {
                "messages_while_killed": rough.planned,
                "taken_over": rough.taken_over(),
                "repeats_answered_by_the_gateway": counts["repeats"],
                "lookups": counts["lookups"],
                "taken_but_not_written_down": counts["found"],
            }
    finally:
        crew.close()
    holds = (
        kills == KILLS
        and per_second >= PER_SECOND
        and found["lost"] == found["doubled"] == found["unknown"] == 0
    )
    return {
        "bench": "reminders",
        "messages": MESSAGES,
        "kills": kills,
        **found,
        "per_second": round(per_second, 1),
        **detail,
        "reference": {"what": "plain posts to the gateway, same run", "per_second": round(plain, 1)},
        "bar": {"per_second": PER_SECOND, "lost": 0, "doubled": 0},
        "holds": holds,
    }


def main() -> int:
    """Run it; 0 when the bar holds."""
    # Told to stop, it cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hc-bench-reminders-", dir="/tmp"))
    os.chmod(folder, 0o755)
    postgres = EmbeddedPostgres.join(folder)
    try:
        found = measure(postgres)
    finally:
        postgres.leave()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({**found, "took_s": round(time.monotonic() - begun)}))
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
