"""What texts say, in four languages: fields, times as people there say them, and how many segments."""

from datetime import UTC, datetime, timedelta

import pytest

from housecall.kit.languages import LANGUAGES
from housecall.messaging.errors import TemplateInvalid
from housecall.messaging.model import MessageKind
from housecall.messaging.segments import Encoding, segments
from housecall.messaging.templates import (
    FIELDS,
    catalogue,
    fields_of,
    localise_time,
    pick_language,
    render,
)

NOW = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
ZONES = {"en": "America/Chicago", "da": "Europe/Copenhagen", "es": "America/Los_Angeles", "ar": "Asia/Riyadh"}
# As long as links become: a public address and a token of 32 signs.
LINK = f"https://video.lakeside-health.example/v/{'a' * 32}"
WITH_LINK = {
    MessageKind.confirmation,
    MessageKind.reminder,
    MessageKind.changed,
    MessageKind.link,
    MessageKind.ready,
    MessageKind.invitation,
    MessageKind.invitation_changed,
}


def values(language: str, clinic: str = "Lakeside Clinic") -> dict[str, str]:
    return {
        "clinic": clinic,
        "time": localise_time(NOW, ZONES[language], language),
        "link": LINK,
        "phone": "+1 312 555 0100",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_kind(language: str) -> None:
    assert set(catalogue(language)["texts"]) == {*(kind.value for kind in MessageKind), "call"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_ask_for_allowed_fields_only_and_the_same_in_each_language(language: str) -> None:
    for kind, template in catalogue(language)["texts"].items():
        assert fields_of(template) <= FIELDS
        assert fields_of(template) == fields_of(catalogue("en")["texts"][kind])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_text_is_written_whole(kind: MessageKind, language: str) -> None:
    text = render(kind, language, values(language))

    assert text.startswith("Lakeside Clinic: ")
    assert (LINK in text) == (kind in WITH_LINK)
    assert "{" not in text
    assert "\n" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_text_says_how_to_stop(language: str) -> None:
    assert "STOP" in render(MessageKind.confirmation, language, values(language))


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Test early"), ("da", "Test i god tid"), ("es", "antes la prueba"), ("ar", "مبكراً")],
)
def test_the_confirmation_asks_to_test_early(language: str, words: str) -> None:
    assert words in render(MessageKind.confirmation, language, values(language))


# Two segments, three in Arabic: a reply word, a clinic of usual length and a long link fit.
@pytest.mark.parametrize(("language", "most"), [("en", 2), ("da", 2), ("es", 2), ("ar", 3)])
@pytest.mark.parametrize("kind", list(MessageKind))
def test_a_text_takes_few_segments(kind: MessageKind, language: str, most: int) -> None:
    counted = segments(render(kind, language, values(language)))

    assert counted.encoding is (Encoding.ucs2 if language == "ar" else Encoding.gsm7)
    assert counted.count <= most


@pytest.mark.parametrize("language", ["en", "da", "es"])
def test_a_ready_text_and_a_cancellation_take_one_segment(language: str) -> None:
    for kind in (MessageKind.ready, MessageKind.link, MessageKind.cancelled):
        assert segments(render(kind, language, values(language))).count == 1


def test_a_long_name_of_a_clinic_is_cut_so_that_the_link_stays_in_two_segments() -> None:
    text = render(MessageKind.reminder, "en", values("en", clinic="Department of " + "Everything " * 20))

    assert LINK in text
    assert segments(text).count <= 2


def test_a_name_cannot_bring_lines_or_fields_of_its_own() -> None:
    text = render(MessageKind.link, "en", values("en", clinic="Lake\n\n{link}  side"))

    assert text.startswith("Lake {link} side: ")
    assert text.count(LINK) == 1


@pytest.mark.parametrize("kind", [MessageKind.cancelled, MessageKind.help])
@pytest.mark.parametrize("language", LANGUAGES)
def test_whom_to_call_is_said_when_the_clinic_gave_a_number(language: str, kind: MessageKind) -> None:
    with_phone = render(kind, language, values(language))
    without = render(kind, language, values(language) | {"phone": ""})

    assert with_phone.startswith(without)
    assert "+1 312 555 0100" in with_phone
    assert "+1 312 555 0100" not in without


def test_a_text_without_its_link_is_not_written() -> None:
    with pytest.raises(TemplateInvalid, match="link"):
        render(MessageKind.reminder, "en", {"clinic": "Lakeside", "time": "9:15"})


@pytest.mark.parametrize(
    ("wanted", "fallback", "found"),
    [
        ("da-DK", "en", "da"),
        ("es_MX", "en", "es"),
        ("AR", "en", "ar"),
        ("fr", "da", "da"),
        ("fr", "fr", "en"),
        ("", "es", "es"),
        (None, "en", "en"),
    ],
)
def test_a_language_we_do_not_speak_falls_back(wanted: str | None, fallback: str, found: str) -> None:
    assert pick_language(wanted, fallback=fallback) == found


@pytest.mark.parametrize(
    ("zone", "language", "said"),
    [
        ("America/Chicago", "en", "Tue, Nov 24, 2:30 PM CST"),
        ("Europe/London", "en", "Tue 24 Nov, 20:30 GMT"),
        ("Europe/Copenhagen", "da", "tirs. 24. nov. 21:30 CET"),
        ("America/Los_Angeles", "es", "mar, 24 de nov, 12:30 p.m. PST"),
        ("Europe/Madrid", "es", "mar, 24 nov, 21:30 CET"),
        ("Asia/Kathmandu", "en", "Wed 25 Nov, 02:15 GMT+5:45"),
        ("America/Sao_Paulo", "en", "Tue, Nov 24, 5:30 PM GMT-3"),
    ],
)
def test_a_time_is_said_as_people_there_say_it(zone: str, language: str, said: str) -> None:
    assert localise_time(NOW, zone, language) == said


def test_a_time_in_arabic_names_day_hour_and_zone() -> None:
    said = localise_time(NOW, "Asia/Riyadh", "ar")

    assert "11:30" in said
    assert "GMT+3" in said
    assert "الثلاثاء" in said


def test_the_hour_that_comes_twice_in_autumn_is_told_apart() -> None:
    first = localise_time(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Copenhagen", "da")
    second = localise_time(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Copenhagen", "da")

    assert "02:30 CEST" in first
    assert "02:30 CET" in second


@pytest.mark.parametrize("language", ["en", "da", "es"])
def test_times_stay_in_the_cheap_alphabet(language: str) -> None:
    """All but a Spanish Saturday: its á is not in the alphabet, and written without it would be wrong."""
    said = [localise_time(NOW + timedelta(days=n), ZONES[language], language) for n in range(365)]

    dear = {text.split(",")[0] for text in said if segments(text).encoding is not Encoding.gsm7}

    assert dear == ({"sáb"} if language == "es" else set())


def test_a_spanish_saturday_takes_four_segments_at_most() -> None:
    saturday = localise_time(datetime(2026, 11, 28, 20, 30, tzinfo=UTC), ZONES["es"], "es")

    text = render(MessageKind.confirmation, "es", values("es") | {"time": saturday})

    assert segments(text).count <= 4
