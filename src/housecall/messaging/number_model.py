"""Values and states of a phone number that texts leave from: words and pure rules, no input or output."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from housecall.messaging.errors import IllegalNumberMove


class NumberState(StrEnum):
    """How far a number has come."""

    requested = "requested"
    provisioning = "provisioning"
    active = "active"
    failed = "failed"
    released = "released"


class NumberKind(StrEnum):
    """What sort of number it is; carriers set pace and paperwork by it."""

    toll_free = "toll_free"
    local = "local"
    mobile = "mobile"


class NumberOrigin(StrEnum):
    """How the organisation came by the number."""

    bought = "bought"
    brought = "brought"


class NumberFault(StrEnum):
    """Why a number could not be had."""

    no_number_available = "no_number_available"
    refused = "refused"
    not_allowed = "not_allowed"
    no_provider = "no_provider"
    unclear = "unclear"
    took_too_long = "took_too_long"
    code_expired = "code_expired"
    other = "other"


class Verification(StrEnum):
    """Whether the carriers know who sends from the number."""

    not_needed = "not_needed"
    needed = "needed"
    pending = "pending"
    approved = "approved"
    rejected = "rejected"
    unknown = "unknown"


class VerificationFault(StrEnum):
    """What the carriers find wrong with what was told of a number's sender; each has one thing to do."""

    business_not_found = "business_not_found"
    address_invalid = "address_invalid"
    contact_unfit = "contact_unfit"
    website_unfit = "website_unfit"
    consent_unclear = "consent_unclear"
    policy_unfit = "policy_unfit"
    samples_unfit = "samples_unfit"
    description_unfit = "description_unfit"
    content_forbidden = "content_forbidden"
    number_not_in_service = "number_not_in_service"
    number_not_in_campaign = "number_not_in_campaign"
    campaign_missing = "campaign_missing"
    withdrawn = "withdrawn"
    time_expired = "time_expired"
    suspended = "suspended"
    carrier_refused = "carrier_refused"
    provider_fault = "provider_fault"
    other = "other"


# With these the carriers let texts through.
LET_THROUGH: Final = frozenset({Verification.not_needed, Verification.approved})

# The provider's own limit is two minutes; whoever waits is told within it.
PATIENCE: Final = timedelta(minutes=2)

_S = NumberState

# ``retry`` keeps what was chosen and paid for, so that the next try finds it instead of buying again.
# ``dismiss``: a number that could not be had is taken off the page.
MOVES: Final = {
    (_S.requested, "begin"): _S.provisioning,
    (_S.requested, "fail"): _S.failed,
    (_S.provisioning, "activate"): _S.active,
    (_S.provisioning, "fail"): _S.failed,
    (_S.failed, "retry"): _S.requested,
    (_S.failed, "dismiss"): _S.released,
    (_S.active, "release"): _S.released,
}

# Segments a minute: what carriers let through from a number that asked for nothing more. An HTTP gateway's own
# numbers have no pace of ours: it says 429.
# Source: Twilio's and Azure Communication Services' published limits (toll-free 3 a second and 200 a minute,
# a long code 1 a second).
PACES: Final = {
    ("twilio", NumberKind.toll_free): 180,
    ("twilio", NumberKind.local): 60,
    ("twilio", NumberKind.mobile): 60,
    ("azure", NumberKind.toll_free): 200,
    ("azure", NumberKind.local): 60,
    ("azure", NumberKind.mobile): 60,
}


def move(state: NumberState, verb: str) -> NumberState:
    """The state after ``verb``; raises IllegalNumberMove naming both."""
    try:
        return MOVES[state, verb]
    except KeyError:
        raise IllegalNumberMove(f"A number that is {state} cannot {verb}.") from None


def verification_at_first(kind: NumberKind, country: str) -> Verification:
    """What a new number needs before carriers let its texts through: in the United States and Canada, a form."""
    if country in ("US", "CA") and kind in (NumberKind.toll_free, NumberKind.local):
        return Verification.needed
    return Verification.not_needed
