"""How many requests an EHR gets from us: people's go first, and what may wait waits for the next minute.

No vendor publishes limits, so each connection has a budget of its own. Whoever keeps it is handed in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from housecall.ehr.errors import EhrBudgetSpent

Pause = Callable[[float], Awaitable[None]]


class Lane(StrEnum):
    """Who a request is for."""

    people = "people"
    """Somebody in front of a page: never held back, but counted."""
    work = "work"
    """Texts and write-back: held back when the budget is spent, and done later."""
    feed = "feed"
    """The schedule: held back earlier, so that texts are not kept waiting by a long reading; it goes on after."""


class Allowance(Protocol):
    """One connection's budget."""

    async def take(self, lane: Lane) -> None:
        """One request may go. Raises EhrBudgetSpent, which says when to try again; never for people."""
        ...


class Unlimited:
    """No budget at all: everything may go at once."""

    async def take(self, lane: Lane) -> None:
        return None


async def take_turn(allowance: Allowance, lane: Lane, *, pause: Pause = asyncio.sleep) -> None:
    """One request may go now; a reading of the schedule has waited for it, anything else raises EhrBudgetSpent.

    A schedule is many pages: starting again from its first in every minute, it would never come to the last.
    """
    while True:
        try:
            return await allowance.take(lane)
        except EhrBudgetSpent as spent:
            if lane is not Lane.feed:
                raise
            await pause(spent.retry_after.total_seconds())
