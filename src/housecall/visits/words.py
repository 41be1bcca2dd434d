"""What the clinic can say to whoever waits: whole sentences chosen by key, in the patient's language."""

from typing import Final

from housecall.kit.languages import added_texts
from housecall.visits.errors import WordUnknown

DEFAULT_LANGUAGE: Final = "en"

WAITING_TEXTS: Final[dict[str, dict[str, str]]] = {
    "soon": {
        "en": "You will be let in shortly.",
        "da": "Du bliver lukket ind om et øjeblik.",
        "es": "Le dejaremos entrar en breve.",
        "ar": "سيتم إدخالك بعد قليل.",
    },
    "late": {
        "en": "We are running about 15 minutes late. Thank you for waiting.",
        "da": "Vi er cirka 15 minutter forsinkede. Tak, fordi du venter.",
        "es": "Llevamos unos 15 minutos de retraso. Gracias por esperar.",
        "ar": "نحن متأخرون نحو 15 دقيقة. شكرًا لانتظارك.",
    },
    "stay": {
        "en": "Please stay on this page. We have not forgotten you.",
        "da": "Bliv venligst på denne side. Vi har ikke glemt dig.",
        "es": "Por favor, no cierre esta página. No le hemos olvidado.",
        "ar": "يرجى البقاء في هذه الصفحة. لم ننسك.",
    },
}


def check_key(key: str) -> str:
    """The key, if there is such a text; raises WordUnknown."""
    if key not in WAITING_TEXTS:
        raise WordUnknown
    return key


def say(key: str, language: str | None) -> str:
    """The text in the language, ``es-MX`` counting as ``es``; in English where there is none."""
    code, texts = (language or "").split("-")[0].lower(), WAITING_TEXTS[key]
    return texts.get(code) or added_texts(code, "waiting").get(key) or texts[DEFAULT_LANGUAGE]
