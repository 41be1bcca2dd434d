"""The languages that patients read us in, and how each is written: those we ship, and those of an operator's own.

Another language is one file of texts. It is added once, when the house is put together; every name below that
lists languages knows it from then on.
"""

import json
import re
import string
from collections.abc import KeysView, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from housecall.kit.errors import HousecallError, Kind

# Each in its own language, as its reader looks for it.
OWN_NAMES: Final = {"en": "English", "da": "Dansk", "es": "Español", "ar": "العربية"}
# For staff, who read English.
ENGLISH_NAMES: Final = {"en": "English", "da": "Danish", "es": "Spanish", "ar": "Arabic"}
# A view: what is added later is in it.
LANGUAGES: Final[KeysView[str]] = OWN_NAMES.keys()
_SHIPPED: Final = frozenset(OWN_NAMES)

_RIGHT_TO_LEFT: Final = {"ar", "he", "fa", "ur"}
_CODE: Final = re.compile(r"[a-z]{2,3}")

Texts = Mapping[str, Any]


class LanguageInvalid(HousecallError):
    """A file with a language's texts cannot be used."""

    kind: ClassVar[Kind] = Kind.invalid
    code: ClassVar[str] = "kit.language_invalid"


@dataclass(frozen=True)
class Language:
    """One that an operator adds; ``texts`` by section, as ``pages`` and ``messages``."""

    code: str
    own_name: str
    english_name: str
    is_right_to_left: bool
    texts: Mapping[str, Texts]


_added: Final[dict[str, Language]] = {}


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, as the language is written; any code, also of a language without texts of ours."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def read_language(path: Path) -> Language:
    """The language of a file that is called after its code, as ``sv.json``; raises LanguageInvalid."""
    if not _CODE.fullmatch(path.stem) or path.stem in _SHIPPED:
        raise LanguageInvalid(f"{path.name}: name the file after the code of a language that is not shipped.")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        texts = {name: section for name, section in said.items() if isinstance(section, dict)}
        return Language(
            path.stem, said["name"], said["english_name"], said.get("right_to_left") is True, texts
        )
    except (OSError, UnicodeDecodeError, ValueError) as fault:
        raise LanguageInvalid(f"{path.name} cannot be read: {fault}") from None
    except (KeyError, AttributeError, TypeError):
        raise LanguageInvalid(f'{path.name} has no "name" and "english_name".') from None


def add_language(language: Language) -> None:
    """It is one of ours from now on, as long as the process lives."""
    _added[language.code] = language
    OWN_NAMES[language.code] = language.own_name
    ENGLISH_NAMES[language.code] = language.english_name
    if language.is_right_to_left:
        _RIGHT_TO_LEFT.add(language.code)


def is_shipped(code: str) -> bool:
    """Whether all its texts come with us."""
    return code in _SHIPPED


def added_texts(code: str, section: str) -> Texts:
    """What the file of an added language says in that section; empty where it says nothing."""
    return _added[code].texts.get(section, {}) if code in _added else {}


def has_texts(code: str, section: str) -> bool:
    """Whether the section is there in this language: of ours, or in its file."""
    return code in _SHIPPED or bool(added_texts(code, section))


def check_texts(language: Language, section: str, model: Texts, *, whole: bool = False) -> None:
    """Every text is one that we know, with the same fields; with ``whole``, none is missing once there is one.

    Raises LanguageInvalid, naming the text.
    """
    theirs, ours = _flat(language.texts.get(section, {})), _flat(model)
    for name, text in theirs.items():
        if name not in ours or type(text) is not type(ours[name]):
            raise LanguageInvalid(f"{language.code}.json: there is no text {section}.{name}.")
        if isinstance(text, str) and _fields(text) != _fields(ours[name]):
            wanted = ", ".join(sorted(f"{{{field}}}" for field in _fields(ours[name]))) or "none"
            raise LanguageInvalid(f"{language.code}.json: {section}.{name} has other fields than: {wanted}.")
    missing = [name for name in ours if name not in theirs]
    if whole and theirs and missing:
        raise LanguageInvalid(f"{language.code}.json: {section}.{missing[0]} is missing.")


def laid_over(under: Texts, texts: Texts) -> dict[str, Any]:
    """The texts, and for each that is missing the one beneath."""
    return dict(under) | {
        name: laid_over(under[name], text) if isinstance(text, dict) else text for name, text in texts.items()
    }


def without_second_stop(template: str, values: Mapping[str, object]) -> str:
    """No full stop is left after a field whose value ends in one, as ``{time}.`` with ``2:48 a.m.``."""
    for name, value in values.items():
        if str(value).rstrip("\u2069").endswith("."):
            template = template.replace(f"{{{name}}}.", f"{{{name}}}")
    return template


def _flat(texts: Texts, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, text in texts.items():
        flat |= _flat(text, f"{prefix}{name}.") if isinstance(text, dict) else {prefix + name: text}
    return flat


def _fields(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        # A brace that is never closed: equal to nobody's fields.
        return {text}
