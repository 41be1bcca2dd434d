"""The languages that patients read us in, and how each is written."""

from typing import Final

# Each in its own language, as its reader looks for it.
OWN_NAMES: Final = {"en": "English", "da": "Dansk", "es": "Español", "ar": "العربية"}
# For staff, who read English.
ENGLISH_NAMES: Final = {"en": "English", "da": "Danish", "es": "Spanish", "ar": "Arabic"}
LANGUAGES: Final = tuple(OWN_NAMES)

_RIGHT_TO_LEFT: Final = frozenset({"ar", "he", "fa", "ur"})


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, as the language is written; any code, also of a language without texts of ours."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
