"""What the queue does for visits: the feeds' polls, reading what a message told, and telling the EHR."""

import uuid
from datetime import timedelta
from typing import Final

from procrastinate import App, JobContext, RetryStrategy

from housecall.db.database import Database
from housecall.kit.ids import OrgId
from housecall.visits.desk import Desk
from housecall.visits.meetings import TEND_MEETING, tend_meeting
from housecall.visits.model import WriteKind
from housecall.visits.polling import poll_connection
from housecall.visits.siu import READ_APPOINTMENT
from housecall.visits.siu_reading import LAST_LOOK, Patience, read_told_appointment
from housecall.visits.timing import FOLLOW_TIMING, follow
from housecall.visits.writing import WRITE_BACK, WRITE_LATER, enqueue, write_back

POLL_CONNECTION: Final = "visits.poll_connection"


def register(queue: App, desk: Desk, database: Database, *, feed_every: timedelta) -> None:
    """The queue can do the visits' tasks."""

    async def poll(connection_id: str) -> None:
        await poll_connection(desk, database, connection_id, feed_every=feed_every)

    async def read_appointment(
        context: JobContext, connection_id: str, appointment_ref: str, confirm: bool
    ) -> None:
        await read_told_appointment(
            desk,
            database,
            connection_id,
            appointment_ref,
            confirm=confirm,
            is_last_look=context.job.attempts >= LAST_LOOK,
        )

    async def tend(org_id: str, visit_id: str) -> None:
        await tend_meeting(desk, database, OrgId(uuid.UUID(org_id)), visit_id)

    async def write(org_id: str, visit_id: str, kind: str) -> None:
        await write_back(desk, database, OrgId(uuid.UUID(org_id)), visit_id, WriteKind(kind))

    async def write_later(org_id: str, visit_id: str, kind: str) -> None:
        async with database.work() as work:
            await enqueue(work, org_id, visit_id, kind)

    async def follow_timing(org_id: str, connection_id: str) -> None:
        await follow(desk, database, OrgId(uuid.UUID(org_id)), connection_id)

    queue.task(name=POLL_CONNECTION)(poll)
    queue.task(name=FOLLOW_TIMING, retry=RetryStrategy(max_attempts=5, exponential_wait=2))(follow_timing)
    queue.task(name=TEND_MEETING)(tend)
    queue.task(name=WRITE_BACK)(write)
    queue.task(name=WRITE_LATER)(write_later)
    queue.task(name=READ_APPOINTMENT, pass_context=True, retry=Patience())(read_appointment)
