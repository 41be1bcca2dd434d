"""A language of an operator's own: one file, and every list of languages knows it."""

import json
from pathlib import Path
from typing import Any

import pytest

from housecall.compose import add_languages
from housecall.kit import languages
from housecall.kit.languages import ENGLISH_NAMES, LANGUAGES, OWN_NAMES, LanguageInvalid, direction
from housecall.kit.settings import Settings
from housecall.messaging import templates, words
from housecall.messaging.model import Channel, MessageKind
from housecall.visits.words import say
from housecall.web.wording import long_time, pick_language
from tests.web.test_patient_wording import HALF_PAST_TWO

NAMED = {"name": "Svenska", "english_name": "Swedish"}


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds is gone after it."""
    for known in (OWN_NAMES, ENGLISH_NAMES, languages._added):
        for code in ("sv", "ckb", "qab"):
            monkeypatch.setitem(known, code, None)  # type: ignore[arg-type]
            del known[code]  # type: ignore[arg-type]


def drop(folder: Path, code: str = "sv", **said: Any) -> Settings:
    """The settings of an operator who put this file into their folder."""
    (folder / f"{code}.json").write_text(json.dumps({**NAMED, **said}), encoding="utf-8")
    return Settings({"HOUSECALL_LANGUAGES_DIR": str(folder)})


def test_a_file_in_the_folder_is_a_language_like_ours(tmp_path: Path) -> None:
    messages = json.loads(json.dumps(dict(templates.catalogue("da"))).replace("afmeld", "avsluta"))
    messages["texts"]["ready"] = "{clinic}: vi är redo. Anslut nu: {link}"

    add_languages(drop(tmp_path, messages=messages, waiting={"soon": "Du släpps snart in."}))
    words._words.cache_clear()

    assert list(LANGUAGES)[-1] == "sv"
    assert (OWN_NAMES["sv"], ENGLISH_NAMES["sv"], direction("sv")) == ("Svenska", "Swedish", "ltr")
    assert pick_language("sv-SE") == templates.pick_language("sv") == "sv"
    values = {"clinic": "Vårdcentralen", "link": "https://visits.example/v/x"}
    assert templates.render(MessageKind.ready, "sv", values).startswith("Vårdcentralen: vi är redo.")
    assert words.understand("Avsluta") == words.Wish(words.ReplyWord.stop, "sv")
    assert (say("soon", "sv"), say("late", "sv")) == ("Du släpps snart in.", say("late", "en"))
    words._words.cache_clear()
    assert long_time(HALF_PAST_TWO, "Europe/Stockholm", "sv") == "tisdag 24 november, 21:30\u00a0CET"


def test_one_that_is_written_from_right_to_left_says_so(tmp_path: Path) -> None:
    add_languages(drop(tmp_path, "ckb", right_to_left=True))

    assert direction("ckb") == "rtl"
    assert "،" in long_time(HALF_PAST_TWO, "Europe/Copenhagen", "ckb")


def test_times_in_a_language_that_nobody_described_are_said_in_figures_all_the_same(tmp_path: Path) -> None:
    add_languages(drop(tmp_path, "qab"))

    assert pick_language("qab") == "qab"
    assert long_time(HALF_PAST_TWO, "Europe/Copenhagen", "qab").endswith("21:30\u00a0CET")


def test_without_messages_of_its_own_its_readers_are_written_to_in_the_clinics_language(
    tmp_path: Path,
) -> None:
    add_languages(drop(tmp_path, pages={"landing": {"start": "Testa kameran"}}))

    assert templates.pick_language("sv", fallback="da") == "da"
    assert templates.shipped(MessageKind.ready, Channel.sms, "da").body


@pytest.mark.parametrize(
    ("code", "said", "because"),
    [
        ("da", {}, "not shipped"),
        ("swedish", {}, "code of a language"),
        ("sv", {"pages": {"landing": {"begin": "Börja"}}}, "no text pages.landing.begin"),
        ("sv", {"pages": {"landing": "Börja"}}, "no text pages.landing"),
        ("sv", {"pages": {"lobby": {"waited": "Du har väntat."}}}, "other fields than: {time}"),
        ("sv", {"pages": {"lobby": {"waited": "Du har väntat {tid."}}}, "other fields than: {time}"),
        ("sv", {"waiting": {"never": "Aldrig."}}, "no text waiting.never"),
        ("sv", {"messages": {"texts": {"ready": "{clinic}: nu: {link}"}}}, "messages.texts.confirmation is missing"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_stops_the_start_and_says_why(
    tmp_path: Path, code: str, said: dict[str, Any], because: str
) -> None:
    settings = drop(tmp_path, code, **said)

    with pytest.raises(LanguageInvalid, match=because.replace("{", r"\{")):
        add_languages(settings)

    assert "sv" not in LANGUAGES


@pytest.mark.parametrize(
    ("text", "because"), [("{", "cannot be read"), ('{"name": "Svenska"}', "english_name")]
)
def test_a_file_that_is_not_whole_is_named(tmp_path: Path, text: str, because: str) -> None:
    (tmp_path / "sv.json").write_text(text)

    with pytest.raises(LanguageInvalid, match=r"sv\.json.*" + because):
        add_languages(Settings({"HOUSECALL_LANGUAGES_DIR": str(tmp_path)}))
