"""E-mails in four languages, and how they travel: parts, headers, the calendar file."""

import email
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default as readable
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
import pytest_asyncio
from icalendar import Calendar

from housecall.kit.languages import LANGUAGES
from housecall.messaging.calendar import Event
from housecall.messaging.mail import compose
from housecall.messaging.model import CANCELLATIONS, FailReason, MessageKind
from housecall.messaging.providers.base import Letter, OutgoingText, ProviderRefused, ProviderUnavailable
from housecall.messaging.providers.smtp import SmtpProvider, SmtpServer, _written
from housecall.messaging.recipients import Recipient
from housecall.messaging.templates import FIELDS, Wording, catalogue, fields_of, localise_time
from tests.contract.test_text_provider_port import post_office

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
LINK = f"https://video.lakeside-health.example/v/{'a' * 32}"
MAILED = [kind for kind in MessageKind if kind is not MessageKind.help]
SENDER = "visits@lakeside.example"


def a_recipient(language: str = "en", clinic: str = "Lakeside Clinic") -> Recipient:
    return Recipient(
        number="pat@mail.example",
        language=language,
        values={
            "clinic": clinic,
            "time": localise_time(NOW, "America/Chicago", language),
            "link": LINK,
            "phone": "+1 312 555 0100",
        },
        texts_from="",
        event=Event("u-1@video.example", 3, NOW, NOW + timedelta(minutes=20)),
    )


def composed(kind: MessageKind, recipient: Recipient, wording: Wording | None = None) -> tuple[str, Letter]:
    return compose(kind, recipient, wording=wording, sender=SENDER, now=NOW)


class Reading(HTMLParser):
    """What a reader of the HTML gets: the root's attributes, links with their words, headings, all words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.links: list[str | None] = []
        self.headings = 0
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.root = dict(attrs)
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        self.headings += tag == "h1"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MAILED)
def test_an_e_mail_says_the_same_plain_and_in_html_in_the_readers_direction(
    kind: MessageKind, language: str
) -> None:
    plain, letter = composed(kind, a_recipient(language))

    read = Reading(letter.html)
    assert read.root == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
    assert read.headings == 1
    assert "{" not in plain + letter.subject + " ".join(read.words)
    assert (LINK in plain) == (set(read.links) == {LINK}) == (kind not in CANCELLATIONS)
    shown = " ".join(" ".join(read.words).split())
    assert all(one in shown for one in plain.split("\n\n")[:-2] if one != LINK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_beside_the_button_stands_the_address_to_copy_and_nothing_of_ours(language: str) -> None:
    """A template once printed a method of Python's own instead of the sentence."""
    _, letter = composed(MessageKind.link, a_recipient(language))

    words = catalogue(language)["letter"]
    shown = " ".join(" ".join(Reading(letter.html).words).split())
    assert f"{words['join']} {words['copy']} {LINK}" in shown
    assert "object at 0x" not in letter.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_e_mail_with_the_same_fields(language: str) -> None:
    mails, english = catalogue(language)["mails"], catalogue("en")["mails"]

    assert set(mails) == {kind.value for kind in MAILED}
    for kind, said in mails.items():
        for part in ("subject", "body"):
            assert fields_of(said[part]) == fields_of(english[kind][part])
            assert fields_of(said[part]) <= FIELDS


def test_only_what_changes_a_calendar_brings_a_calendar_file() -> None:
    with_file = {kind: composed(kind, a_recipient())[1].calendar for kind in MAILED}

    methods = {kind.value: file.method for kind, file in with_file.items() if file}
    assert methods == {
        "confirmation": "REQUEST", "changed": "REQUEST", "cancelled": "CANCEL",
        "invitation": "REQUEST", "invitation_changed": "REQUEST", "invitation_cancelled": "CANCEL",
    }  # fmt: skip


def test_what_an_organisation_or_its_name_brings_is_text_and_never_markup() -> None:
    evil = '<script>alert("1")</script> & Søn'

    _, letter = composed(
        MessageKind.link, a_recipient(clinic=evil), Wording("{clinic} <b>\n\n{link}", "Hi {clinic}")
    )

    assert "<script>" not in letter.html
    assert "<b>" not in letter.html
    assert evil in "".join(Reading(letter.html).words)


def test_a_link_within_words_is_an_anchor_and_alone_a_button() -> None:
    _, letter = composed(MessageKind.link, a_recipient(), Wording("Here {link} it is.\n\n{link}", "Hello"))

    assert f'Here <a href="{LINK}">{LINK}</a> it is.' in letter.html
    assert catalogue("en")["letter"]["join"] in letter.html


def parsed(text: OutgoingText) -> EmailMessage:
    content = _written(text, sender=SENDER, message_id="<m-1@lakeside.example>")
    assert not re.search(rb"(?<!\r)\n", content)
    return email.message_from_bytes(content, policy=readable)


def an_outgoing(kind: MessageKind = MessageKind.confirmation, **other: object) -> OutgoingText:
    plain, letter = composed(kind, a_recipient(clinic="Sundhedshuset Ærø"))
    return OutgoingText("m-1", SENDER, "pat@mail.example", plain, replace(letter, **other))  # type: ignore[arg-type]


def test_on_the_wire_it_is_plain_words_then_html_then_the_calendar_twice() -> None:
    message = parsed(an_outgoing())

    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    alternatives = next(part for part in message.walk() if part.get_content_type() == "multipart/alternative")
    assert [part.get_content_type() for part in alternatives.iter_parts()] == kinds[:3]
    drawn = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    assert drawn.get_param("method") == "REQUEST"
    file = next(part for part in message.walk() if part.get_content_type() == "application/ics")
    assert file.get_filename() == "visit.ics"
    assert len(Calendar.from_ical(file.get_content()).walk("VEVENT")) == 1


def test_nobody_is_named_and_the_sender_is_the_clinic() -> None:
    message = parsed(an_outgoing())

    assert message["To"] == "pat@mail.example"
    assert message["From"].addresses[0].display_name == "Sundhedshuset Ærø"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("evil", ["Hello\r\nBcc: a@b.example", "Hello\nX: 1", "Hello\rX: 1"])
@pytest.mark.parametrize("where", ["subject", "sender_name"])
def test_no_header_can_be_slipped_in(where: str, evil: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline|CR|LF|invalid"):
        parsed(an_outgoing(**{where: evil}))


def test_a_subject_in_two_lines_becomes_one_before_it_is_a_header() -> None:
    _, letter = composed(
        MessageKind.link, a_recipient(clinic="A\r\nBcc: x@y.example"), Wording("{link}", "{clinic}")
    )

    assert letter.subject == "A Bcc: x@y.example"


@pytest_asyncio.fixture(loop_scope="session")
async def office() -> AsyncIterator[SimpleNamespace]:
    async with post_office() as there:
        yield SimpleNamespace(provider=there.provider, house=there._house)


async def test_the_mailbox_gets_every_part(office: SimpleNamespace) -> None:
    sent = await office.provider.send(an_outgoing())

    (mail,) = office.house.world.record.mails
    assert mail.message_id == sent.provider_id == "<m-1@clinic.example>"
    assert mail.subject.startswith("Your video visit: ")
    assert LINK in mail.body
    assert LINK in mail.html
    assert "METHOD:REQUEST" in mail.calendar


NO_ADDRESSES = """
pat
pat@mail
a b@mail.example
<a@b.example>
a@b.example,c@d.example
pét@mail.example
a@-b.example
"""


@pytest.mark.parametrize("to", ["a@b.example\r\nRCPT TO:<x@y.example>", *NO_ADDRESSES.split("\n")])
async def test_what_is_no_address_is_refused_before_anybody_is_asked(
    office: SimpleNamespace, to: str
) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        await office.provider.send(replace(an_outgoing(), to=to))

    assert refusal.value.reason is FailReason.invalid_number
    assert office.house.world.record.mails == []


@pytest.mark.parametrize(
    ("to", "reason"),
    [("nobody@mail.example", FailReason.unknown_number), ("spam.1@mail.example", FailReason.spam_detected)],
)
async def test_a_refusal_is_told_apart(office: SimpleNamespace, to: str, reason: FailReason) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        await office.provider.send(replace(an_outgoing(), to=to))

    assert refusal.value.reason is reason


@pytest.mark.parametrize("to", ["full@mail.example", "later@mail.example"])
async def test_a_no_for_now_is_tried_again(office: SimpleNamespace, to: str) -> None:
    with pytest.raises(ProviderUnavailable) as fault:
        await office.provider.send(replace(an_outgoing(), to=to))

    assert not fault.value.is_fate_unknown


async def test_a_server_that_is_down_or_not_there_has_taken_nothing(office: SimpleNamespace) -> None:
    office.house.switches.turn({"mail": "down"})
    nowhere = SmtpProvider(SmtpServer("/tmp/no-such-socket", security="none"), sender=SENDER)

    for provider in (office.provider, nowhere):
        with pytest.raises(ProviderUnavailable) as fault:
            await provider.send(an_outgoing())
        assert not fault.value.is_fate_unknown
    assert office.house.world.record.mails == []


async def test_nothing_is_sent_in_the_clear_where_tls_was_asked_for(office: SimpleNamespace) -> None:
    path = office.provider._server.host
    careful = SmtpProvider(SmtpServer(path, security="starttls"), sender=SENDER)

    with pytest.raises(ProviderUnavailable) as fault:
        await careful.send(an_outgoing())

    assert not fault.value.is_fate_unknown
    assert office.house.world.record.mails == []
