"""A hospital that is written back to, and a worker beside it."""

import uuid
from typing import Any

from sqlalchemy import text

from housecall.audit.model import Actor, By
from housecall.kit.ids import OrgId
from housecall.tenancy.tables import Connection
from housecall.visits import writing
from housecall.visits.links import make_link
from housecall.visits.model import WriteKind
from housecall.visits.tables import Visit
from tests.visits.hospital import Hospital

ADMINISTRATOR = By(Actor.administrator, "tests")


class Writers:
    """A hospital that is written back to, and a worker that does the jobs that are due."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital, self.ehr, self.clinic = hospital, hospital.ehr, hospital.clinic

    async def switch(self, *words: str) -> None:
        async with self.clinic.database.work() as work:
            connection = await work.session.get_one(Connection, self.clinic.connection.id)
            connection.write_back = list(words)
        self.clinic.connection = connection

    async def jobs(self) -> list[dict[str, Any]]:
        async with self.clinic.database.work() as work:
            found = await work.session.execute(
                text("SELECT * FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
            )
            return [dict(row) for row in found.mappings()]

    async def work_off(self) -> int:
        """Do every job that is due, as the queue does; answers how many writes that was."""
        done = 0
        while due := [
            job for job in await self.jobs() if (job["scheduled_at"] or self.clinic.now) <= self.clinic.now
        ]:
            async with self.clinic.database.work() as work:
                await work.session.execute(
                    text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": due[0]["id"]}
                )
            args = due[0]["args"]
            if due[0]["task_name"] == writing.WRITE_LATER:
                async with self.clinic.database.work() as work:
                    await writing.enqueue(work, args["org_id"], args["visit_id"], args["kind"])
                continue
            org_id = OrgId(uuid.UUID(args["org_id"]))
            kind = WriteKind(args["kind"])
            await writing.write_back(self.clinic.desk, self.clinic.database, org_id, args["visit_id"], kind)
            done += 1
        return done

    async def ledger(self) -> list[writing.LedgerRow]:
        async with self.clinic.database.work() as work:
            return await writing.read_ledger(work, self.clinic.org_id, by=ADMINISTRATOR, now=self.clinic.now)

    async def row(self) -> writing.LedgerRow:
        (row,) = await self.ledger()
        return row

    async def found(self, **booked: Any) -> Visit:
        """A visit that the feed found."""
        self.hospital.book(**booked)
        await self.hospital.poll()
        return (await self.hospital.visits())[-1]

    async def link(self, visit: Visit) -> str:
        return make_link(self.clinic.desk, await self.clinic.seat(visit))

    async def replay(self, visit: Visit) -> int:
        jobs: int = await self.clinic.act(writing.replay, visit.id, by=ADMINISTRATOR)
        return jobs
