"""What reviewers write when they reject a number's sender, in our words: by code, else by what is said.

Source: Twilio's error and warning dictionary (toll-free verification 304xx, 305xx and 308xx; A2P campaigns 308xx and
309xx; brands 307xx). Azure Communication Services gives no codes: a reviewer's note is read for the same words.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from housecall.messaging.number_model import VerificationFault as Fault

log = logging.getLogger(__name__)

CODES: Final = {
    **dict.fromkeys((30436, 30879), Fault.number_not_in_service),
    30437: Fault.time_expired,
    30451: Fault.address_invalid,
    **dict.fromkeys((30460, 30464, 30466, 30863, 30866, 30867, 30883, 30885, 30897), Fault.content_forbidden),
    30481: Fault.withdrawn,
    **dict.fromkeys((30482, 30483), Fault.contact_unfit),
    **dict.fromkeys((30484, 30485, 30487, 30488, 30527, 30729, 30799), Fault.business_not_found),
    **dict.fromkeys(
        (30511, 30513, 30831, 30836, 30837, 30841, 30842, 30896, 30909, 30913, 30917, 30923, 30924, 30925, 30931),
        Fault.consent_unclear,
    ),
    30702: Fault.campaign_missing,
    **dict.fromkeys((30790, 30792), Fault.provider_fault),
    **dict.fromkeys((30825, 30908, 30932), Fault.policy_unfit),
    **dict.fromkeys((30886, 30900), Fault.description_unfit),
    30891: Fault.website_unfit,
    **dict.fromkeys((30889, 30892, 30893), Fault.samples_unfit),
    **dict.fromkeys((30899, 30902), Fault.carrier_refused),
}  # fmt: skip

# Read in this order: a sentence on the opt-in page's address is about the consent, not about the website.
PHRASES: Final = (
    (Fault.withdrawn, ("cancellation", "cancelled", "canceled")),
    (Fault.time_expired, ("edit time expired",)),
    (Fault.content_forbidden, ("disallowed", "prohibited", "forbidden", "high risk", "fraud", "shaft")),
    (Fault.consent_unclear, ("opt-in", "opt in", "optin", "consent", "call to action", "message flow")),
    (Fault.policy_unfit, ("privacy", "terms and conditions", "terms of service", "age gate")),
    (Fault.website_unfit, ("website", "web site", "url")),
    (Fault.address_invalid, ("address invalid", "invalid address", "postal code", "zip code", "street")),
    (Fault.contact_unfit, ("contact", "email", "e-mail")),
    (
        Fault.business_not_found,
        ("business name", "company name", "legal name", "registration", "tax id", "ein", "dba", "business"),
    ),
    (Fault.samples_unfit, ("sample",)),
    (Fault.description_unfit, ("use case", "use-case", "description", "volume")),
    (Fault.carrier_refused, ("carrier", "dca2", "third party")),
)


def read_fault(code: object, said: str) -> Fault:
    """Our fault for a reviewer's code, else for what is said; one that neither tells is logged and ``other``."""
    number = _number(code)
    if number in CODES:
        return CODES[number]
    words = f" {' '.join(said.lower().split())} "
    for fault, phrases in PHRASES:
        if any(phrase in words if len(phrase) > 4 else f" {phrase} " in words for phrase in phrases):
            return fault
    log.error("A carrier's check was refused for a reason that is not in our table.", extra={"code": number})
    return Fault.other


def read_faults(errors: object) -> tuple[Fault, ...]:
    """Each fault once, of a list as Twilio gives it: entries with a code and a description."""
    entries = errors if isinstance(errors, list) else []
    return _once(_read(entry) for entry in entries if isinstance(entry, Mapping))


def read_notes(notes: object) -> tuple[Fault, ...]:
    """Each fault once, of reviewers' notes as Azure gives them; ``other`` where there is none."""
    entries = notes if isinstance(notes, list) else []
    said = [str(entry.get("message") or "") for entry in entries if isinstance(entry, Mapping)]
    return _once(read_fault(None, one) for one in said or [""])


def _read(entry: Mapping[str, Any]) -> Fault:
    code = entry.get("error_code") or entry.get("code")
    said = (entry.get(name) for name in ("description", "reason", "error_message", "message"))
    return read_fault(code, next((str(one) for one in said if one), ""))


def _once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(faults))


def _number(code: object) -> int:
    return int(code) if isinstance(code, int | str) and str(code).isdecimal() and len(str(code)) < 7 else 0
