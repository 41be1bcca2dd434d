"""Administrators come in: invited, by their own provider, with the right role, each organisation for itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.stories.hospital import Parts
from tests.stories.looking import axe, picture, widest
from tests.stories.theatre import PHONE, Theatre

CLIENT, SECRET = "housecall-portal", "sandbox-portal-secret"


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    running = Parts()
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: Parts, chromium: Browser) -> AsyncIterator[Theatre]:
    made = Theatre(parts, chromium)
    yield made
    await made.close()


class Portal:
    """Somebody's browser at the portal."""

    def __init__(self, parts: Parts, page: Page) -> None:
        self.parts, self.page = parts, page

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.parts.url}{path}")

    async def press(self, mark: str) -> None:
        await self.page.get_by_test_id(mark).click()

    async def sees(self, mark: str, words: str = "") -> None:
        await expect(self.page.get_by_test_id(mark)).to_contain_text(words)

    async def sign_in_as(self, role: str) -> None:
        await self.page.locator(f'[data-testid="sign-in-as"][data-role="{role}"]').click()

    async def fill(self, **values: str) -> None:
        for name, value in values.items():
            await self.page.locator(f"#{name}").fill(value)

    async def set_up(self, organisation: str) -> None:
        """Invited, and the sandbox's provider is the organisation's own from now on."""
        await self.page.goto(self.parts.invite(organisation))
        await self.press("accept-invite")
        await self.fill(issuer=f"{self.parts.sandbox}/idp", client_id=CLIENT, client_secret=SECRET)
        await self.press("look-up")
        await self.press("try-sign-in")
        await self.sign_in_as("administrator")
        await self.sees("saved", "Saved.")

    async def is_fine(self, name: str) -> None:
        """Nothing for axe to find, nothing wider than the window, on a desk and on a phone; and pictures."""
        for size in ({"width": 1280, "height": 860}, PHONE):
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]
            await picture(self.page, f"access-{name}-{size['width']}")
            assert await axe(self.page) == []
            assert await widest(self.page) <= 0
        await self.page.set_viewport_size({"width": 1280, "height": 860})


async def portal_of(parts: Parts, stage: Theatre, **options: str) -> Portal:
    return Portal(parts, (await stage.clinician(**options)).page)


async def test_an_administrator_is_invited_and_sets_up_the_sign_in(parts: Parts, stage: Theatre) -> None:
    portal = await portal_of(parts, stage)
    await portal.go("/portal")
    await portal.is_fine("not-set-up")
    invitation = parts.invite("lakeside")
    await portal.page.goto(invitation)
    await portal.is_fine("invite")
    await portal.press("accept-invite")
    await portal.is_fine("sign-in-empty")

    # A slip in the address: said at the field, and what was typed is still there.
    await portal.fill(
        issuer=f"{parts.sandbox}/nowhere",
        client_id=CLIENT,
        client_secret=SECRET,
        reader="roles = reader # all of us",
    )
    await portal.press("look-up")
    await expect(portal.page.locator("#issuer-fault")).to_contain_text("no OpenID Connect provider")
    await expect(portal.page.locator("#issuer")).to_have_value(f"{parts.sandbox}/nowhere")
    await expect(portal.page.locator("#reader")).to_have_value("roles = reader # all of us")
    await portal.is_fine("sign-in-fault")

    # Found; but who signs in is no administrator by these rules, so nothing changes.
    await portal.fill(issuer=f"{parts.sandbox}/idp", client_secret=SECRET)
    await portal.press("look-up")
    await portal.sees("provider-found")
    await portal.is_fine("sign-in-found")
    await portal.press("try-sign-in")
    await portal.sign_in_as("reader")
    await portal.sees("trial-failed", "not as administrator")
    await portal.is_fine("trial")
    await portal.go("/portal/settings/sign-in")
    await expect(portal.page.locator("#client_id")).to_have_value(CLIENT)

    await portal.press("try-sign-in")
    await portal.sign_in_as("administrator")

    await portal.sees("saved", "as administrator")
    await expect(portal.page.get_by_text("You came in by an invitation")).to_have_count(0)
    await portal.is_fine("sign-in-saved")
    await portal.page.goto(invitation)
    await expect(portal.page.get_by_text("has been used")).to_be_visible()


async def test_the_wrong_role_is_told_and_signing_out_ends_it_at_the_provider_too(
    parts: Parts, stage: Theatre
) -> None:
    setter = await portal_of(parts, stage)
    await setter.set_up("harbour")
    portal = await portal_of(parts, stage, color_scheme="dark")
    await portal.go("/portal/settings/sign-in")
    await expect(portal.page.get_by_text("Sign in to see this page.")).to_be_visible()
    await portal.go("/portal?organisation=harbour")
    await portal.is_fine("welcome-dark")
    await portal.press("sign-in")
    await portal.sign_in_as("auditor")

    await portal.go("/portal/settings/sign-in")
    await portal.sees("refused", "This needs the role administrator. You are signed in as auditor.")
    await portal.is_fine("refused-dark")
    await portal.go("/portal/account")
    await expect(portal.page.get_by_test_id("session")).to_have_count(1)
    await portal.is_fine("account-dark")
    await portal.press("sign-out")
    await portal.is_fine("signed-out-dark")
    await portal.press("sign-out-provider")

    await expect(portal.page).to_have_url(f"{parts.url}/portal")
    await portal.go("/portal/account")
    await expect(portal.page.get_by_text("Sign in to see this page.")).to_be_visible()


async def test_two_organisations_come_in_by_their_own_address_and_do_not_see_each_other(
    parts: Parts, stage: Theatre
) -> None:
    booked = parts.book(in_minutes=30)
    ours, theirs = await portal_of(parts, stage), await portal_of(parts, stage)
    await ours.set_up("default")
    await theirs.set_up("hillside")
    await ours.go("/portal/reports/visits")
    async with asyncio.timeout(40):
        while not await ours.page.locator(f'tr[data-appointment="{booked["id"]}"]').count():
            await ours.page.reload()
    await theirs.go("/portal/reports/visits")
    await expect(theirs.page.locator("tr[data-visit]")).to_have_count(0)

    # Signed out, each browser remembers whose it is; another one is asked, and told where a name is not known.
    await theirs.press("sign-out")
    await theirs.go("/portal")
    await expect(theirs.page.get_by_text("your account of hillside")).to_be_visible()
    stranger = await portal_of(parts, stage)
    await stranger.go("/portal")
    await expect(stranger.page.get_by_test_id("organisation")).to_be_visible()
    await stranger.is_fine("which-organisation")
    await stranger.page.get_by_test_id("organisation").fill("nobodys")
    await stranger.press("choose-organisation")
    await expect(stranger.page.get_by_role("alert")).to_contain_text("Nobody signs in here as nobodys")
    await stranger.page.get_by_test_id("organisation").fill("hillside")
    await stranger.press("choose-organisation")
    await stranger.press("sign-in")
    await stranger.sign_in_as("reader")
    await expect(stranger.page.get_by_test_id("report-visits")).to_be_visible()
    await expect(stranger.page.locator("tr[data-visit]")).to_have_count(0)
