"""A running demo and a real Chromium; the demo is shared, each story books its own appointment."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.stories.demo import Demo
from tests.stories.theatre import CHROMIUM, FLAGS, PATIENCE_MS, Theatre

# What is quick is shown by the benchmarks; a story may be told on a machine that is busy with something else.
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/stories" in str(item.path):
            item.add_marker(pytest.mark.story)


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    running = Demo().start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_demo() -> Iterator[Demo]:
    """A hospital where nobody of another module's stories is."""
    running = Demo().start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def teams_demo() -> Iterator[Demo]:
    """A hospital whose visits are held in the sandbox's Microsoft Teams."""
    running = Demo("--teams").start()
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def theatre(demo: Demo, chromium: Browser) -> AsyncIterator[Theatre]:
    stage = Theatre(demo, chromium)
    yield stage
    await stage.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(teams_demo: Demo, chromium: Browser) -> AsyncIterator[Theatre]:
    """People of the hospital with Teams, which is well again afterwards."""
    made = Theatre(teams_demo, chromium)
    yield made
    await made.close()
    well = {"policy": "global", "graph": "up", "virtual_links": True, "notify": True}
    assert teams_demo.http.patch(f"{teams_demo.sandbox}/sandbox/teams", json=well).is_success
