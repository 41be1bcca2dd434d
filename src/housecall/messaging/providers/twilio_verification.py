"""What the carriers say of a Twilio number's sender: a form of its own when toll-free, else a campaign's.

A long code is known to the carriers when it is in the pool of a messaging service whose campaign they approved, and
a campaign belongs to a brand. Source: Twilio, A2P 10DLC and toll-free verification resources.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from housecall.messaging.number_model import NumberFault, NumberKind, Verification
from housecall.messaging.number_model import VerificationFault as Fault
from housecall.messaging.providers.numbers import NumberRefused, Verified
from housecall.messaging.providers.verdicts import read_fault, read_faults

log = logging.getLogger(__name__)

Ask = Callable[[Any], Awaitable[Any]]

TOLL_FREE: Final = {
    "PENDING_REVIEW": Verification.pending,
    "IN_REVIEW": Verification.pending,
    "TWILIO_APPROVED": Verification.approved,
    "TWILIO_REJECTED": Verification.rejected,
}
CAMPAIGNS: Final = {
    "PENDING": Verification.pending,
    "IN_PROGRESS": Verification.pending,
    "VERIFIED": Verification.approved,
    "FAILED": Verification.rejected,
    "SUSPENDED": Verification.rejected,
}
# An approved brand is no campaign yet.
BRANDS: Final = {
    "PENDING": Verification.pending,
    "IN_REVIEW": Verification.pending,
    "APPROVED": Verification.needed,
    "FAILED": Verification.rejected,
    "SUSPENDED": Verification.rejected,
    "DELETION_PENDING": Verification.needed,
    "DELETION_FAILED": Verification.needed,
}

# A hospital has one or two messaging services; each is a request.
_MOST: Final = 20


async def verification_of(rest: Any, ask: Ask, provider_ref: str, kind: NumberKind) -> Verified:
    """What the carriers say; raises what ``ask`` raises."""
    if kind is NumberKind.toll_free:
        return await _toll_free(rest, ask, provider_ref)
    services = await ask(rest.messaging.v1.services.list_async(limit=_MOST))
    for service in services:
        if await _holds(rest, ask, str(service.sid), provider_ref):
            return await _campaign(rest, ask, str(service.sid))
    if any(service.us_app_to_person_registered for service in services):
        return Verified(Verification.needed, (Fault.number_not_in_campaign,))
    return await _brand(rest, ask)


async def _toll_free(rest: Any, ask: Ask, provider_ref: str) -> Verified:
    forms = await ask(
        rest.messaging.v1.tollfree_verifications.list_async(tollfree_phone_number_sid=provider_ref, limit=1)
    )
    if not forms:
        return Verified(Verification.needed)
    state = _state(TOLL_FREE, forms[0].status)
    if state is not Verification.rejected:
        return Verified(state)
    faults = read_faults(forms[0].rejection_reasons)
    # Forms of before 2024 have one reason, and no list of them.
    faults = faults or (read_fault(forms[0].error_code, str(forms[0].rejection_reason or "")),)
    return Verified(state, faults)


async def _holds(rest: Any, ask: Ask, service_sid: str, provider_ref: str) -> bool:
    try:
        await ask(rest.messaging.v1.services(service_sid).phone_numbers(provider_ref).fetch_async())
    except NumberRefused as refusal:
        if refusal.fault is not NumberFault.no_number_available:
            raise
        return False
    return True


async def _campaign(rest: Any, ask: Ask, service_sid: str) -> Verified:
    campaigns = await ask(rest.messaging.v1.services(service_sid).us_app_to_person.list_async(limit=_MOST))
    if not campaigns:
        return await _brand(rest, ask)
    # One that was approved carries the number, whatever others were tried.
    newest = next((one for one in campaigns if one.campaign_status == "VERIFIED"), campaigns[0])
    state = _state(CAMPAIGNS, newest.campaign_status)
    if state is not Verification.rejected:
        return Verified(state)
    found = read_faults(newest.errors)
    suspended = (Fault.suspended,) if newest.campaign_status == "SUSPENDED" else ()
    return Verified(state, found or suspended or (read_fault(None, ""),))


async def _brand(rest: Any, ask: Ask) -> Verified:
    brands = await ask(rest.messaging.v1.brand_registrations.list_async(limit=_MOST))
    if not brands:
        return Verified(Verification.needed)
    best = next((one for one in brands if one.status == "APPROVED"), brands[0])
    state = _state(BRANDS, best.status)
    match state:
        case Verification.rejected:
            found = read_faults(best.errors)
            suspended = (Fault.suspended,) if best.status == "SUSPENDED" else ()
            return Verified(state, found or suspended or (read_fault(None, str(best.failure_reason or "")),))
        case Verification.needed:
            return Verified(state, (Fault.campaign_missing,))
        case _:
            return Verified(state)


def _state(table: dict[str, Verification], word: object) -> Verification:
    state = table.get(str(word))
    if state is None:
        log.error("Twilio used a word for a verification that is not in our table.")
        return Verification.unknown
    return state
