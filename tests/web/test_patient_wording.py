"""Times, languages and texts of the patient's pages."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from housecall.kit.languages import ENGLISH_NAMES, LANGUAGES, OWN_NAMES
from housecall.web.pages import catalogue, text_of
from housecall.web.wording import dial, long_time, pick_language, short_time, time_of_day

WEB = Path(__file__).parents[2] / "src" / "housecall" / "web"
HALF_PAST_TWO = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "language", "expected"),
    [
        ("America/Chicago", "en", "Tuesday, November 24, 2:30 PM CST"),
        ("America/Chicago", "es", "martes 24 de noviembre, 2:30 p.m. CST"),
        ("Europe/Copenhagen", "en", "Tuesday 24 November, 21:30 CET"),
        ("Europe/Copenhagen", "da", "tirsdag 24. november, 21:30 CET"),
        ("Europe/Copenhagen", "ar", "الثلاثاء 24 نوفمبر، 9:30 م CET"),
        ("Asia/Dubai", "en", "Wednesday 25 November, 00:30 GMT+4"),
    ],
)
def test_a_time_is_said_as_people_there_say_it(zone: str, language: str, expected: str) -> None:
    assert long_time(HALF_PAST_TWO, zone, language).replace("\u00a0", " ") == expected


def test_a_time_is_never_broken_over_two_lines() -> None:
    assert " " not in time_of_day(HALF_PAST_TWO, "America/Chicago", "en")
    assert short_time(HALF_PAST_TWO, "America/Chicago", "en") == "Tue, Nov 24, 2:30\u00a0PM"


@pytest.mark.parametrize(
    ("wishes", "accepted", "fallback", "expected"),
    [
        (("da", "es"), "ar", "en", "da"),
        ((None, "es-MX"), "ar", "en", "es"),
        (("xx", None), "fr, ar;q=0.8, da;q=0.9", "en", "da"),
        ((None,), "", "es", "es"),
        ((None,), "*;q=oops", "tlh", "en"),
    ],
)
def test_the_readers_own_choice_comes_first(
    wishes: tuple[str | None, ...], accepted: str, fallback: str, expected: str
) -> None:
    assert pick_language(*wishes, accepted=accepted, fallback=fallback) == expected


def test_every_language_names_itself() -> None:
    assert set(OWN_NAMES) == set(ENGLISH_NAMES) == set(LANGUAGES)


def test_a_number_is_dialled_without_its_spaces() -> None:
    assert dial("+1 (555) 010-0100") == "tel:+15550100100"
    assert dial("") == ""


def flat(node: Any, path: str = "") -> dict[str, str]:
    if isinstance(node, str):
        return {path: node}
    return {key: text for name, below in node.items() for key, text in flat(below, f"{path}.{name}").items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_fields(language: str) -> None:
    english, here = flat(catalogue("en")), flat(catalogue(language))

    assert here.keys() == english.keys()
    assert {key: sorted(re.findall(r"{\w+}", text)) for key, text in here.items()} == {
        key: sorted(re.findall(r"{\w+}", text)) for key, text in english.items()
    }


def test_every_text_that_a_template_asks_for_exists() -> None:
    english = flat(json.loads((WEB / "catalogue" / "en.json").read_text(encoding="utf-8")))
    asked = set()
    for template in (WEB / "templates" / "patient").glob("*.html"):
        asked |= set(re.findall(r"""t\('([\w.]+)'[,)]""", template.read_text(encoding="utf-8")))

    assert asked
    assert not {key for key in asked if f".{key}" not in english}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_ends_in_two_full_stops(language: str) -> None:
    """As Spanish times in America end in one of their own, and many a clinic's name does."""
    opens = time_of_day(HALF_PAST_TWO, "America/Chicago", language)

    said = [
        text_of(language, "landing.early", time=opens),
        text_of(language, "lobby.early_text", time=opens),
        text_of(language, "page.help_no_phone", clinic="\u2068Prairie View Inc.\u2069"),
    ]

    assert [text for text in said if re.search(r"\.\u2069?\.", text)] == []
    assert opens in said[0]
