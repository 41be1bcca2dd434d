"""What the queue does for visits: the feeds' polls."""

from datetime import timedelta
from typing import Final

from procrastinate import App

from housecall.db.database import Database
from housecall.visits.desk import Desk
from housecall.visits.polling import poll_connection

POLL_CONNECTION: Final = "visits.poll_connection"


def register(queue: App, desk: Desk, database: Database, *, feed_every: timedelta) -> None:
    """The queue can do the visits' tasks."""

    async def poll(connection_id: str) -> None:
        await poll_connection(desk, database, connection_id, feed_every=feed_every)

    queue.task(name=POLL_CONNECTION)(poll)
