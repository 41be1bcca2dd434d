"""An e-mail about a visit: the same words plain and in HTML, in the reader's language and direction."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from housecall.kit.languages import direction
from housecall.messaging.calendar import Wording as EventWording
from housecall.messaging.calendar import calendar_file
from housecall.messaging.model import CANCELLATIONS, TO_GUESTS, Channel, MessageKind
from housecall.messaging.providers.base import CalendarFile, Letter
from housecall.messaging.recipients import Recipient
from housecall.messaging.templates import Wording, catalogue, fill, pick_language, shipped

# Kinds that change what stands in a calendar; a reminder or a link by hand says nothing new to one.
_IN_CALENDAR: Final = TO_GUESTS | {MessageKind.confirmation, MessageKind.changed, MessageKind.cancelled}

_LINE_BREAKS: Final = re.compile(r"\n\s*\n")
_environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def compose(
    kind: MessageKind, recipient: Recipient, *, wording: Wording | None, sender: str, now: datetime
) -> tuple[str, Letter]:
    """The plain words of the e-mail, and its letter; raises TemplateInvalid when a value is missing."""
    language = pick_language(recipient.language)
    wording = wording or shipped(kind, Channel.email, language)
    subject = fill(wording.subject, recipient.values)
    paragraphs = paragraphs_of(wording, recipient.values)
    foot = foot_of(kind, language, recipient.values)
    letter = Letter(
        sender_name=fill("{clinic}", recipient.values),
        subject=subject,
        html=_html(language, subject, paragraphs, foot, recipient),
        calendar=_calendar(kind, recipient, language, sender=sender, now=now),
    )
    return "\n\n".join([*paragraphs, *foot]) + "\n", letter


def paragraphs_of(wording: Wording, values: Mapping[str, str]) -> list[str]:
    """The filled paragraphs of the body, whitespace within each made one space."""
    parts = _LINE_BREAKS.split(wording.body.strip())
    return [filled for part in parts if (filled := fill(part, values))]


def foot_of(kind: MessageKind, language: str, values: Mapping[str, str]) -> list[str]:
    """Why the reader gets this, and whom to call."""
    why = "why_invited" if kind in TO_GUESTS else "why"
    parts = [fill(catalogue(language)["letter"][why], values)]
    if values.get("phone"):
        parts.append(fill(catalogue(language)["texts"]["call"], values))
    return parts


def _html(language: str, subject: str, paragraphs: list[str], foot: list[str], recipient: Recipient) -> str:
    link = recipient.values.get("link", "")
    html: str = _template().render(
        language=language,
        direction=direction(language),
        subject=subject,
        paragraphs=[_Paragraph(one, link) for one in paragraphs],
        link=link,
        foot=foot,
        words=catalogue(language)["letter"],
    )
    return html


class _Paragraph:
    """One paragraph: the link alone is drawn as a button, within words it is an anchor."""

    def __init__(self, text: str, link: str) -> None:
        self.is_button = bool(link) and text == link
        self.html = _with_anchor(text, link)


def _with_anchor(text: str, link: str) -> Markup:
    if not link:
        return escape(text)
    anchor = Markup('<a href="{0}">{0}</a>').format(link)
    return anchor.join(escape(part) for part in text.split(link))


def _calendar(
    kind: MessageKind, recipient: Recipient, language: str, *, sender: str, now: datetime
) -> CalendarFile | None:
    if kind not in _IN_CALENDAR or recipient.event is None:
        return None
    is_cancelled = kind in CANCELLATIONS
    words, values = catalogue(language)["letter"], recipient.values
    said = EventWording(
        title=fill(words["title"], values),
        description="" if is_cancelled else fill(words["description"], values),
        link="" if is_cancelled else values["link"],
        organizer=sender,
        organizer_name=values["clinic"],
        attendee=recipient.number,
    )
    return calendar_file(recipient.event, said, is_cancelled=is_cancelled, now=now)


@cache
def _template() -> Template:
    source = files("housecall.messaging").joinpath("mail.html").read_text(encoding="utf-8")
    return _environment.from_string(source)
