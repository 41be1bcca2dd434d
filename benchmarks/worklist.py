"""`make bench-worklist`: the list of the day with a thousand visits, scrolled through and kept up to date, in Chromium.

The page is the real one with its own files; its visits and what its socket hears are ours, so that nothing else
moves. Beside it, in the same run, a bare list of as many rows: the same words, no state, no icons, no order.

Three things: how long frames take while the list is scrolled from end to end; how long one change takes until
it is laid out; and how many rows a change touches, which should be the one that changed.
"""

import json
import os
import statistics
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.on_demo import hold_demo_to
from benchmarks.plain_page import PlainPages
from playwright.async_api import Frame, Page, Route, async_playwright
from tests.stories.demo import Demo
from tests.stories.theatre import CHROMIUM, DESK, FLAGS, Theatre, frame_of

ROWS: Final = int(os.environ.get("ROWS", "1000"))
UPDATES: Final = int(os.environ.get("UPDATES", "200"))
ROUNDS: Final = int(os.environ.get("ROUNDS", "5"))
# A list as bare as can be scrolls at the screen's own pace; half as much again is where a hand feels it.
FRAME_TIMES: Final = 1.5
# One frame at 60 Hz: a change that takes longer is seen as a jerk while somebody scrolls.
UPDATE_P95_MS: Final = 16.7
_STATES: Final = ("invited", "opened", "checking", "waiting", "connected", "left")

BARE: Final = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>Bare</title><link rel=icon href='data:,'>"
    "<style>li{{height:92px;border:1px solid}}</style></head><body><ul>{rows}</ul></body></html>"
)
BARE_ROW: Final = (
    "<li data-row={n}><strong>Name {n}</strong> <span>3 PM</span> <em>Waiting</em> <button>Open</button></li>"
)

# Stands in for the page's socket: opens at once, and says what the benchmark says.
SOCKET: Final = """
window.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  constructor() { window.__wire = this; setTimeout(() => { this.readyState = 1; this.onopen?.(new Event('open')); }); }
  send(text) {
    const said = JSON.parse(text);
    const pong = { data: JSON.stringify({ type: 'pong', n: said.n }) };
    if (said.type === 'ping') setTimeout(() => this.onmessage?.(pong));
  }
  close() {}
};
"""
# Frames while the page is scrolled down and up again, by as much in each frame.
SCROLL: Final = """
async () => {
  const frames = [];
  const scroller = document.scrollingElement;
  let step = 120, last = await new Promise(requestAnimationFrame);
  while (frames.length < 300) {
    scroller.scrollBy(0, step);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
    const end = scroller.scrollHeight - innerHeight;
    if (scroller.scrollTop >= end - 1) step = -120;
    if (scroller.scrollTop <= 0) step = 120;
  }
  return frames;
}
"""
# Changes, one a frame: how long each takes with its layout, and how many rows it touched.
UPDATE: Final = """
async ([changes, isBare]) => {
  const took = [], touched = [];
  let rows = new Set();
  const seen = new MutationObserver((all) => note(all));
  const note = (all) => {
    for (const { target, addedNodes } of all) {
      const at = target.nodeType === 1 ? target : target.parentElement;
      const row = at?.closest('li') ?? [...addedNodes].find((node) => node.tagName === 'LI');
      if (row) rows.add(row);
    }
  };
  seen.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  for (const change of changes) {
    await new Promise(requestAnimationFrame);
    note(seen.takeRecords());
    rows = new Set();
    const begun = performance.now();
    if (isBare) document.querySelector(`[data-row="${change.row}"] em`).textContent = change.word;
    else window.__wire.onmessage({ data: JSON.stringify({ type: 'visit', visit: change }) });
    document.body.offsetHeight;
    took.push(performance.now() - begun);
    note(seen.takeRecords());
    touched.push(rows.size);
  }
  return { took, touched };
}
"""


def a_visit(model: dict[str, Any], number: int, state: str, *, rev: int = 1) -> dict[str, Any]:
    """The model visit as another one, in this state."""
    starts_at = datetime.now(UTC).replace(hour=12, minute=0) + timedelta(seconds=20 * number)
    waiting = (starts_at - timedelta(minutes=5)).isoformat() if state == "waiting" else None
    patient = {**model["patient"], "state": state, "waiting_since": waiting, "present": state != "invited"}
    patient |= {"participant": f"p_{number}", "gone_since": None, "arrival": None}
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(minutes=15)).isoformat()}
    return {**model, **times, "visit": f"v_{number}", "rev": rev, "state": "open", "patient": patient}


async def fill(route: Route) -> None:
    """The page as the server sent it, with a thousand visits in the place of its own."""
    answer = await route.fetch()
    before, mark, rest = (await answer.text()).partition('<script type="application/json" id="first">')
    block, end, after = rest.partition("</script>")
    first = json.loads(block)
    visits = [a_visit(first["visits"][0], number, _STATES[number % 6]) for number in range(ROWS)]
    first |= {"visits": visits, "until": None, "own": [], "names": False}
    body = before + mark + json.dumps(first).replace("<", "\\u003c") + end + after
    await route.fulfill(response=answer, body=body)


async def open_ours(theatre: Theatre) -> tuple[Frame, dict[str, Any]]:
    """The list beside a chart, with a thousand rows; and one of its visits, to make changes of."""
    clinician = await theatre.clinician()
    await clinician.open_panel(theatre.demo.book())
    address = await clinician.mark("worklist-link").get_attribute("href")
    # The session's cookie is the chart's frame's: the list is opened in that frame's place.
    place = frame_of(clinician)
    await place.page.add_init_script(SOCKET)
    await place.page.route("**/today*", fill)
    await place.goto(f"{theatre.demo.url}{address}")
    await place.locator('[data-testid="worklist-row"]').nth(ROWS - 1).wait_for(state="attached")
    model: dict[str, Any] = await place.evaluate(
        "() => JSON.parse(document.getElementById('first').textContent).visits[0]"
    )
    return place, model


def changes_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Tests of the devices come in: each row that changes stays where it is."""
    changes = [a_visit(model, 6 * (n % (ROWS // 6)) + 2, "checking", rev=n + 2) for n in range(UPDATES)]
    for n, change in enumerate(changes):
        change["patient"]["device"] = {"camera": "ok" if n % 2 else "fail"}
    return changes


async def measure(demo: Demo) -> dict[str, Any]:
    """The one line of JSON. Both lists in turn, so that what else the machine does falls on both."""
    frames: dict[str, list[float]] = {"ours": [], "bare": []}
    rows = "".join(BARE_ROW.format(n=number) for number in range(ROWS))
    with PlainPages({"/": BARE.format(rows=rows)}) as pages:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            theatre = Theatre(demo, browser)
            bare: Page = await browser.new_page(viewport=DESK)
            await bare.goto(f"{pages.origin}/")
            ours, model = await open_ours(theatre)
            for _ in range(ROUNDS):
                frames["bare"] += await bare.evaluate(SCROLL)
                frames["ours"] += await ours.evaluate(SCROLL)
            words = [{"row": n % ROWS, "word": f"Waiting {n}"} for n in range(UPDATES)]
            bare_updates = await bare.evaluate(UPDATE, [words, True])
            updates = await ours.evaluate(UPDATE, [changes_of(model), False])
            await theatre.close()
            await browser.close()
    return figures({"frames": frames["ours"], **updates}, {"frames": frames["bare"], **bare_updates})


def figures(ours: dict[str, Any], bare: dict[str, Any]) -> dict[str, Any]:
    """What was found, beside the bar."""
    frames, bare_frames = spread(ours["frames"]), spread(bare["frames"])
    update = spread(ours["took"])
    times = round(frames["p95"] / bare_frames["p95"], 2)
    most_touched = max(ours["touched"])
    return {
        "bench": "worklist",
        "rows": ROWS,
        "updates": UPDATES,
        "scroll_frame_ms": frames,
        "update_ms": update,
        "rows_touched_at_most": most_touched,
        "reference": {
            "what": "a bare list of as many rows, same run",
            "scroll_frame_ms": bare_frames,
            "update_ms": spread(bare["took"]),
        },
        "frame_times_reference": times,
        "bar": {"frame_times_reference": FRAME_TIMES, "update_p95_ms": UPDATE_P95_MS, "rows_touched": 1},
        "holds": times <= FRAME_TIMES and update["p95"] <= UPDATE_P95_MS and most_touched == 1,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, p95 and worst."""
    p95 = statistics.quantiles(values, n=20, method="inclusive")[18]
    return {"p50": round(statistics.median(values), 2), "p95": round(p95, 2), "max": round(max(values), 2)}


def main() -> int:
    """Run it; 0 when the bar holds."""
    return hold_demo_to(measure)


if __name__ == "__main__":
    sys.exit(main())
