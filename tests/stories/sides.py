"""Looking at one state of a page from all sides: large and small, light and dark."""

from typing import Final

from playwright.async_api import Frame, Page

from tests.stories.looking import axe, picture
from tests.stories.theatre import DESK, Clinician, frame_of

NARROW: Final = {"width": 320, "height": 640}
SIDES: Final = (("light", DESK), ("dark", DESK), ("light", NARROW), ("dark", NARROW))
_AT_REST: Final = """
() => document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())
"""
_TOO_WIDE: Final = "() => document.documentElement.scrollWidth - window.innerWidth"


async def look(
    page: Page, name: str, *, scheme: str, size: dict[str, int], within: Frame | None = None
) -> list[str]:
    """A picture, and what is wrong with what is seen of the page, or of a frame of it."""
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.set_viewport_size(size)  # type: ignore[arg-type]
    # Colours change over a moment, and what is on its way is not what anybody sees.
    await (within or page).evaluate(_AT_REST)
    await picture(page, f"{name}-{scheme}-{size['width']}")
    found = await axe(within or page)
    if (wide := await (within or page).evaluate(_TOO_WIDE)) > 0:
        found.append(f"reaches {wide} px beyond the window")
    return [f"{name}, {scheme}, {size['width']}: {one}" for one in found]


async def from_all_sides(clinician: Clinician, name: str) -> list[str]:
    """What is wrong with the panel in this state; afterwards it is as large and as light as before."""
    page, faults = clinician.page, list[str]()
    for scheme, size in SIDES:
        faults += await look(page, f"panel-{name}", scheme=scheme, size=size, within=frame_of(clinician))
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESK)  # type: ignore[arg-type]
    return faults
