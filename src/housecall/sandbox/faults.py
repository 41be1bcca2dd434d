"""The faults that are switched on, as the EHR suffers them."""

import asyncio
import time
from typing import Final

from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.house import House

_SLOW_S: Final = 5.0


async def suffer(house: House) -> None:
    """The EHR is as late as it was told to be; raises FhirRefused with 503 when it is down."""
    switches = house.switches
    if switches.ehr == "down":
        raise FhirRefused(503, "Service Unavailable")
    delay = switches.latency_ms / 1000 + (_SLOW_S if switches.ehr == "slow" else 0)
    if delay:
        await asyncio.sleep(delay)


def throttle(house: House) -> None:
    """One more FHIR request within the window; raises FhirRefused with 429 when it is one too many."""
    switches = house.switches
    if switches.throttle is None:
        return
    now = time.monotonic()
    while house.recent and house.recent[0] < now - switches.throttle_window_s:
        house.recent.popleft()
    if len(house.recent) >= switches.throttle:
        oldest = house.recent[0] if house.recent else now
        wait = max(1, round(oldest + switches.throttle_window_s - now))
        raise FhirRefused(
            429, "Too Many Requests", {"Retry-After": str(wait)} if switches.retry_after else {}
        )
    house.recent.append(now)
