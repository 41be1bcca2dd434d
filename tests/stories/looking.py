"""Looking at pages: a picture for people, axe for everybody else."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Frame, Page

from tests.stories.theatre import DESK, PHONE

NARROW: Final = {"width": 320, "height": 640}
PICTURES: Final = Path(__file__).parents[2] / "screenshots"
_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# The page as it stands: rules for whole sites, or of other levels than AA, are not asked.
_RUN: Final = """
async () => {
  // A colour on its way from light to dark has a contrast that nobody sees: whatever ends is over at once.
  const ends = (one) => one.effect?.getComputedTiming().endTime < Infinity;
  document.getAnimations().filter(ends).forEach((one) => one.finish());
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, iframes: false });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}
"""


async def picture(page: Page, name: str) -> None:
    """The whole page as PNG under screenshots/."""
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


async def axe(place: Page | Frame) -> list[str]:
    """What axe finds wrong in this page or frame."""
    if not await place.evaluate("() => typeof window.axe === 'object'"):
        await place.evaluate(_AXE)
    found: Any = await place.evaluate(_RUN)
    return list(found)


async def widest(page: Page) -> int:
    """How far the page reaches beyond its window, in CSS pixels: above 0 it must be scrolled sideways."""
    return int(await page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


async def looks_right(page: Page, name: str) -> None:
    """On a desk, a phone, and a narrow one in the dark: nothing for axe to find, nothing too wide; and pictures."""
    for colours, size in (("light", DESK), ("light", PHONE), ("dark", NARROW)):
        await page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        # Colours change over a moment: what moves is not judged.
        await page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")
        await picture(page, f"{name}-{colours}-{size['width']}")
        assert await axe(page) == []
        assert await widest(page) <= 0
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESK)  # type: ignore[arg-type]
