"""The words of a reply, in the languages of our texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.kit.languages import LANGUAGES
from housecall.messaging.templates import catalogue
from housecall.messaging.words import ReplyWord, understand

SPELLINGS = [
    (language, word, spelling)
    for language in LANGUAGES
    for word, spellings in catalogue(language)["words"].items()
    for spelling in spellings
]


@pytest.mark.parametrize(("language", "word", "spelling"), SPELLINGS)
def test_every_word_of_the_catalogue_is_understood(language: str, word: str, spelling: str) -> None:
    wish = understand(spelling)

    assert wish is not None
    assert wish.word == word


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_three_words(language: str) -> None:
    assert set(catalogue(language)["words"]) == set(ReplyWord)


@pytest.mark.parametrize(
    "body",
    ["STOP", " stop.", "Stop!", "S T O P ".replace(" ", ""), "stop\n", "STOP texting me", "no mas", "NO MÁS"],
)
def test_a_stop_is_heard_whatever_its_dress(body: str) -> None:
    wish = understand(body)

    assert wish is not None
    assert wish.word is ReplyWord.stop


def test_a_word_tells_its_language() -> None:
    languages = [understand(body).language for body in ("HELP", "hjælp", "Ayuda", "مساعدة")]  # type: ignore[union-attr]

    assert languages == ["en", "da", "es", "ar"]


@pytest.mark.parametrize(
    "body", ["", " ", "Thanks!", "Please start at nine", "unstoppable", "help me", "I will stop by", "👍"]
)
def test_anything_else_is_not_read(body: str) -> None:
    assert understand(body) is None


@given(st.text())
def test_no_reply_is_too_strange_to_be_read(body: str) -> None:
    wish = understand(body)

    assert wish is None or wish.word in ReplyWord
