"""How often something may be tried: a count over a sliding window, in this process's memory."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

# Bounds memory when many addresses try: the longest silent one is forgotten first.
_MOST_KEYS: Final = 10_000


class Throttle:
    """At most ``most`` tries a key within ``window``."""

    def __init__(self, most: int, window: timedelta) -> None:
        self._most, self._window = most, window
        self._tries: OrderedDict[str, deque[datetime]] = OrderedDict()

    def allows(self, key: str, now: datetime) -> bool:
        """Whether another try is allowed now; asking counts none."""
        return len(self._recent(key, now)) < self._most

    def count(self, key: str, now: datetime) -> None:
        """A try was made."""
        tries = self._recent(key, now)
        tries.append(now)
        self._tries[key] = tries
        self._tries.move_to_end(key)
        while len(self._tries) > _MOST_KEYS:
            self._tries.popitem(last=False)

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        tries = self._tries.get(key, deque())
        while tries and tries[0] <= now - self._window:
            tries.popleft()
        return tries
