"""A message as it would look: for previews, and for a test that somebody sends to themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from housecall.messaging.editing import Which
from housecall.messaging.mail import foot_of, paragraphs_of
from housecall.messaging.model import Channel
from housecall.messaging.segments import Segments, segments
from housecall.messaging.templates import Wording, catalogue, fill, localise_time, render

# As long as a real one, and plainly none.
_TOKEN: Final = "sample-link-that-opens-no-visit0"  # noqa: S105 - opens nothing
_QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Clinic:
    """What a sample needs to know of the organisation: its name and number, a time zone, our public address."""

    name: str
    phone: str
    time_zone: str
    public_url: str


@dataclass(frozen=True)
class Preview:
    """A message filled in: a text with its segments, or an e-mail's subject, paragraphs and foot."""

    text: str = ""
    counted: Segments | None = None
    subject: str = ""
    paragraphs: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    link: str = ""
    join: str = ""


def sample_time(now: datetime) -> datetime:
    """When a sample visit begins: tomorrow, at a quarter of an hour."""
    tomorrow = now + timedelta(days=1)
    return tomorrow - (tomorrow - tomorrow.replace(minute=0, second=0, microsecond=0)) % _QUARTER


def sample_values(clinic: Clinic, language: str, now: datetime) -> Mapping[str, str]:
    """Values for every field."""
    return {
        "clinic": clinic.name,
        "place": clinic.name,
        "phone": clinic.phone,
        "time": localise_time(sample_time(now), clinic.time_zone, language),
        "link": f"{clinic.public_url}/v/{_TOKEN}",
    }


def preview(which: Which, wording: Wording, clinic: Clinic, now: datetime) -> Preview:
    """The message as a patient would get it; raises TemplateInvalid for one that cannot be filled in."""
    values = sample_values(clinic, which.language, now)
    if which.channel is Channel.sms:
        text = render(which.kind, which.language, values, wording=wording)
        return Preview(text=text, counted=segments(text))
    return Preview(
        subject=fill(wording.subject, values),
        paragraphs=tuple(paragraphs_of(wording, values)),
        foot=tuple(foot_of(which.kind, which.language, values)),
        link=values["link"],
        join=catalogue(which.language)["letter"]["join"],
    )
