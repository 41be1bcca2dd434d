"""An administrator sets Teams up on the portal alone: certificate, prerequisites, choice; two of them at once."""

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.sandbox.tenant import CERTIFICATE
from tests.stories.demo import Demo
from tests.stories.looking import axe, looks_right
from tests.stories.test_settings import administrator
from tests.stories.test_sign_in import Portal
from tests.stories.theatre import Theatre


class Page(Portal):
    """An administrator's browser at the page that says where visits are held."""

    address = ""

    async def begin_connection(self) -> None:
        """On a draft of its own: the demo's connection stays as the other stories know it."""
        await self.go("/portal/setup/connections")
        await self.press("add-connection")
        await self.page.wait_for_url("**/portal/setup/connections/c_*")
        self.address = self.page.url.removeprefix(self.parts.url)

    async def open(self, address: str = "") -> None:
        self.address = address or self.address
        await self.go(f"{self.address}/meetings")

    async def choose(self, name: str, value: str) -> None:
        await self.page.locator(f"#{name}").select_option(value)

    async def says(self, name: str, words: str) -> None:
        await expect(self.page.locator(f"#{name}-fault")).to_contain_text(words)

    async def value(self, field: str) -> str:
        return await self.page.locator(f"#{field}").input_value()

    async def looks_right(self, name: str) -> None:
        await looks_right(self.page, f"meetings-{name}")


def tenant(demo: Demo) -> dict[str, Any]:
    found: dict[str, Any] = demo.http.get(f"{demo.sandbox}/sandbox/teams").json()
    return found


def switch(demo: Demo, **wanted: Any) -> None:
    assert demo.http.patch(f"{demo.sandbox}/sandbox/teams", json=wanted).is_success


def register(demo: Demo, certificate: str) -> None:
    """As whoever administers Entra does with what the page shows."""
    answer = demo.http.post(f"{demo.sandbox}/sandbox/teams/certificates", json={"certificate": certificate})
    assert answer.is_success


async def test_an_administrator_sets_teams_up_alone(demo: Demo, theatre: Theatre, tmp_path: Path) -> None:
    page, known = Page(demo, (await administrator(demo, theatre)).page), tenant(demo)
    await page.begin_connection()
    await page.open()
    await page.looks_right("empty")

    # Teams cannot be chosen in part; what was typed stays.
    await page.choose("service", "teams")
    await page.fill(tenant="our clinic", client_id=known["client"])
    await page.press("save")
    await page.says("service", "Make a certificate first")
    await page.says("tenant", "Give the directory’s id")
    assert await page.value("client_id") == known["client"]
    await page.looks_right("faults")

    # A file that is no key is refused; made here, only the public half is on the page.
    (tmp_path / "half.pem").write_text(CERTIFICATE.public_pem)
    await page.open()
    await page.page.locator("#certificate summary").click()
    await page.page.locator("#pem").set_input_files(tmp_path / "half.pem")
    await page.press("upload-certificate")
    await page.says("pem", "not one PEM file")
    await page.press("make-certificate")
    await page.sees("saved", "Hand its public part")
    assert "PRIVATE" not in await page.page.content()
    register(demo, await page.value("public-pem"))

    # Prepared and tested before it is chosen; what is missing comes with the commands that mend it.
    await page.fill(tenant=known["tenant"].upper(), client_id=known["client"])
    await page.choose("organises", "account")
    await page.press("save")
    await page.says("organiser", "object id")
    await page.fill(organiser=known["service_account"])
    await page.press("save")
    await page.sees("saved", "Visits found from now on")
    switch(demo, policy="none")
    try:
        await page.press("test-meetings")
        await page.sees("meetings-tested", "One thing is missing")
        commands = (
            f'Grant-CsApplicationAccessPolicy -PolicyName Housecall -Identity "{known["service_account"]}"'
        )
        await page.sees("meetings-tested", commands)
        assert commands in await page.value("policy-commands")
        await page.looks_right("missing")
    finally:
        switch(demo, policy="global")
    await page.press("test-meetings")
    await page.sees("meetings-tested", "Everything that was tried works")
    await page.choose("service", "teams")
    await page.press("save")
    await page.sees("saved", "Visits found from now on")
    await page.looks_right("chosen")

    # The next certificate waits beside the one in use until it is handed over, and there is a way back.
    first = await page.value("public-pem")
    await page.press("make-certificate")
    assert await page.value("public-pem") == first
    register(demo, await page.value("other-pem"))
    second = await page.value("other-pem")
    await page.press("use-certificate")
    await page.sees("saved", "The other certificate signs in")
    assert (await page.value("public-pem"), await page.value("other-pem")) == (second, first)
    await page.press("test-meetings")
    await page.sees("meetings-tested", "Everything that was tried works")

    # Who is whom in the directory, where the addresses differ.
    await page.fill(user="Practitioner/p-9", object_id="nonsense")
    await page.press("add-person")
    await page.says("object_id", "Entra admin center")
    await page.fill(object_id=known["users"][0]["id"])
    await page.press("add-person")
    row = page.page.locator('[data-user="p-9"]')
    await expect(row).to_contain_text("Said here")
    await page.looks_right("people")
    await row.get_by_test_id("forget-person").click()
    await expect(row).to_have_count(0)

    # Each of it is on record, keys by their thumbprints only.
    await page.go("/portal/audit?act=tenancy:meetings:chosen")
    await expect(page.page.locator("tbody tr").first).to_contain_text("builtin → teams")
    await page.go("/portal/audit?act=tenancy:meeting_key:changed")
    await expect(page.page.locator("tbody tr").first).to_contain_text("in_use")
    await page.go(page.address)
    await page.press("remove-draft")


async def test_each_cloud_has_its_own_commands_and_what_does_not_go_together_is_said(
    demo: Demo, theatre: Theatre
) -> None:
    """A directory of a government cloud, chosen wrong in each way before it is chosen right; also by command."""
    page, known = Page(demo, (await administrator(demo, theatre)).page), tenant(demo)
    await page.begin_connection()
    await page.open()
    await page.press("make-certificate")
    register(demo, await page.value("public-pem"))
    assert "VirtualAppointment.Read.All" in await page.page.locator("#microsoft").inner_text()

    await page.fill(tenant=known["tenant"], client_id=known["client"])
    await page.choose("cloud", "china")
    await page.press("save")
    await page.says("cloud", "China does not make meetings for apps")
    await page.looks_right("cloud")
    await page.choose("cloud", "usgov-high")
    await page.choose("organises", "account")
    await page.fill(organiser=known["service_account"])
    await page.press("save")
    await page.sees("saved")
    assert "Connect-MicrosoftTeams -TeamsEnvironmentName TeamsGCCH" in await page.value("policy-commands")
    assert "VirtualAppointment.Read.All" not in await page.page.locator("#microsoft").inner_text()

    await page.press("test-meetings")
    await page.sees("meetings-tested", "compare the directory's id, and which of Microsoft's clouds it is in")
    switch(demo, cloud="usgov-high")
    try:
        await page.press("test-meetings")
        await page.sees("meetings-tested", "Everything that was tried works")
    finally:
        switch(demo, cloud="global")

    named = (
        "--connection",
        page.address.rsplit("/", 1)[-1],
        "--tenant",
        known["tenant"],
        "--client-id",
        known["client"],
    )
    refused = await asyncio.to_thread(demo.housecall, "teams", "use", *named, "--cloud", "china")
    taken = await asyncio.to_thread(demo.housecall, "teams", "use", *named, "--cloud", "usgov-dod")
    await page.open()

    assert (refused.returncode, taken.returncode) == (1, 0), taken.stderr
    assert refused.stderr.count("\n") == 1
    assert "China does not make meetings for apps" in refused.stderr
    assert (await page.value("cloud"), await page.value("service")) == ("usgov-dod", "teams")
    assert "TeamsDOD" in await page.value("policy-commands")
    await page.go(page.address)
    await page.press("remove-draft")


async def test_two_administrators_choose_at_once_and_lose_nothing(demo: Demo, theatre: Theatre) -> None:
    one = Page(demo, (await administrator(demo, theatre)).page)
    other = Page(demo, (await administrator(demo, theatre, color_scheme="dark")).page)
    known = tenant(demo)
    await one.begin_connection()
    await one.open()
    await other.open(one.address)

    await one.fill(tenant=known["tenant"], client_id=known["client"])
    await one.choose("chat", "disabled")
    await one.press("save")
    await one.sees("saved")
    await other.fill(tenant=known["service_account"], client_id=known["client"])
    await other.press("save")

    await other.sees("stale", "Somebody else saved this")
    await other.says("tenant", known["tenant"])
    await other.says("chat", "What stands now is: Never")
    assert await other.value("tenant") == known["service_account"]
    assert await axe(other.page) == []
    await other.choose("chat", "disabled")
    await other.press("save")
    await other.sees("saved")
    assert await other.value("tenant") == known["service_account"]

    await one.go(one.address)
    await one.press("remove-draft")


async def test_the_page_is_used_by_keyboard_alone(demo: Demo, theatre: Theatre) -> None:
    page, known = Page(demo, (await administrator(demo, theatre)).page), tenant(demo)
    await page.begin_connection()
    await page.open()

    await page.page.locator("#tenant").focus()
    for typed in (known["tenant"], known["client"]):
        await page.page.keyboard.type(typed)
        await page.page.keyboard.press("Tab")
    # Cloud, who organises, the account, chat, recording, save.
    for _ in range(5):
        await page.page.keyboard.press("Tab")
    await expect(page.page.get_by_test_id("save")).to_be_focused()
    await page.page.keyboard.press("Enter")

    await page.sees("saved")
    assert await page.value("client_id") == known["client"]
    await page.go(page.address)
    await page.press("remove-draft")
