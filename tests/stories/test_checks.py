"""What a deployment stands on, as the operator sees it by command and the administrator on a page."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.stories.hospital import Parts
from tests.stories.test_sign_in import portal_of
from tests.stories.theatre import Theatre


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


def check(parts: Parts, *more: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "housecall.commands", "check", *more]
    environment = parts.environment() | settings
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)


def test_the_command_finds_a_running_deployment_in_order_and_a_broken_one_not(parts: Parts) -> None:
    good, table = check(parts, "--json"), check(parts)
    broken = check(parts, "--json", HOUSECALL_SMS_GATEWAY_URL="http://127.0.0.1:9/gateway")
    away = check(parts, "--json", HOUSECALL_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")

    states = {one["name"]: one["state"] for one in json.loads(good.stdout)["checks"]}
    assert good.returncode == 0, good.stdout + good.stderr
    assert {name for name, state in states.items() if state == "ok"} >= {
        "worker",
        "public-url",
        "sockets",
        "clock",
        "texts",
    }
    assert states["relay"] == "warn"
    assert "Nothing failed." in table.stdout
    assert broken.returncode == 1
    failed = [one for one in json.loads(broken.stdout)["checks"] if one["state"] == "fail"]
    assert [one["name"] for one in failed] == ["texts"]
    assert failed[0]["findings"][0]["mend"]
    assert away.returncode == 1
    assert json.loads(away.stdout)["checks"][0]["name"] == "database"


async def test_an_administrator_sees_each_check_come_to_its_result(parts: Parts, stage: Theatre) -> None:
    portal = await portal_of(parts, stage)
    await portal.set_up("default")

    await portal.go("/portal/checks")

    for name, state in (
        ("public-url", "ok"),
        ("sockets", "ok"),
        ("sign-in", "ok"),
        ("relay", "warn"),
        ("ehr", "warn"),
    ):
        place = portal.page.locator(f'[data-check="{name}"]')
        await expect(place).to_have_attribute("data-state", state, timeout=25_000)
    await expect(portal.page.locator('[data-check][data-state="pending"]')).to_have_count(0, timeout=25_000)
    await expect(portal.page.get_by_text("Calls between browsers")).to_be_visible()
    await expect(portal.page.get_by_test_id("browser-age")).to_have_attribute("data-state", "ok")
    await portal.is_fine("checks")
