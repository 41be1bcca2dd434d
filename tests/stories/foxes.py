"""The same people in Firefox; what they do is named as in the theatre."""

import asyncio
import contextlib
import time
from typing import Any

from tests.stories.demo import Demo
from tests.stories.firefox import PATIENCE_S, Firefox, FirefoxRefused, Tab
from tests.stories.theatre import DESK, FRAMES_DECODED, KEEP_PEERS, PHONE, PICTURE


def css(mark: str, **data: str) -> str:
    """What fits an element with this mark and these ``data-`` attributes."""
    return f'[data-testid="{mark}"]' + "".join(f'[data-{name}="{value}"]' for name, value in data.items())


class Fox:
    """Somebody whose browser is Firefox. ``page`` is where the marks are: the window, or a frame in it."""

    def __init__(self, demo: Demo, window: Tab) -> None:
        self.demo, self.window, self.page = demo, window, window

    async def press(self, mark: str) -> None:
        await self.page.press(css(mark))

    async def shows(self, mark: str, **data: str) -> None:
        """Returns when the mark is to be seen, with these ``data-`` attributes."""
        await self.page.sees(css(mark, **data))

    async def is_in_call(self) -> None:
        await self.shows("call", state="connected")

    async def frames(self) -> int:
        return int(await self.page.run(FRAMES_DECODED))

    async def picture(self) -> list[int]:
        show = f"(css) => ({PICTURE})(document.querySelector(css))"
        found: list[int] = await self.page.run(show, css("remote-video"))
        return found


class FoxPatient(Fox):
    """The patient, with the link in the newest text."""

    link: str

    async def open_link(self, appointment: dict[str, Any]) -> None:
        self.link = await asyncio.to_thread(self.demo.wait_for_link, appointment["phone"])
        await self.window.goto(self.link)

    async def press_start(self) -> None:
        await self.press("start")
        await self.page.sees(css("enter-lobby") + ":enabled")

    async def enter_lobby(self) -> None:
        await self.press("enter-lobby")
        await self.shows("lobby", state="waiting")


class FoxClinician(Fox):
    """The clinician, with Housecall in the chart's frame."""

    async def open_panel(self, appointment: dict[str, Any]) -> None:
        await self.window.goto(self.demo.sandbox)
        await self.window.press(f"{css('schedule-row', appointment=appointment['id'])} {css('open-chart')}")
        await self.window.press(css("housecall-tab"))
        self.page = await self.window.frame(f"{self.demo.url}/panel")
        await self.shows("visit-card")

    async def reload_panel(self) -> None:
        """The chart's frame is loaded again, by itself: Firefox lets nobody do it from outside."""
        await self.page.run("() => { window.isOld = true; setTimeout(() => location.reload()); }")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.page = await self.window.frame(f"{self.demo.url}/panel")
            # Between two pages there is nobody to ask.
            with contextlib.suppress(FirefoxRefused):
                if not await self.page.run("() => window.isOld"):
                    return
            await asyncio.sleep(0.1)
        raise AssertionError("the panel did not load again")

    async def sees(self, state: str) -> None:
        await self.shows("patient-state", state=state)


class FoxTheatre:
    """Puts people in front of Firefox and clears the stage afterwards."""

    def __init__(self, demo: Demo, firefox: Firefox) -> None:
        self._demo, self._firefox = demo, firefox
        self._windows: list[Tab] = []

    async def patient(self) -> FoxPatient:
        return FoxPatient(self._demo, await self._window(PHONE))

    async def clinician(self) -> FoxClinician:
        return FoxClinician(self._demo, await self._window(DESK))

    async def _window(self, size: dict[str, int]) -> Tab:
        window = await Tab.open(self._firefox, size["width"], size["height"], beforehand=KEEP_PEERS)
        self._windows.append(window)
        return window

    async def close(self) -> None:
        windows, self._windows = self._windows, []
        for window in windows:
            await window.close()
        faults, self._firefox.faults = self._firefox.faults, []
        assert faults == []
