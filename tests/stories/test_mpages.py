"""The panel as an MPages component, in real Chromium: hidden, until a frame on the list has answered."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, async_playwright, expect

from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.tables import Connection
from tests.stories.theatre import CHROMIUM, FLAGS
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import Live, serve

# What the vendor's frame does, as far as its component sees of it: it answers who it is.
PARENT = """<!doctype html><title>Chart</title><iframe src="{src}" width="700" height="500"></iframe><script>
addEventListener("message", (event) => {{
  (window.said ??= []).push(event.data.method);
  if ({answers} && event.data.method === "authorizeConsumer")
    event.source.postMessage({{ jsonrpc: "2.0", id: event.data.id, result: "hello" }}, event.origin);
}});
</script>"""


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


@pytest_asyncio.fixture(loop_scope="session")
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_page()
        await browser.close()


async def open_chart(page: Page, live: Live, *, listed: bool, answers: bool) -> str:
    """The panel in a chart's frame; its policy as the browser got it."""
    here = f"http://localhost:{live.port}"
    async with live.house.database.work() as work:
        connection = await work.session.get_one(Connection, live.clinic.connection.id)
        connection.is_mpages, connection.frame_ancestors = True, [here] if listed else []
    launch_id, cookie = await live.launch((await live.clinic.visit()).id)
    name, _, secret = cookie.partition("=")
    await page.context.add_cookies(
        [{"name": name, "value": secret, "url": here.replace("http:", "https:"), "sameSite": "None"}]
    )
    src = f"{here}/panel/{launch_id}"
    html = PARENT.format(src=src, answers="true" if answers else "false")

    async def chart(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    await page.route(f"{here}/chart", chart)
    async with page.expect_response(src) as framed:
        await page.goto(f"{here}/chart")
    return (await (await framed.value).all_headers())["content-security-policy"]


async def test_a_listed_frame_that_answers_is_shown_the_panel_and_told_so(clinic: Clinic, page: Page) -> None:
    async with serve(clinic) as live:
        policy = await open_chart(page, live, listed=True, answers=True)

        await expect(page.frame_locator("iframe").get_by_test_id("visit-card")).to_be_visible()
        await page.wait_for_function("window.said.includes('authorized')")

    assert "frame-ancestors" not in policy


@pytest.mark.parametrize(("listed", "answers"), [(False, True), (True, False)])
async def test_another_frame_or_one_that_does_not_answer_sees_nothing(
    clinic: Clinic, page: Page, listed: bool, answers: bool
) -> None:
    async with serve(clinic) as live:
        await open_chart(page, live, listed=listed, answers=answers)

        # Drawn already, and hidden: the page's own script has run.
        await expect(page.frame_locator("iframe").get_by_test_id("visit-card")).to_be_attached()
        await expect(page.frame_locator("iframe").get_by_test_id("visit-card")).to_be_hidden()
        assert "authorized" not in await page.evaluate("window.said ?? []")
