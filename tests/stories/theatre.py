"""Who plays in the stories: a clinician at a desk, a patient with a phone, each in a browser of their own."""

import asyncio
import shutil
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from playwright.async_api import Browser, BrowserContext, Frame, FrameLocator, Locator, Page, expect

from tests.stories.demo import Demo

CHROMIUM: Final = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS: Final = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=60",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
PHONE: Final = {"width": 390, "height": 844}
DESK: Final = {"width": 1280, "height": 860}
PATIENCE_MS: Final = 20_000
_LOOKS: Final = 8

# Every RTCPeerConnection of the page is kept, so that the story can ask what was really decoded.
KEEP_PEERS: Final = """
(() => {
  const Native = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = new Proxy(Native, {
    construct(target, given) { const made = new target(...given); window.__peers.push(made); return made; },
  });
})();
"""
FRAMES_DECODED: Final = """
async () => {
  let frames = 0;
  for (const peer of window.__peers || []) {
    if (peer.connectionState === 'closed') continue;
    for (const report of (await peer.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video') frames += report.framesDecoded || 0;
    }
  }
  return frames;
}
"""
PICTURE: Final = """
(video) => {
  const canvas = document.createElement('canvas');
  canvas.width = 160; canvas.height = 120;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 160, 120);
  return Array.from(pen.getImageData(0, 0, 160, 120).data);
}
"""


@dataclass
class Person:
    """Somebody in a browser; every address their browser asked for is kept."""

    demo: Demo
    context: BrowserContext
    page: Page
    addresses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    async def close(self) -> None:
        await self.context.close()


class Patient(Person):
    """The patient: a phone, and the link in the newest text."""

    appointment: dict[str, Any]
    link: str = ""

    def mark(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    async def read_text(self, *, more_than: int = 0) -> str:
        """The link in the newest text."""
        phone = self.appointment["phone"]
        self.link = await asyncio.to_thread(self.demo.wait_for_link, phone, more_than=more_than)
        return self.link

    async def open_link(self) -> None:
        await self.page.goto(self.link or await self.read_text())

    async def press_start(self) -> None:
        await self.mark("start").click()
        await expect(self.mark("enter-lobby")).to_be_enabled()

    async def enter_lobby(self) -> None:
        await self.mark("enter-lobby").click()
        await expect(self.mark("lobby")).to_have_attribute("data-state", "waiting")

    async def come_to_lobby(self) -> None:
        await self.open_link()
        await self.press_start()
        await self.enter_lobby()

    async def is_in_call(self) -> None:
        await expect(self.mark("call")).to_have_attribute("data-state", "connected")

    async def frames(self) -> int:
        return int(await self.page.evaluate(FRAMES_DECODED))

    async def picture(self) -> list[int]:
        found: list[int] = await self.mark("remote-video").first.evaluate(PICTURE)
        return found


class Clinician(Person):
    """The clinician: today's schedule, a chart, and Housecall in the chart's frame."""

    def mark(self, name: str) -> Locator:
        return self.panel.get_by_test_id(name)

    @property
    def panel(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    async def open_chart(self, appointment: dict[str, Any]) -> None:
        await self.page.goto(self.demo.sandbox)
        row = self.page.locator(f'[data-testid="schedule-row"][data-appointment="{appointment["id"]}"]')
        await row.get_by_test_id("open-chart").click()

    async def open_panel(self, appointment: dict[str, Any]) -> None:
        await self.open_chart(appointment)
        await self.page.get_by_test_id("housecall-tab").click()
        await expect(self.mark("visit-card").first).to_be_visible()

    async def sees(self, state: str) -> None:
        await expect(self.mark("patient-state")).to_have_attribute("data-state", state)

    async def press(self, name: str) -> None:
        await self.mark(name).click()

    async def end(self) -> None:
        await self.press("end-visit")
        await self.press("confirm-end")

    async def is_in_call(self) -> None:
        await expect(self.mark("call")).to_have_attribute("data-state", "connected")

    async def frames(self) -> int:
        return int(await self.mark("call").evaluate(FRAMES_DECODED))

    async def picture(self) -> list[int]:
        found: list[int] = await self.mark("remote-video").first.evaluate(PICTURE)
        return found


def frame_of(clinician: Clinician) -> Frame:
    """Housecall's own frame in the chart."""
    return next(one for one in clinician.page.frames if one.url.startswith(clinician.demo.url))


Somebody = TypeVar("Somebody", bound=Person)


class Theatre:
    """Puts people on the stage and clears it afterwards."""

    def __init__(self, demo: Demo, browser: Browser) -> None:
        self.demo = demo
        self.browser = browser
        self._people: list[Person] = []

    async def patient(self, appointment: dict[str, Any], **options: Any) -> Patient:
        person = await self._person(Patient, viewport=PHONE, has_touch=True, is_mobile=True, **options)
        person.appointment = appointment
        return person

    async def clinician(self, **options: Any) -> Clinician:
        return await self._person(Clinician, viewport=DESK, **options)

    async def _person(self, kind: type[Somebody], **options: Any) -> Somebody:
        context = await self.browser.new_context(locale=options.pop("locale", "en-US"), **options)
        await context.add_init_script(KEEP_PEERS)
        context.set_default_timeout(PATIENCE_MS)
        person = kind(self.demo, context, await context.new_page())
        person.watch(person.page)
        self._people.append(person)
        return person

    async def close(self) -> None:
        people, self._people = self._people, []
        for person in people:
            await person.close()
        assert [fault for person in people for fault in person.faults] == []


class Onlooker(Protocol):
    """Whoever can be asked what they get to see of the other."""

    async def frames(self) -> int: ...

    async def picture(self) -> list[int]: ...


async def pixels_move(somebody: Onlooker) -> bool:
    """Whether the other's picture changes over a second; some seconds are looked at."""
    for _ in range(_LOOKS):
        before = await somebody.picture()
        await asyncio.sleep(1.0)
        after = await somebody.picture()
        changed = sum(abs(a - b) > 16 for a, b in zip(before, after, strict=True))
        # The fake camera's moving disc covers some hundreds of the picture's 76,800 samples; noise covers none.
        if changed > 50:
            return True
    return False


async def frames_move(somebody: Onlooker) -> bool:
    """Whether more frames of the other were decoded a second later; some seconds are looked at."""
    for _ in range(_LOOKS):
        before = await somebody.frames()
        await asyncio.sleep(1.0)
        if await somebody.frames() > before + 3:
            return True
    return False
