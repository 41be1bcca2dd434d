"""What a screen reader is given to say in each state of a visit, read from Chromium's own accessibility tree."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final, Self

import pytest
from playwright.async_api import CDPSession, Frame, Page, expect

from housecall.visits.words import say
from housecall.web.pages import catalogue
from tests.stories.demo import Demo
from tests.stories.theatre import PATIENCE_MS, Theatre, frame_of

_ROOT: Final = Path(__file__).parents[2]
_SCRIPT: Final = _ROOT / "docs" / "how-to" / "listen-with-a-screen-reader.md"
_SAID_BY: Final = [
    *(_ROOT / "client" / "src" / "pages" / "panel").glob("*.ts"),
    _ROOT / "src" / "housecall" / "web" / "catalogue" / "en.json",
]


class Ear:
    """Hears what is live in a page and what has the focus, as a screen reader is told of it."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self.heard: list[str] = []

    @classmethod
    async def at(cls, place: Page | Frame) -> Self:
        page = place if isinstance(place, Page) else place.page
        session = await page.context.new_cdp_session(place)
        await session.send("Accessibility.enable")
        return cls(session)

    async def hears(self, sentence: str) -> None:
        """It is said of its own accord, now or within the patience of a story."""
        await self._until(sentence, lambda nodes: live_texts(nodes))

    async def stands_at(self, name: str) -> None:
        """The focus is on what has this name, so that reading goes on from there."""
        await self._until(name, lambda nodes: [_name(one) for one in nodes.values() if _is(one, "focused")])

    async def _until(self, wanted: str, look: Any) -> None:
        found: list[str] = []
        for _ in range(PATIENCE_MS // 200):
            tree = await self._session.send("Accessibility.getFullAXTree")
            found = look({one["nodeId"]: one for one in tree["nodes"]})
            if any(wanted in text for text in found):
                self.heard.append(wanted)
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"nobody said {wanted!r}, only {found}")


def live_texts(nodes: dict[str, Any]) -> list[str]:
    """What each live region of the tree holds, whole."""
    regions = [one for one in nodes.values() if _is(one, "live", "polite", "assertive")]
    return [text for one in regions if (text := " ".join(_words_in(one, nodes)).strip())]


def _words_in(node: dict[str, Any], nodes: dict[str, Any]) -> list[str]:
    if node.get("role", {}).get("value") == "StaticText":
        return [_name(node)]
    below = [nodes[child] for child in node.get("childIds", []) if child in nodes]
    return [word for one in below for word in _words_in(one, nodes)]


def _name(node: dict[str, Any]) -> str:
    return str(node.get("name", {}).get("value", ""))


def _is(node: dict[str, Any], name: str, *values: str) -> bool:
    for one in node.get("properties", []):
        if one["name"] == name:
            value = one["value"].get("value")
            return value in values if values else value is True
    return False


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_state_of_a_visit_is_said_to_both_sides(
    demo: Demo, theatre: Theatre, language: str
) -> None:
    booked = demo.book()
    clinician, patient = await theatre.clinician(), await theatre.patient(booked)
    texts = catalogue(language)
    await clinician.open_panel(booked)
    patient.link = f"{await patient.read_text()}?lang={language}"
    await patient.open_link()
    await expect(patient.page.locator("html")).to_have_attribute("lang", language)
    await patient.press_start()
    ear, staff = await Ear.at(patient.page), await Ear.at(frame_of(clinician))

    await ear.hears(texts["check"]["ready"])
    await patient.enter_lobby()
    await ear.stands_at(texts["lobby"]["waiting_heading"])
    await staff.hears("The patient has arrived and is waiting.")

    tell = clinician.panel.locator("details", has=clinician.panel.get_by_test_id("tell-soon"))
    await tell.locator("summary").click()
    await clinician.press("tell-soon")
    await ear.hears(say("soon", language))
    await clinician.press("admit")
    await ear.hears(texts["call"]["admitted"])
    await staff.hears("Patient: In the visit")

    await clinician.press("hold")
    await ear.hears(texts["lobby"]["held_heading"])
    await staff.hears("Patient: On hold")
    await clinician.press("resume")
    await staff.hears("Patient: In the visit")
    await clinician.press("send-back")
    await ear.stands_at(texts["lobby"]["waiting_heading"])
    await clinician.press("decline")
    await ear.stands_at(texts["lobby"]["declined_heading"])
    await staff.hears("Patient: Not admitted")

    await patient.mark("ask-again").click()
    await ear.stands_at(texts["lobby"]["waiting_heading"])
    await clinician.press("admit")
    await patient.is_in_call()
    await clinician.press("end-visit")
    await staff.stands_at(catalogue("en")["call"]["confirm_end"])
    await clinician.press("confirm-end")
    await ear.stands_at(texts["after"]["ended_heading"])
    await staff.hears("Patient: Visit ended")


def test_what_the_script_says_must_be_heard_is_what_is_said() -> None:
    """The sentences of the written script, in curly quotes, are those of the pages."""
    said = "\n".join(path.read_text(encoding="utf-8") for path in _SAID_BY)
    promised = re.findall(r"“([^”]+)”", _SCRIPT.read_text(encoding="utf-8"))

    assert len(promised) > 20
    plain = [re.sub("^(Patient: |The patient )", "", one) for one in promised]
    assert [one for one in plain if one not in said] == []
