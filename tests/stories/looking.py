"""Looking at pages: a picture for people, axe for everybody else."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Frame, Page

PICTURES: Final = Path(__file__).parents[2] / "screenshots"
_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# The page as it stands: rules for whole sites, or of other levels than AA, are not asked.
_RUN: Final = """
async () => {
  // A colour on its way from light to dark has a contrast that nobody sees: transitions are over at once.
  document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish());
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
