"""Each connection's budget of requests to its EHR: one for all processes, kept in the database, a minute long.

A process takes a few requests at a time out of the minute's budget, so that hardly any request costs a query.
What it has taken and not used when the minute is over is given up.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.db.database import Database
from housecall.ehr.allowance import Lane
from housecall.ehr.errors import EhrBudgetSpent
from housecall.kit.clock import Clock
from housecall.kit.ids import OrgId
from housecall.tenancy import store_spending
from housecall.tenancy.store import get_connection

log = logging.getLogger(__name__)

# Below this a poll of a small clinic and one text would already take several minutes.
SMALLEST_REQUESTS_PER_MIN: Final = 30
# The rest of a minute is for texts and write-back.
_FEED_SHARE: Final = 0.7
_MINUTE: Final = timedelta(minutes=1)
_MOST_AT_A_TIME: Final = 20
_HELD_BACK_FOR: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Budget:
    """Whose budget it is, and how large."""

    org_id: OrgId
    connection_id: str
    per_minute: int


@dataclass(frozen=True)
class SpendingView:
    """How a connection stands with its budget."""

    requests_per_minute: int
    spent_this_minute: int
    held_back_at: datetime | None
    """When something last had to wait."""
    is_held_back: bool
    """Whether something had to wait within the last two minutes."""


class Spending:
    """Hands out every connection's allowance."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def allowance(self, budget: Budget) -> "Purse":
        """The allowance of a client of this connection."""
        return Purse(budget, self._database, self._clock)


class Purse:
    """This process's part of a connection's budget."""

    def __init__(self, budget: Budget, database: Database, clock: Clock) -> None:
        self._budget = budget
        self._database = database
        self._clock = clock
        self._at_a_time = max(1, min(_MOST_AT_A_TIME, budget.per_minute // 60))
        self._minute: datetime | None = None
        self._left: dict[Lane, int] = {}
        self._owed = 0
        self._said_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def take(self, lane: Lane) -> None:
        async with self._lock:
            now = self._clock.now()
            minute = now.replace(second=0, microsecond=0)
            if lane is Lane.people:
                await self._note(minute)
                return
            if self._minute != minute:
                self._minute, self._left = minute, {}
            if self._left.get(lane, 0) == 0 and not await self._fetch(lane, minute):
                await self._hold_back(lane, minute, now)
                raise EhrBudgetSpent(minute + _MINUTE - now)
            self._left[lane] -= 1

    async def _note(self, minute: datetime) -> None:
        # People never wait, so their requests are counted in bundles, whatever is left of the budget.
        self._owed += 1
        if self._owed < _MOST_AT_A_TIME:
            return
        async with self._database.work() as work:
            await store_spending.spend(
                work, self._budget.org_id, self._budget.connection_id, minute=minute, count=self._owed
            )
        self._owed = 0

    async def _fetch(self, lane: Lane, minute: datetime) -> bool:
        share = _FEED_SHARE if lane is Lane.feed else 1.0
        limit = max(1, int(self._budget.per_minute * share))
        async with self._database.work() as work:
            for count in dict.fromkeys((self._at_a_time, 1)):
                if await store_spending.spend(
                    work, self._budget.org_id, self._budget.connection_id,
                    minute=minute, count=count + self._owed, limit=limit,
                ):  # fmt: skip
                    self._owed, self._left[lane] = 0, count
                    return True
        return False

    async def _hold_back(self, lane: Lane, minute: datetime, now: datetime) -> None:
        if self._said_at == minute:
            return
        self._said_at = minute
        log.warning(
            "An EHR's budget of requests is used up; what can wait waits for the next minute.",
            extra={
                "connection": self._budget.connection_id,
                "lane": lane.value,
                "per_minute": self._budget.per_minute,
            },
        )
        async with self._database.work() as work:
            await store_spending.note_held_back(work, self._budget.org_id, self._budget.connection_id, at=now)


async def read_spending(database: Database, org_id: OrgId, connection_id: str, now: datetime) -> SpendingView:
    """How the connection stands with its budget now; raises ConnectionUnknown."""
    async with database.work() as work:
        connection = await get_connection(work, org_id, connection_id)
        found = await store_spending.find(work, org_id, connection_id)
    minute = now.replace(second=0, microsecond=0)
    held_back_at = found.held_back_at if found else None
    return SpendingView(
        requests_per_minute=connection.requests_per_min,
        spent_this_minute=found.spent if found is not None and found.minute == minute else 0,
        held_back_at=held_back_at,
        is_held_back=held_back_at is not None and now - held_back_at < _HELD_BACK_FOR,
    )
