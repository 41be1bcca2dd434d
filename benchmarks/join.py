"""`make bench-join`: a patient with a middling phone on mobile data, from the link to the waiting room.

Twenty patients, each in a fresh browser profile with an appointment of their own. Two times: from the navigation
until `start` can be pressed, and from the press on it until the waiting room is on the screen with its socket
open, `enter-lobby` pressed as soon as it is enabled. And the bytes of all the patient's pages, the call included.

Chromium's throttling delays a WebSocket's opening and narrows it, but lets each message through at once. So the
page's incoming messages are held back here by the same latency.
"""

import asyncio
import os
import statistics
import sys
from typing import Any, Final

from benchmarks.on_demo import hold_demo_to
from benchmarks.plain_page import PlainPages
from playwright.async_api import Browser, Page, async_playwright
from tests.stories.demo import Demo
from tests.stories.theatre import CHROMIUM, FLAGS, PHONE, Theatre
from tests.stories.weighing import Scales, throttle

RUNS = int(os.environ.get("RUNS", "20"))
START_P75_MS = 2000
LOBBY_P75_MS = 2000
PAGES_BYTES = 100_000

# "Fast 4G" of Chromium's developer tools: 9 and 1.5 Mbit/s of which nine tenths arrive, 60 ms felt as 2.75 of it.
LATENCY_MS: Final = 60 * 2.75
DOWN_BPS: Final = 9_000_000 * 0.9
UP_BPS: Final = 1_500_000 * 0.9
CPU_TIMES_SLOWER: Final = 4
# Longer than any run that is worth waiting for.
WITHIN_MS: Final = 30_000

BARE_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bare</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"></head>
<body><form method="post"><button type="submit" data-testid="start">Start</button></form></body></html>"""

# Runs in every page of the patient: looks at each frame whether what is waited for can be seen and pressed.
WATCH: Final = """
(() => {
  const LATENCY_MS = __LATENCY_MS__;
  const marks = {};
  const sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...given) { super(...given); sockets.push(this); }
    set onmessage(hear) { super.onmessage = hear && ((event) => setTimeout(() => hear(event), LATENCY_MS)); }
  };
  const seen = (name) => {
    const found = document.querySelector(`[data-testid="${name}"]`);
    return found && found.getBoundingClientRect().height > 0 ? found : null;
  };
  const can = (button) => button && !button.disabled && button.getAttribute('aria-disabled') !== 'true';
  const now = () => performance.timeOrigin + performance.now();
  const note = (name, since) => {
    if (marks[name]) return;
    marks[name] = now() - since;
    window.noteMark(name, marks[name]);
  };
  addEventListener('click', (event) => {
    if (!event.target.closest('[data-testid="start"]')) return;
    sessionStorage.setItem('pressed', String(performance.timeOrigin + event.timeStamp));
  }, true);
  const look = () => {
    // What is there in this frame is on the screen with the next one.
    const pressed = Number(sessionStorage.getItem('pressed'));
    if (can(seen('start'))) requestAnimationFrame(() => note('start', performance.timeOrigin));
    const enter = seen('enter-lobby');
    if (can(enter) && !marks.entered) {
      note('entered', pressed);
      enter.click();
    }
    if (seen('lobby')?.dataset.state === 'waiting' && sockets.some((socket) => socket.readyState === 1)) {
      requestAnimationFrame(() => note('lobby', pressed));
    }
    if (!marks.lobby) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
""".replace("__LATENCY_MS__", str(LATENCY_MS))


class Watched:
    """A throttled page in a profile that knows nothing, and what was seen on it."""

    def __init__(self) -> None:
        self.page: Page
        self._marks: dict[str, asyncio.Future[float]] = {}

    @classmethod
    async def open(cls, browser: Browser) -> "Watched":
        """A new one."""
        watched = cls()
        context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="en-US")
        context.set_default_timeout(WITHIN_MS)
        # Told by the page, because asking it again and again would cost it its slow processor.
        await context.expose_binding("noteMark", lambda _source, name, ms: watched._mark(name).set_result(ms))
        await context.add_init_script(WATCH)
        watched.page = await context.new_page()
        session = await context.new_cdp_session(watched.page)
        await throttle(session, latency_ms=LATENCY_MS, down_bps=DOWN_BPS, up_bps=UP_BPS, cpu=CPU_TIMES_SLOWER)
        return watched

    async def when(self, name: str) -> float:
        """When it happened, in milliseconds, once it has."""
        async with asyncio.timeout(WITHIN_MS / 1000):
            return await self._mark(name)

    async def close(self) -> None:
        """Close it."""
        await self.page.context.close()

    def _mark(self, name: str) -> asyncio.Future[float]:
        return self._marks.setdefault(name, asyncio.get_running_loop().create_future())


async def come(browser: Browser, link: str) -> dict[str, float]:
    """One patient, from the link to the waiting room."""
    watched = await Watched.open(browser)
    await watched.page.goto(link, wait_until="commit")
    start_ms = await watched.when("start")
    await watched.page.get_by_test_id("start").click(no_wait_after=True)
    lobby_ms = await watched.when("lobby")
    entered_ms = await watched.when("entered")
    await watched.close()
    return {"start": start_ms, "entered": entered_ms, "lobby": lobby_ms}


async def see_bare_page(browser: Browser, address: str) -> float:
    """The reference: how long until the one button of a bare page can be pressed."""
    watched = await Watched.open(browser)
    await watched.page.goto(address, wait_until="commit")
    took_ms = await watched.when("start")
    await watched.close()
    return took_ms


async def weigh(browser: Browser, demo: Demo) -> Scales:
    """One whole visit on the scales, from the landing page to the end of the call."""
    booked = demo.book(in_minutes=5, minutes=20)
    theatre = Theatre(demo, browser)
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    scales = await Scales.under(patient.page, demo.url)
    await patient.come_to_lobby()
    await clinician.open_panel(booked)
    await clinician.press("join-visit")
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.end()
    await patient.mark("visit-over").wait_for()
    await theatre.close()
    return scales


async def measure(demo: Demo) -> dict[str, Any]:
    """The one line of JSON."""
    booked = [demo.book(in_minutes=10, minutes=15) for _ in range(RUNS)]
    texts = [await asyncio.to_thread(demo.wait_for_text, one["phone"], within_s=60) for one in booked]
    links = [next(word for word in text["body"].split() if "/v/" in word) for text in texts]
    runs, bare = [], []
    with PlainPages({"/": BARE_PAGE}) as pages:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            # The first page of a browser pays for what every other finds done.
            await see_bare_page(browser, f"{pages.origin}/")
            for link in links:
                bare.append(await see_bare_page(browser, f"{pages.origin}/"))
                runs.append(await come(browser, link))
            scales = await weigh(browser, demo)
            await browser.close()
    return figures(runs, bare, scales)


def figures(runs: list[dict[str, float]], bare: list[float], scales: Scales) -> dict[str, Any]:
    """What was found, beside the bar."""
    start, entered, lobby = (spread([run[name] for run in runs]) for name in ("start", "entered", "lobby"))
    holds = start["p75"] <= START_P75_MS and lobby["p75"] <= LOBBY_P75_MS and scales.total <= PAGES_BYTES
    return {
        "bench": "join",
        "runs": len(runs),
        "network": {"latency_ms": LATENCY_MS, "down_mbit_s": DOWN_BPS / 1e6, "up_mbit_s": UP_BPS / 1e6},
        "processor_times_slower": CPU_TIMES_SLOWER,
        "navigation_to_start_ms": start,
        "press_to_enter_enabled_ms": entered,
        "press_to_lobby_ms": lobby,
        "pages_bytes": scales.total,
        "reference": {
            "what": "a bare page with one button, same run",
            "navigation_to_start_ms": spread(bare),
        },
        "start_times_reference": round(start["p75"] / spread(bare)["p75"], 2),
        "bar": {"start_p75_ms": START_P75_MS, "lobby_p75_ms": LOBBY_P75_MS, "pages_bytes": PAGES_BYTES},
        "holds": holds,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, p75 and worst."""
    ordered = sorted(values)
    p75 = statistics.quantiles(values, n=4, method="inclusive")[2] if len(values) > 1 else ordered[0]
    return {
        "p50": round(statistics.median(values), 1),
        "p75": round(p75, 1),
        "max": round(ordered[-1], 1),
    }


def main() -> int:
    """Run it; 0 when the bar holds."""
    return hold_demo_to(measure)


if __name__ == "__main__":
    sys.exit(main())
