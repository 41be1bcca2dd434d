"""What somebody's own test of their devices found: kept with its causes and its time, and never who they are."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_RESULTS: Final = frozenset({"ok", "warn", "fail", "skipped"})
_TROUBLE: Final = frozenset({"warn", "fail"})
# Why a browser has no picture or sound; the last two are a device that opens and gives nothing.
_MEDIA: Final = frozenset(
    {"denied", "dismissed", "system", "not-found", "busy", "insecure", "unsupported", "in-app", "lost"}
    | {"unknown", "dark", "silent"}
)
_CAUSES: Final[Mapping[str, frozenset[str]]] = {
    "camera": _MEDIA,
    "microphone": _MEDIA,
    "speaker": frozenset(),
    "network": frozenset({"offline", "slow", "relay"}),
}
# Whoever tests this shortly before midnight is not days ahead of a waiting room that opens after it.
_SOON: Final = timedelta(hours=1)


def read_test(
    results: Mapping[str, str], because: Mapping[str, str], *, now: datetime
) -> dict[str, Any] | None:
    """The test as it is kept; what is not foreseen is left out, and None where nothing is left."""
    found: dict[str, Any] = {device: results[device] for device in _CAUSES if results.get(device) in _RESULTS}
    if not found:
        return None
    causes = {
        device: because[device]
        for device, result in found.items()
        if result in _TROUBLE and because.get(device) in _CAUSES[device]
    }
    return {**found, "because": causes, "at": now.isoformat()}


def is_days_ahead(opens_at: datetime, now: datetime, time_zone: str) -> bool:
    """Whether the waiting room opens on a later day there, and not within the hour."""
    zone = ZoneInfo(time_zone)
    is_later_day = now.astimezone(zone).date() < opens_at.astimezone(zone).date()
    return is_later_day and opens_at - now > _SOON
