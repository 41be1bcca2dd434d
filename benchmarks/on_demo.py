"""A benchmark of pages: measured on a demo of its own, and held to its bar."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.stories.demo import Demo


def hold_demo_to(measure: Callable[[Demo], Awaitable[dict[str, Any]]]) -> int:
    """What was found is printed as JSON; 0 when the bar holds."""

    async def run() -> dict[str, Any]:
        return await measure(demo)

    demo = Demo().start()
    try:
        found = asyncio.run(run())
    finally:
        demo.stop()
    print(json.dumps(found))
    return 0 if found["holds"] else 1
