"""What need not wait is done at once; what must wait goes on as any task does."""

import asyncio

import pytest

from housecall.realtime.eager import start_now


async def test_what_never_waits_is_done_at_once_and_needs_no_task() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    assert start_now(work()) is None
    assert done == [1]


async def test_what_waits_goes_on_from_there_and_through_all_its_waits() -> None:
    gate, done = asyncio.Event(), list[int]()

    async def work() -> None:
        done.append(1)
        await gate.wait()
        done.append(2)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        done.append(3)

    task = start_now(work())
    assert task is not None
    assert done == [1]
    gate.set()
    await task

    assert done == [1, 2, 3]


async def test_a_fault_after_the_first_wait_is_the_tasks_and_one_within_is_handled() -> None:
    async def work() -> None:
        with pytest.raises(ValueError, match="inner"):
            await failing("inner")
        await failing("outer")

    async def failing(name: str) -> None:
        await asyncio.sleep(0)
        raise ValueError(name)

    task = start_now(work())

    assert task is not None
    with pytest.raises(ValueError, match="outer"):
        await task


async def test_it_can_be_cancelled_and_clears_up_after_itself() -> None:
    cleared = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleared.set()

    task = start_now(work())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleared.is_set()
