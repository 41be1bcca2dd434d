"""The house of the arrival benchmark: seeded, served as always, with a stopwatch on its commits."""

import asyncio
import json
import os
import signal
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from benchmarks.rows import row
from sqlalchemy import create_engine, event, insert, text
from sqlalchemy.orm import Session

from housecall.audit.model import Actor, By
from housecall.commands.serve import bind, serve
from housecall.compose import Place, build_house, close_house, open_place
from housecall.kit.ids import OrgId, hash_token
from housecall.kit.log import set_up_logging
from housecall.kit.settings import Settings
from housecall.realtime.hub import Hub
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation
from housecall.visits.tables import Launch, Participant, Seat, Visit

VISITS_A_PANEL = 5


@dataclass(frozen=True)
class Clinic:
    """What every row belongs to."""

    org_id: OrgId
    connection_id: str


def seat_secret(number: int) -> str:
    """The cookie of a seat, the same for the house and for who plays the patient."""
    return f"seat-secret-{number:08d}"


def launch_secret(number: int) -> str:
    """The cookie of a launch."""
    return f"launch-secret-{number:08d}"


async def declare(settings: Settings, place: Place) -> Clinic:
    """One clinic with one connection, as an operator would declare it; switched off, for there is no EHR."""
    house = await build_house(settings, place)
    now, by = house.clock.now(), By(Actor.operator, "bench")
    declared = Declaration(
        base_url="http://localhost:9/fhir",
        environment=Environment.test,
        vendor="generic",
        client_kind="public",
        client_id="bench",
    )
    async with house.database.work() as work:
        organisation = await ensure_organisation(work, "bench", region=settings.region, now=now, by=by)
        org_id = OrgId(organisation.id)
        connection = await declare_connection(work, org_id, declared, sealer=house.sealer, now=now, by=by)
        connection.state = "draft"
    await close_house(house)
    return Clinic(org_id, connection.id)


def seed(url: str, clinic: Clinic, visits: int, watched_from: int) -> None:
    """``visits`` open visits, whose patients have opened their links; those from ``watched_from`` on have panels."""
    now = datetime.now(UTC)
    panels = range((visits - watched_from) // VISITS_A_PANEL)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(Visit), [_visit(clinic, n, now) for n in range(visits)])
        connection.execute(insert(Seat), [_seat(clinic, n, now) for n in range(visits)])
        connection.execute(insert(Participant), [_participant(clinic, n, now) for n in range(visits)])
        connection.execute(insert(Launch), [_launch(clinic, n, watched_from, now) for n in panels])
        # So many rows at once come to no clinic; the planner learns of them here instead of over the months.
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _visit(clinic: Clinic, number: int, now: datetime) -> dict[str, Any]:
    return row(
        Visit,
        id=f"v_{number}",
        org_id=clinic.org_id,
        connection_id=clinic.connection_id,
        appointment_ref=f"a{number}",
        appointment_version="1",
        ordinal=1,
        state="open",
        starts_at=now + timedelta(minutes=10),
        ends_at=now + timedelta(minutes=40),
        opened_at=now,
        attendees_total=0,
        attendees_peak=0,
        hides_addresses=False,
        revision=1,
        created_at=now,
    )


def _seat(clinic: Clinic, number: int, now: datetime) -> dict[str, Any]:
    return row(
        Seat,
        id=f"s_{number}",
        org_id=clinic.org_id,
        connection_id=clinic.connection_id,
        appointment_ref=f"a{number}",
        role="patient",
        token_hash=hash_token(f"token-{number}"),
        token_nonce="",
        holder_hash=hash_token(seat_secret(number)),
        created_at=now,
    )


def _participant(clinic: Clinic, number: int, now: datetime) -> dict[str, Any]:
    return row(
        Participant,
        id=f"p_{number}",
        org_id=clinic.org_id,
        visit_id=f"v_{number}",
        seat_id=f"s_{number}",
        role="patient",
        state="opened",
        since=now,
        present=False,
        opened_at=now,
        reconnects=0,
        created_at=now,
    )


def _launch(clinic: Clinic, number: int, watched_from: int, now: datetime) -> dict[str, Any]:
    first = watched_from + number * VISITS_A_PANEL
    return row(
        Launch,
        id=f"l_{number}",
        org_id=clinic.org_id,
        connection_id=clinic.connection_id,
        persona="practitioner",
        state="active",
        secret_hash=hash_token(launch_secret(number)),
        user_ref=f"Practitioner/{number}",
        visit_ids=[f"v_{first + n}" for n in range(VISITS_A_PANEL)],
        created_at=now,
        expires_at=now + timedelta(hours=12),
    )


_committed_ns: ContextVar[int] = ContextVar("committed_ns", default=0)
_published: list[tuple[str, int, int]] = []


def put_stopwatch() -> None:
    """Note, for each visit's snapshot published, when the commit that caused it was done."""
    publish = Hub.publish

    async def timed_publish(self: Hub, topic: str, message: dict[str, Any]) -> None:
        if message["type"] == "visit":
            _published.append((message["visit"]["visit"], message["visit"]["rev"], _committed_ns.get()))
        await publish(self, topic, message)

    event.listen(Session, "after_commit", lambda _session: _committed_ns.set(time.monotonic_ns()))
    Hub.publish = timed_publish  # type: ignore[method-assign]


def main(settings: Settings, notes: Path) -> None:
    """Serve until told to stop; on SIGUSR1 the stopwatch's notes are written to ``notes``."""
    listener = bind(settings.text("HOUSECALL_HOST"), settings.port)
    place = open_place(settings)
    try:
        clinic = asyncio.run(declare(settings, place))
        seed(place.url, clinic, int(os.environ["BENCH_VISITS"]), int(os.environ["BENCH_WATCHED_FROM"]))
        signal.signal(
            signal.SIGUSR1, lambda *_: print(notes.write_text(json.dumps(_published)), file=sys.stderr)
        )
        uvloop.run(serve(settings, place, listener, with_worker=True))
    finally:
        place.leave()


if __name__ == "__main__":
    put_stopwatch()
    set_up_logging("WARNING")
    main(Settings(os.environ), Path(os.environ["BENCH_NOTES"]))
