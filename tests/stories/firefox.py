"""A real Firefox, driven by WebDriver BiDi: the protocol it speaks itself, with no driver between."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

FIREFOX: Final = shutil.which("firefox-esr") or shutil.which("firefox") or "/usr/bin/firefox-esr"
needs_firefox: Final = pytest.mark.skipif(not Path(FIREFOX).exists(), reason="Firefox is not installed here")
Preference = bool | int | str

# A cold start on a busy machine takes seven seconds.
_STARTED_WITHIN_S: Final = 45.0
_ANSWERED_WITHIN_S: Final = 30.0
# Two browsers of two makers, both encoding on the processor, on a machine that may be busy besides.
PATIENCE_S: Final = 45.0
_PREFERENCES: Final[dict[str, Preference]] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    # Both browsers of a story are on this machine; no other path than its loopback is sure to be there.
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    # A window behind another would be slowed down as a hidden one is.
    "widget.windows.window_occlusion_tracking.enabled": False,
    # Nobody outside is spoken to.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
}


class FirefoxRefused(Exception):
    """Firefox answered a command with an error."""


class Firefox:
    """One process with a profile of its own; both are gone when the block ends."""

    def __init__(self, preferences: dict[str, Preference] | None = None) -> None:
        self._preferences = _PREFERENCES | (preferences or {})
        self._folder = Path(tempfile.mkdtemp(prefix="hc-firefox-", dir="/tmp"))
        self._process: asyncio.subprocess.Process | None = None
        self._wire: ClientConnection | None = None
        self._ears: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        # What scripts of any page did wrong.
        self.faults: list[str] = []

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command; raises FirefoxRefused."""
        assert self._wire is not None
        number = next(self._ids)
        self._asked[number] = asyncio.get_running_loop().create_future()
        await self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            return await self._asked[number]

    async def __aenter__(self) -> Self:
        lines = [
            f"user_pref({json.dumps(one)}, {json.dumps(value)});" for one, value in self._preferences.items()
        ]
        (self._folder / "user.js").write_text("\n".join(lines))
        command = [FIREFOX, "--headless", "--no-remote", "--remote-debugging-port", "0"]
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *[*command, "--profile", str(self._folder)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "HOME": str(self._folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
            )
        self._wire = await connect(await self._address() + "/session", max_size=None, ping_interval=None)
        self._ears = asyncio.create_task(self._listen(self._wire))
        await self.ask("session.new", capabilities={})
        await self.ask("session.subscribe", events=["log.entryAdded"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wire is not None:
            await self._wire.close()
        if self._ears is not None:
            await self._ears
        if self._process is not None:
            await _end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _address(self) -> str:
        assert self._process is not None
        log = self._folder / "log"
        deadline = time.monotonic() + _STARTED_WITHIN_S
        while time.monotonic() < deadline and self._process.returncode is None:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace")):
                return found[1]
            await asyncio.sleep(0.05)
        raise AssertionError("Firefox did not start: " + log.read_text(errors="replace")[-3000:])

    async def _listen(self, wire: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in wire:
                self._hear(json.loads(text))

    def _hear(self, said: dict[str, Any]) -> None:
        if said["type"] == "event":
            entry = said["params"]
            if entry.get("type") == "javascript" and entry.get("level") == "error":
                self.faults.append(str(entry["text"]))
            return
        asked = self._asked.pop(said["id"], None)
        if asked is None or asked.done():
            return
        if said["type"] == "success":
            asked.set_result(said["result"])
        else:
            asked.set_exception(FirefoxRefused(f"{said['error']}: {said['message']}"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """The process and its children are gone."""
    if process.returncode is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(5):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


class Tab:
    """A window of a person of its own (no cookie is shared), or a frame in one."""

    def __init__(self, firefox: Firefox, context: str, person: str) -> None:
        self.firefox, self.context, self._person = firefox, context, person

    @classmethod
    async def open(cls, firefox: Firefox, width: int, height: int, *, beforehand: str) -> "Tab":
        """A new window; ``beforehand`` runs in every page and frame of it before their own scripts."""
        person = (await firefox.ask("browser.createUserContext"))["userContext"]
        made = await firefox.ask("browsingContext.create", type="window", userContext=person)
        tab = cls(firefox, made["context"], person)
        await tab._ask("browsingContext.setViewport", viewport={"width": width, "height": height})
        await firefox.ask(
            "script.addPreloadScript", functionDeclaration=f"() => {{{beforehand}}}", contexts=[tab.context]
        )
        return tab

    async def close(self) -> None:
        """The window and its person's cookies are gone."""
        await self.firefox.ask("browser.removeUserContext", userContext=self._person)

    async def goto(self, url: str) -> None:
        await self._ask("browsingContext.navigate", url=url, wait="complete")

    async def reload(self) -> None:
        await self._ask("browsingContext.reload", wait="complete")

    async def frame(self, url: str) -> "Tab":
        """The frame in this window whose address begins so, once it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            (tree,) = (await self.firefox.ask("browsingContext.getTree", root=self.context))["contexts"]
            for child in tree["children"] or []:
                if child["url"].startswith(url):
                    return Tab(self.firefox, child["context"], self._person)
            await asyncio.sleep(0.1)
        raise AssertionError(f"no frame of {url} came")

    async def run(self, function: str, *given: Any) -> Any:
        """What the function answers in the page, read as JSON."""
        asked = await self._ask(
            "script.callFunction",
            functionDeclaration=f"async (given) => JSON.stringify(await ({function})(...JSON.parse(given)) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(given)}],
            target={"context": self.context},
            awaitPromise=True,
        )
        if asked["type"] == "exception":
            raise FirefoxRefused(asked["exceptionDetails"]["text"])
        return json.loads(asked["result"]["value"])

    async def until(self, function: str, *given: Any) -> Any:
        """The first true answer of the function; fails with what the page says when none comes in time."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            # Between two pages there is nobody to ask.
            with contextlib.suppress(FirefoxRefused):
                if found := await self.run(function, *given):
                    return found
            await asyncio.sleep(0.1)
        text = await self.run("() => document.body.innerText")
        raise AssertionError(f"{given} did not come; the page says: {text}")

    async def press(self, css: str) -> None:
        """A real press of the mouse in the middle of the first one that fits, once it can be pressed."""
        await self.until(_PRESSABLE, css)
        found = await self._ask("browsingContext.locateNodes", locator={"type": "css", "value": css})
        origin = {"type": "element", "element": {"sharedId": found["nodes"][0]["sharedId"]}}
        steps: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._ask("input.performActions", actions=[{"type": "pointer", "id": "hand", "actions": steps}])

    async def sees(self, css: str) -> None:
        """Returns when one that fits is to be seen."""
        await self.until(_VISIBLE, css)

    async def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        if method != "script.callFunction":
            params["context"] = self.context
        return await self.firefox.ask(method, **params)


_VISIBLE: Final = "(css) => [...document.querySelectorAll(css)].some((one) => one.checkVisibility())"
_PRESSABLE: Final = """(css) => {
  const one = document.querySelector(css);
  if (!one || one.disabled || !one.checkVisibility()) return false;
  one.scrollIntoView({ block: 'center', behavior: 'instant' });
  return true;
}"""
