"""A worker whose one job never ends: run as ``python -m tests.db.stuck_worker DSN``; prints a line when it has it."""

import asyncio
import sys

from housecall.db.queue import make_queue
from tests.db.processes import TASK


async def main(dsn: str) -> None:
    queue = make_queue(dsn)

    @queue.task(name=TASK)
    async def stick(**_args: object) -> None:
        print("has it", flush=True)
        await asyncio.Event().wait()

    async with queue.open_async():
        await queue.run_worker_async(install_signal_handlers=False, fetch_job_polling_interval=0.2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
