"""Workers that can be killed: a nursery with everything loaded forks one for each line it reads.

A fresh interpreter takes a second to load; a fork takes some milliseconds, and is a process like any other.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from housecall.db.database import Database
from housecall.db.queue import make_queue
from housecall.ehr.addresses import NetworkRules
from housecall.kit.clock import SystemClock
from housecall.kit.ids import OrgId
from housecall.kit.log import set_up_logging
from housecall.kit.sealing import Sealer
from housecall.meetings.memory import MemoryRooms
from housecall.messaging.model import Channel
from housecall.messaging.outbox import Outbox
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.registry import Providers
from housecall.messaging.recipients import Due, Outcome, Recipient, Resolver
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory
from housecall.visits.desk import Desk
from housecall.visits.recipients import VisitRecipients

ROOT: Final = Path(__file__).parents[1]
PUBLIC_URL: Final = "https://video.lakeside.example"


@dataclass(frozen=True)
class Job:
    """What a worker works on; without ``reads_ehr`` it knows everybody's number by itself."""

    url: str
    dsn: str
    gateway: str
    lease_s: float = 60.0
    batch: int = 100
    reads_ehr: bool = True


def bench_sealer() -> Sealer:
    """The same for who makes the links and who sends them."""
    return Sealer(hashlib.sha256(b"a key for the benchmark").digest())


def number_of(subject: str) -> str:
    """The number of the ``v_<n>``-th make-believe patient: valid, and everybody's own."""
    return f"+1312{2_000_000 + int(subject.removeprefix('v_')):07d}"


class ByHeart:
    """A resolver that knows everybody's number."""

    async def resolve(self, messages: Sequence[Due]) -> Mapping[uuid.UUID, Outcome]:
        values = {"clinic": "Lakeside", "time": "9:15", "link": f"{PUBLIC_URL}/v/x"}
        return {
            due.id: Recipient(number_of(due.subject_ref), "en", values, "+18335550100") for due in messages
        }


class Crew:
    """A nursery, and the workers it has under way."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.reminders_worker"]
        self._nursery = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.working: list[int] = []

    def start(self, job: Job) -> int:
        """A worker is at work; returns its process id."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(asdict(job)) + "\n")
        self._nursery.stdin.flush()
        pid = int(self._nursery.stdout.readline())
        self.working.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """kill -9, at once; returns when nothing is left of it."""
        os.kill(pid, signal.SIGKILL)
        self.working.remove(pid)
        while _is_there(pid):
            time.sleep(0.001)

    def close(self) -> None:
        """Nobody works any more."""
        for pid in list(self.working):
            self.kill(pid)
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait()
        self._nursery.stdout.close()


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def work(job: Job, nursery: int) -> None:
    """Send what is due until killed, or until the nursery is gone."""
    clock, sealer = SystemClock(), bench_sealer()
    database = Database({"americas": job.url}, make_queue(job.dsn))
    desk = Desk(
        clock=clock,
        hub=Hub(),
        sealer=sealer,
        ehr=EhrDirectory(clock, sealer, NetworkRules.from_setting(("true",), "")),
        public_url=PUBLIC_URL,
        meetings=MemoryRooms(),
    )
    resolver: Resolver = VisitRecipients(desk, database) if job.reads_ehr else ByHeart()
    providers = Providers({Channel.sms: GatewayProvider(job.gateway)})
    lease = timedelta(seconds=job.lease_s)
    outbox = Outbox(database, providers, resolver, clock, sealer, _tell_nobody, lease=lease)
    while os.getppid() == nursery:
        if not await outbox.send_due(job.batch):
            await asyncio.sleep(0.05)


async def _tell_nobody(org_id: OrgId, subject_ref: str) -> None:
    """No panel is open."""


def main() -> None:
    """Fork a worker for each line until there are no more lines."""
    set_up_logging("ERROR")
    # Nobody waits for the killed ones: the kernel clears them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        nursery = os.getpid()
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(Job(**json.loads(line)), nursery))
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
