"""The words STOP, START, HELP and C in the languages of our texts. Other replies are not read and not kept."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from housecall.kit.languages import LANGUAGES, has_texts
from housecall.messaging.templates import FALLBACK, catalogue


class ReplyWord(StrEnum):
    """What a reply asks for."""

    stop = "stop"
    start = "start"
    help = "help"
    confirm = "confirm"


@dataclass(frozen=True)
class Wish:
    """What a reply asks for, and the language of the word it used."""

    word: ReplyWord
    language: str


def understand(body: str) -> Wish | None:
    """What the reply asks for, None when it is anything but one of the words.

    Case, accents, punctuation and spaces do not count. A reply that begins with STOP is a STOP: better one
    text too few than one that was refused.
    """
    plain = _plain(body)
    found = _words().get(plain)
    if found is None and plain.startswith("stop "):
        return Wish(ReplyWord.stop, FALLBACK)
    return found


@cache
def _words() -> dict[str, Wish]:
    known: dict[str, Wish] = {}
    for language in filter(lambda code: has_texts(code, "messages"), LANGUAGES):
        for word, spellings in catalogue(language)["words"].items():
            for spelling in spellings:
                # The first language that has a word keeps it: START is English before it is Danish.
                known.setdefault(_plain(spelling), Wish(ReplyWord(word), language))
    return known


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    kept = (sign if sign.isalnum() else " " for sign in apart if not unicodedata.combining(sign))
    return " ".join("".join(kept).split())
