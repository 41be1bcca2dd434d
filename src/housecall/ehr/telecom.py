"""Which number a text may go to and which address a mail may go to, and why not.

A home or work number is never texted. The EHR's own preference for appointment reminders is obeyed.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import phonenumbers

from housecall.ehr.fields import (
    Record,
    extensions,
    has_code,
    is_open,
    number,
    records,
    text,
)

_TOPIC: Final = "http://terminology.hl7.org/CodeSystem/communication-topic"
_CONTACT_SYSTEM: Final = "http://hl7.org/fhir/contact-point-system"
_MAIL: Final = re.compile(r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")
_UNRANKED: Final = 1_000_000
# Numbers that cost the hospital or cannot receive, however a record labels them.
_NOT_TEXTED: Final = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.VOICEMAIL,
        phonenumbers.PhoneNumberType.UAN,
    }
)


@dataclass(frozen=True)
class Reach:
    """An address, or the stable code of why there is none."""

    address: str | None = field(repr=False)
    refusal: str | None


def sms_reach(patient: Record, *, region: str, now: datetime, barred: str | None = None) -> Reach:
    """The number to text in international form; ``barred`` is a reason that stands before all others."""
    if barred or not prefers(patient, "sms"):
        return Reach(None, barred or "opted_out")
    phones = [point for point in _points(patient, now) if _is(point, "phone", "sms") and _is_mobile(point)]
    if not phones:
        return Reach(None, "no_mobile")
    for point in phones:
        if found := international(_written(point), region):
            return Reach(found, None)
    return Reach(None, "invalid_number")


def email_reach(patient: Record, *, now: datetime, barred: str | None = None) -> Reach:
    """The address to mail to."""
    if barred or not prefers(patient, "email"):
        return Reach(None, barred or "opted_out")
    found = email_of(patient, now)
    return Reach(found, None if found else "no_email")


def email_of(person: Record, now: datetime) -> str | None:
    """Anybody's open e-mail address of the lowest rank."""
    written = (text(point.get("value")) for point in _points(person, now) if _is(point, "email"))
    return next((mail for mail in written if mail and _MAIL.match(mail)), None)


def international(written: str, region: str) -> str | None:
    """The number in E.164, an extension number dropped; None for what no phone company gives out."""
    try:
        parsed = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) in _NOT_TEXTED:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def prefers(patient: Record, method: str) -> bool:
    """Whether appointment reminders may come by this method: no preference is on record, or one names it."""
    methods = []
    for preference in extensions(patient, "communication-preference"):
        parts = {
            part.get("url"): part.get("valueCodeableConcept") for part in records(preference.get("extension"))
        }
        kind, by = parts.get("communication-type"), parts.get("contact-method")
        if by is not None and has_code(kind, _TOPIC, "appointment-reminder"):
            methods.append(by)
    return not methods or any(has_code(by, _CONTACT_SYSTEM, method) for by in methods)


def _points(person: Record, now: datetime) -> list[Record]:
    """The open contact points, lowest rank first, in the record's order among equals."""
    usable = [
        point
        for point in records(person.get("telecom"))
        if is_open(point.get("period"), now) and point.get("use") not in ("old", "temp")
    ]
    return sorted(usable, key=_rank)


def _rank(point: Record) -> int:
    rank = number(point.get("rank"))
    return rank if rank and rank > 0 else _UNRANKED


def _is(point: Record, *systems: str) -> bool:
    return point.get("system") in systems


def _is_mobile(point: Record) -> bool:
    return point.get("use") == "mobile" or point.get("system") == "sms"


def _written(point: Record) -> str:
    if value := text(point.get("value")):
        return value
    raw = extensions(point, "iso21090-TEL-address")
    return next(
        (said for found in raw if (said := text(found.get("valueUrl") or found.get("valueString")))), ""
    )
