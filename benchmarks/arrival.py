"""`make bench-arrival`: a patient enters the lobby and the panel shows it, with thousands waiting.

Three figures: the whole path (the patient's frame sent -> the panel's socket has the frame), the fan-out leg
of it alone (commit done -> the panel's socket has the frame) against a plain Node `ws` relay in the same run,
and our processes' memory for each patient who waits.
"""

import asyncio
import gc
import json
import os
import random
import resource
import statistics
import sys
import time
from typing import Any

from benchmarks.arrival_house import VISITS_A_PANEL
from benchmarks.arrival_people import BROWSER, Heart, Panels, Patient
from benchmarks.arrival_stage import House, Relay
from benchmarks.plain_socket import PlainSocket, connect

WAITING = int(os.environ.get("WAITING", "5000"))
ARRIVALS = int(os.environ.get("ARRIVALS", "1000"))
ROUNDS = 5
ARRIVALS_PER_S = 20.0
# The first to wait are not counted: with them pools, caches and code come to life, which they do only once.
FIRST = min(100, WAITING // 5)

WHOLE_PATH_P99_MS = 50.0
FAN_OUT_TIMES_NODE = 3.0
KIB_A_PATIENT = 32.0


async def fill_lobby(port: int, patients: list[Patient]) -> None:
    """All of them wait, in a lobby each."""
    turn = asyncio.Semaphore(16)

    async def go(patient: Patient) -> None:
        async with turn:
            await patient.open(port)
            await patient.test_devices()
            patient.enter()
            await patient.is_waiting()

    await asyncio.gather(*(go(patient) for patient in patients))


async def arrive(patients: list[Patient]) -> None:
    """They enter one by one, at random instants."""
    for patient in patients:
        await asyncio.sleep(random.expovariate(ARRIVALS_PER_S))
        patient.enter()
    await asyncio.gather(*(patient.is_waiting() for patient in patients))
    await asyncio.sleep(0.2)


class Reference:
    """The same number of sockets and the same frames through the plain relay."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._publisher: PlainSocket
        self.took_ms: list[float] = []

    async def open(self) -> None:
        """Everybody connected who is connected to the house."""
        for number in range(WAITING + ARRIVALS // VISITS_A_PANEL):
            await connect(self._port, f"/topic/{number}", BROWSER, self._hear)
        self._publisher = await connect(self._port, "/publish", BROWSER, self._hear)

    async def play(self, times: int, message: dict[str, Any]) -> None:
        """As many events, at the same pace."""
        for _ in range(times):
            await asyncio.sleep(random.expovariate(ARRIVALS_PER_S))
            topic = str(WAITING + random.randrange(ARRIVALS // VISITS_A_PANEL))
            self._publisher.send({"topic": topic, "message": message})
        await asyncio.sleep(0.2)

    def _hear(self, frame: bytes, at: int) -> None:
        self.took_ms.append((at - int(json.loads(frame)["begun_ns"])) / 1e6)


# As large as a visit's snapshot.
SNAPSHOT = {"type": "visit", "visit": {"visit": "v_1", "rev": 1, "filling": "x" * 900}}


async def measure(house: House, relay: Relay) -> dict[str, Any]:
    """Play it all; the figures."""
    await house.until_ready()
    heart = Heart()
    waiting = [Patient(number, heart) for number in range(WAITING)]
    arriving = [Patient(WAITING + number, heart) for number in range(ARRIVALS)]
    await fill_lobby(house.port, waiting[:FIRST])
    await asyncio.sleep(2)
    before = house.memory_kib()
    await fill_lobby(house.port, waiting[FIRST:])
    await asyncio.sleep(2)
    kib = [(late - early) / (WAITING - FIRST) for early, late in zip(before, house.memory_kib(), strict=True)]

    panels, reference = Panels(heart), Reference(relay.port)
    await panels.open(house.port, ARRIVALS)
    for patient in arriving:
        await patient.open(house.port)
        await patient.test_devices()
    await reference.open()
    gc.collect()
    gc.freeze()
    for number in range(ROUNDS):
        await arrive(arriving[number::ROUNDS])
        await reference.play(len(arriving[number::ROUNDS]), SNAPSHOT)
    return figures(arriving, panels, await house.notes(), reference, kib)


def figures(
    arriving: list[Patient],
    panels: Panels,
    commits: dict[tuple[str, int], int],
    reference: Reference,
    kib: list[float],
) -> dict[str, Any]:
    """The one line of JSON."""
    missing = [patient.number for patient in arriving if f"v_{patient.number}" not in panels.seen]
    whole, fan_out = [], []
    for patient in arriving:
        visit = f"v_{patient.number}"
        if visit in panels.seen:
            rev, at = panels.seen[visit]
            whole.append((at - patient.entered_ns) / 1e6)
            fan_out.append((at - commits[visit, rev]) / 1e6)
    node_p99 = p99(reference.took_ms)
    holds = (
        not missing
        and p99(whole) <= WHOLE_PATH_P99_MS
        and p99(fan_out) <= FAN_OUT_TIMES_NODE * node_p99
        and sum(kib) <= KIB_A_PATIENT
    )
    return {
        "bench": "arrival",
        "waiting": WAITING,
        "arrivals": len(whole),
        "missing": len(missing),
        "whole_path_ms": spread(whole),
        "fan_out_ms": spread(fan_out),
        "reference": {"what": "raw Node ws relay, same run", "fan_out_ms": spread(reference.took_ms)},
        "fan_out_p99_times_reference": round(p99(fan_out) / node_p99, 2),
        "kib_a_waiting_patient": round(sum(kib), 1),
        "of_that_web_kib": round(kib[0], 1),
        "of_that_database_kib": round(kib[1], 1),
        "bar": {
            "whole_path_p99_ms": WHOLE_PATH_P99_MS,
            "fan_out_p99_times_reference": FAN_OUT_TIMES_NODE,
            "kib_a_waiting_patient": KIB_A_PATIENT,
        },
        "holds": holds,
    }


def p99(values: list[float]) -> float:
    """The value that one in a hundred is above."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def spread(values: list[float]) -> dict[str, float]:
    """Median, p99 and worst."""
    return {
        "p50": round(statistics.median(values), 3),
        "p99": round(p99(values), 3),
        "max": round(max(values), 3),
    }


def main() -> int:
    """Run it; 0 when the bar holds."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    begun = time.monotonic()
    house, relay = House(visits=WAITING + ARRIVALS, watched_from=WAITING), Relay()
    try:
        found = asyncio.run(measure(house, relay))
    finally:
        relay.stop()
        house.stop()
    print(json.dumps({**found, "took_s": round(time.monotonic() - begun)}))
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
