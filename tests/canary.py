"""``make canary``: planted people play the stories, every place is swept; fails on any hit. QUICK=1 plays one."""

import asyncio
import json
import os
import sys

from playwright.async_api import async_playwright

from tests.stories.demo import Demo
from tests.stories.planted import plant
from tests.stories.planted_visit import Played
from tests.stories.theatre import CHROMIUM, FLAGS, Theatre


async def run(*, quick: bool) -> int:
    """Play, sweep, and print one JSON line: what was swept, and what was found."""
    with_teams = [] if quick else ["--teams"]
    demo = await asyncio.to_thread(Demo(*with_teams, HOUSECALL_LOG_LEVEL="DEBUG").start)
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            theatre = Theatre(demo, browser)
            story = Played(demo, plant(demo))
            if not quick:
                await story.play_in_teams(theatre)
            await story.play(theatre)
            if not quick:
                await story.play_sad_ones(theatre)
                await story.hear_of_quality()
            found = await story.sweep()
            await theatre.close()
            await browser.close()
    finally:
        await asyncio.to_thread(demo.stop)
    hits = {place: what for place, what in found.items() if what}
    print(
        json.dumps({"swept": sorted(found), "stories": 1 if quick else 3, "found": hits, "holds": not hits})
    )
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run(quick=os.environ.get("QUICK") == "1")))
